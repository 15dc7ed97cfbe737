/** Everybody with their standing: whose turn it is, who comes next, who is away, who asked. */
import { html, repeat, when } from "./lit.js";
import { t, tn } from "../strings.js";
import { digits } from "./clock.js";
import { icon, unseen } from "./icon.js";
import { initials } from "./circle_geometry.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Person} Person */

/** The order of the list: who is heard, who comes, then the circle, then facilitators. */
function inOrder(/** @type {Room} */ { view }) {
  const next = view.next ?? [];
  const rank = (/** @type {Person} */ p) => {
    if (p.id === view.turn?.person) return -1;
    if (p.role !== "participant") return 2000 + (p.seat ?? 0);
    return next.includes(p.id) ? next.indexOf(p.id) : 1000 + (p.seat ?? 0);
  };
  return [...(view.people ?? [])].sort((a, b) => rank(a) - rank(b));
}

/** A standing in words; facilitators alone see them. */
export function standingWords(/** @type {Room} */ { view }, /** @type {Person} */ person) {
  if (person.role === "facilitator") return t("facilitator");
  const passed = new Set(view.people?.filter((p) => p.silenced).map((p) => p.id));
  const place = (view.next ?? []).filter((id) => !passed.has(id)).indexOf(person.id);
  if (person.standing === "speaking") return t("speaking");
  if (person.standing === "offered") return t("asked now");
  if (person.standing === "held") return view.held ? t("time kept") : t("dropped, time kept");
  if (place === 0) return t("next");
  if (place > 0) return tn("{n} before", "{n} before", place);
  if (person.standing === "later") return t("later");
  if (person.standing === "spoke") return t("spoke");
  if (person.standing === "passed") return t("passed");
  return "";
}

function marks(/** @type {Person} */ person, /** @type {Room} */ room) {
  const words = [standingWords(room, person)];
  if (!person.present) words.push(t("away"));
  if (room.live.hearing?.trouble.includes(person.id)) words.push(t("cannot hear well"));
  if (person.silenced) words.push(t("silenced"));
  if (room.view.stage === "discussion" && person.role === "participant" && person.introduced === false)
    words.push(t("not introduced yet"));
  if (person.turns && person.spoken_ms)
    words.push(
      tn("{n} turn, {clock}", "{n} turns, {clock}", person.turns, { clock: digits(person.spoken_ms ?? 0) }),
    );
  return words.filter(Boolean).join(" · ");
}

export function peoplePanel(/** @type {Room} */ room) {
  const people = inOrder(room);
  const here = people.filter((p) => p.present && p.role === "participant").length;
  return html`<p class="small soft">${tn("{n} participant here", "{n} participants here", here)}</p>
    <ul class="people">${repeat(
      people,
      (person) => person.id,
      (person) => row(room, person),
    )}</ul>`;
}

/** @param {Room} room @param {Person} person */
function row(room, person) {
  const floor = room.view.turn?.person === person.id;
  return html`<li class="person ${floor ? "has-floor" : ""} ${person.present ? "" : "is-away"}">
    <span class="disc" aria-hidden="true">${initials(person.name)}</span>
    <span class="person-who"><span class="person-name">${person.name}</span>
      <span class="small soft">${marks(person, room)}</span></span>
    ${when(person.hand, () => html`<span class="person-hand">${icon("hand")} ${unseen(t("asks to speak"))}</span>`)}
    ${when(
      person.role === "participant",
      () => html`<button class="button plain" type="button" aria-haspopup="dialog"
      @click=${() => room.set({ dialog: "person", person: person.id })}>
        ${t("More")} ${unseen(person.name)} ${icon("chevron-right")}</button>`,
    )}
  </li>`;
}
