/** The door's screen: what it shows, and nothing about when. */
import { formatDay, formatTime, t, tn } from "./strings.js";

/** @typedef {import("./door_api.js").Session} Session */
/** @typedef {import("./door_words.js").Words} Words */

/** @param {string} id @returns {any} */
export const part = (id) => document.getElementById(id);

/** @type {Record<string, () => string>} */
const ROLES = {
  participant: () => t("You come as a participant."),
  facilitator: () => t("You come as a facilitator."),
  observer: () => t("You come as an observer: you see the stage and the clock, and nothing else."),
};

/** @param {Session} session */
function time(session) {
  const at = { day: formatDay(session.starts_at), time: formatTime(session.starts_at) };
  if (session.stage !== "lobby") return t("It has begun, {day}, {time}. You can still come in.", at);
  return t("It starts {day}, {time}.", at);
}

/** @param {Session} session */
function notice(session) {
  if (session.full && session.role === "participant") {
    return t("All places are taken at the moment. If you had a place, it is kept: come in again.");
  }
  if (session.now < session.opens_at && session.role !== "facilitator") {
    return t("The doors open at {time}. You can read this now; later you only have to enter.", {
      time: formatTime(session.opens_at),
    });
  }
  return "";
}

/** @param {Session} session */
function observers(session) {
  if (session.observers > 0) {
    return tn(
      "Today {n} observer can see the stage and the clock, and nothing else.",
      "Today {n} observers can see the stage and the clock, and nothing else.",
      session.observers,
    );
  }
  if (!session.observers_allowed) return "";
  return t("Observers may come. They can see the stage and the clock, and nothing else. You always see how many there are.");
}

/** @param {Session} session */
export function showSession(session) {
  part("door-loading").hidden = true;
  part("door-problem").hidden = true;
  part("session-title").textContent = session.title;
  part("session-time").textContent = time(session);
  part("session-role").textContent = ROLES[session.role]?.() ?? "";
  part("session-knock").hidden = session.doors !== "knock" || session.role !== "participant";
  put("session-notice", notice(session));
  put("observers-note", observers(session));
  part("name-field").hidden = session.role === "observer";
  if (session.role === "observer") part("name-title").textContent = t("You need no name today");
  part("door-session").hidden = false;
  part("door-form").hidden = false;
}

/** @param {Words} words */
export function showProblem(words) {
  part("door-loading").hidden = true;
  part("door-session").hidden = true;
  part("door-form").hidden = true;
  part("problem-title").textContent = words.title;
  part("problem-advice").textContent = words.advice;
  part("problem-again").hidden = !words.again;
  part("door-problem").hidden = false;
  part("problem-title").focus();
}

/** @param {"consent" | "name"} step */
export function showStep(step) {
  part("step-consent").hidden = step !== "consent";
  part("step-name").hidden = step !== "name";
  part(`${step}-title`).focus();
  part(`${step}-title`).scrollIntoView({ block: "start" });
}

/** Shows a text in its place, or hides the place. @param {string} id @param {string} words */
export function put(id, words) {
  part(id).textContent = words;
  part(id).hidden = !words;
}
