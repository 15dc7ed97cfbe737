/**
 * The circle: seats in speaking order clockwise, the ring of the clock, the words in the middle.
 *
 * A picture, not a control. Its text twin is the list of people; here one label says the gist.
 */
import { html, svg, when } from "./lit.js";
import { t } from "../strings.js";
import { readTurn, inWords, offerSeconds } from "./clock.js";
import { clockRing } from "./clock_ring.js";
import { gestureEcho } from "./bottom_bar.js";
import { SIZE, initials, layOut } from "./circle_geometry.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Person} Person */
/** @typedef {import('./clock.js').Reading} Reading */
/** @typedef {import('./circle_geometry.js').Place} Place */

// Longer prompts are shown in full below the circle instead of being cut in its middle.
export const PROMPT_IN_CIRCLE = 46;
const CROWDED = 24; // a disc's radius

/** Participants with a place in the circle, in the order of their seats. */
export function seated(/** @type {Room} */ { view }) {
  const people = (view.people ?? []).filter((p) => p.role === "participant");
  return people.sort((a, b) => (a.seat ?? 0) - (b.seat ?? 0));
}

export function circle(/** @type {Room} */ room) {
  const people = seated(room);
  const reading = readTurn(room.view.turn, room.now);
  const { places, disc, ring } = layOut(people.length);
  const size = people.length > 20 ? "is-full" : people.length > 12 ? "is-busy" : "is-small";
  return html`<figure class="circle ${size} ${room.view.held ? "is-held" : ""}">
    <svg viewBox="0 0 ${SIZE} ${SIZE}" role="img" aria-label=${gist(room, people)}>
      ${clockRing(ring, reading)}
      ${people.map((person, at) => seat(room, person, places[at], disc))}
    </svg>
    <figcaption class="circle-middle">${middle(room, reading)} ${gestureEcho(room)}</figcaption>
  </figure>`;
}

/** @param {Room} room @param {Person} person @param {Place} place @param {number} disc */
function seat({ view, you }, person, place, disc) {
  const holds = view.turn?.person === person.id;
  const mine = you.person === person.id;
  const next = !holds && view.next?.[0] === person.id && view.stage !== "lobby";
  const marks = [
    "seat",
    holds && "has-floor",
    mine && "is-you",
    next && "is-next",
    !person.present && "is-away",
  ];
  const roomy = disc > CROWDED; // else a larger disc would cover its neighbours
  const radius = holds && roomy ? disc * 1.14 : disc;
  const label = mine ? t("you") : initials(person.name);
  return svg`<g class=${marks.filter(Boolean).join(" ")} transform="translate(${place.x} ${place.y})">
    <circle class="seat-disc" r=${radius}></circle>
    ${when(next, () => svg`<circle class="seat-next" r=${radius + (roomy ? 3.5 : 2)}></circle>`)}
    <text class="seat-letters" dy="0.36em">${label}</text>
  </g>`;
}

/** @param {Room} room @param {Reading|null} reading */
function middle(room, reading) {
  const { view, you } = room;
  const holder = view.people?.find((p) => p.id === view.turn?.person);
  const prompt = view.prompt && view.prompt.length <= PROMPT_IN_CIRCLE ? view.prompt : "";
  if (!holder || !reading) {
    return html`<p class="middle-word">${quiet(room)}</p>
      ${when(prompt, () => html`<p class="middle-prompt">${prompt}</p>`)}`;
  }
  const mine = holder.id === you.person;
  return html`
    <p class="middle-name">${mine ? t("You") : holder.name}</p>
    ${when(!view.held, () => html`<p class="middle-word">${floorWord(reading, mine)}</p>`)}
    <p class="middle-time" aria-hidden="true">${timeWord(room, reading)}</p>
    ${when(prompt, () => html`<p class="middle-prompt">${prompt}</p>`)}`;
}

/** While the room is held nobody speaks, and who was only asked has not begun. */
function floorWord(/** @type {Reading} */ reading, /** @type {boolean} */ mine) {
  if (reading.phase === "offered") return mine ? t("it is your turn") : t("is asked to speak");
  if (reading.phase === "held") return mine ? t("your time is kept") : t("is coming back");
  return mine ? t("have the floor") : t("has the floor");
}

/** @param {Room} room @param {Reading} reading */
function timeWord({ view, now }, reading) {
  if (reading.phase === "offered") return offerSeconds(view.turn, now) === null ? "" : t("the clock waits");
  if (reading.phase === "held") return view.held ? t("the clock stands") : inWords(reading.left_ms);
  return inWords(reading.left_ms);
}

/** What the middle says while nobody has the floor. */
function quiet(/** @type {Room} */ { view }) {
  if (view.stage === "lobby") return t("We begin soon");
  if (view.stage === "welcome") return t("Welcome");
  if (view.next?.length) return t("A moment of quiet");
  return view.stage === "close" ? t("We are coming to the end") : t("The floor is free");
}

/** The circle in one sentence, for who cannot see it. */
function gist(/** @type {Room} */ { view }, /** @type {Person[]} */ people) {
  const name = (/** @type {string|undefined} */ id) => people.find((p) => p.id === id)?.name ?? "";
  const here = people.filter((p) => p.present).length;
  const parts = [t("Circle of {seats}, {here} here.", { seats: people.length, here })];
  const holder = name(view.turn?.person);
  if (holder) parts.push(t("{name} has the floor.", { name: holder }));
  const next = name(view.next?.[0]);
  if (next) parts.push(t("Next is {name}.", { name: next }));
  return parts.join(" ");
}
