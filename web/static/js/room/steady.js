/**
 * A button that keeps its place but changes its deed rests for a moment before it acts.
 *
 * Who presses "I am done" in the very moment in which the server closes the turn must not find
 * that they have pressed "Ask to speak" (bigbluebutton#19858).
 */

// Longer than a finger that is already on its way, shorter than a decision.
const REST_MS = 350;

/** @type {Map<string, {deed: string, rests_until: number}>} */
const places = new Map();

/**
 * Whether the deed at this place is too new to be pressed.
 * @param {string} place @param {string} deed @param {() => void} redraw called when the rest is over
 */
export function isResting(place, deed, redraw) {
  const before = places.get(place);
  const now = performance.now();
  if (before?.deed === deed) return now < before.rests_until;
  const rests = before !== undefined && before.deed !== "";
  places.set(place, { deed, rests_until: rests && deed ? now + REST_MS : 0 });
  if (rests && deed) setTimeout(redraw, REST_MS + 20);
  return rests && deed !== "";
}
