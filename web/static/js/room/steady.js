/**
 * A button that keeps its place but changes its deed rests for a moment before it acts.
 *
 * Who presses "I am done" in the very moment in which the server closes the turn must not find
 * that they have pressed "Ask to speak" (bigbluebutton#19858).
 */

import { takesAll } from "./next_step.js";

// Longer than a finger that is already on its way, shorter than a decision.
const REST_MS = 350;
// A step of the whole room takes everybody along: a key pressed twice must not take two.
const STEP_REST_MS = 1_500;

/** @type {Map<string, {deed: string, rests_until: number}>} */
const places = new Map();

/**
 * Whether the deed at this place is too new to be pressed.
 * @param {string} place @param {string} deed @param {() => void} redraw called when the rest is over
 * @param {number} [rest_ms]
 */
export function isResting(place, deed, redraw, rest_ms = REST_MS) {
  const before = places.get(place);
  const now = performance.now();
  if (before?.deed === deed) return now < before.rests_until;
  const rests = before !== undefined && before.deed !== "";
  places.set(place, { deed, rests_until: rests && deed ? now + rest_ms : 0 });
  if (rests && deed) setTimeout(redraw, rest_ms + 20);
  return rests && deed !== "";
}

/**
 * The same of a facilitator's step, by its button and by its key.
 * @param {"lead"|"other"} place @param {import("./next_step.js").Step|null} step @param {() => void} redraw
 */
export function stepRests(place, step, redraw) {
  const deed = step ? `${step.command} ${step.label}` : "";
  return isResting(place, deed, redraw, takesAll(step) ? STEP_REST_MS : REST_MS);
}
