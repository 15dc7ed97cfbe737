/**
 * The door: consent first, then a name, then in.
 *
 * A person with a good link who is only early is let in by this page when the doors open; every
 * other refusal says what can be done.
 */
import { enter, lookAt } from "./door_api.js";
import { browserMark, isGiven, takeLink } from "./door_link.js";
import { part, put, showProblem, showSession, showStep } from "./door_view.js";
import { AWAY, wordsFor } from "./door_words.js";
import { formatDay, formatTime, t } from "./strings.js";

/** @typedef {import("./door_api.js").Problem} Problem */

const door = part("door");
const link = remembered();
const LONGEST_TIMER_MS = 2 ** 31 - 1; // a longer one fires at once
const AGAIN_MS = 5_000; // after the network, or the server, was away
const SPREAD_MS = 1500; // thirty-five people need not knock in the same instant

/** @type {import("./door_api.js").Session | undefined} */
let session;
let clockOffset = 0; // the server's clock minus ours
/** @type {number | undefined} */
let waiting;
let busy = false;

/** @returns {string | null} null when this browser lets no page remember anything */
function remembered() {
  try {
    return takeLink();
  } catch {
    return null;
  }
}

async function look() {
  if (link === null) return showProblem(wordsFor("no_storage", door.dataset.contact));
  if (!link) return showProblem(wordsFor("no_link", door.dataset.contact));
  const found = await lookAt(link);
  if (!found.ok) return showProblem(wordsFor(found.problem.code, door.dataset.contact));
  session = /** @type {import("./door_api.js").Session} */ (found.answer);
  clockOffset = session.now - Date.now();
  if (session.closed) return showProblem(wordsFor("ended", door.dataset.contact));
  showSession(session);
  if (session.mode === "voice" && session.role !== "observer") void offerSound(session);
}

/** @param {import("./door_api.js").Session} session */
async function offerSound(session) {
  try {
    const { offerSoundTest } = await import("./door_sound.js");
    offerSoundTest(session);
  } catch {
    // an old browser: everything else goes on without a test
  }
}

function agree() {
  const agreed = part("consent").checked;
  part("consent-wrong").hidden = agreed;
  part("consent").setAttribute("aria-invalid", String(!agreed));
  if (!agreed) return part("consent").focus();
  showStep("name");
}

async function goIn(again = false) {
  if (busy || !session || !link) return;
  const observer = session.role === "observer";
  const name = observer ? t("Observer") : part("name").value.trim();
  if (!name) return wrongName(t("Please choose a name. It can be any name."));
  wrongName("");
  busy = true;
  clearTimeout(waiting);
  if (!again) put("enter-status", t("Opening the door…"));
  const found = await enter({ link, name, consent: door.dataset.guidelines, browser: browserMark() });
  busy = false;
  if (!found.ok) return refused(found.problem);
  try {
    sessionStorage.setItem(`tp-pass:${found.answer.session}`, JSON.stringify(found.answer));
  } catch {
    return showProblem(wordsFor("no_storage", door.dataset.contact)); // it is full
  }
  location.replace(`/room/${encodeURIComponent(found.answer.session)}`);
}

/** @param {Problem} problem */
function refused(problem) {
  put("enter-status", "");
  if (problem.code === "consent_required") return location.reload(); // the page has an older text
  if (problem.code === "invalid") return wrongName(t("Please choose another name, of at most 40 letters that can be seen."));
  if (problem.code === "not_open" && problem.opens_at) return waitForDoors(problem.opens_at);
  const words = wordsFor(problem.code, door.dataset.contact);
  if (words !== AWAY) return showProblem(words);
  put("enter-status", `${words.title} ${words.advice}`); // what was typed stays
  waiting = window.setTimeout(goIn, AGAIN_MS, true);
}

/** @param {number} opensAt by the server's clock */
function waitForDoors(opensAt) {
  const wait = Math.max(0, opensAt - clockOffset - Date.now()) + Math.random() * SPREAD_MS;
  waiting = window.setTimeout(goIn, Math.min(wait, LONGEST_TIMER_MS));
  put("enter-status", t("The doors open {day}, {time}. Leave this page open and you will be let in then, or come again.", {
    day: formatDay(opensAt),
    time: formatTime(opensAt),
  }));
}

/** @param {string} words */
function wrongName(words) {
  put("name-wrong", words);
  part("name").setAttribute("aria-invalid", String(Boolean(words)));
  if (words) part("name").focus();
}

part("to-name").addEventListener("click", agree);
part("to-consent").addEventListener("click", () => {
  clearTimeout(waiting);
  put("enter-status", "");
  showStep("consent");
});
part("problem-again").addEventListener("click", () => location.reload());
part("door-form").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  if (part("step-name").hidden) agree();
  else void goIn();
});
window.addEventListener("hashchange", () => isGiven() && location.reload()); // another link in the same tab

await look();
