/**
 * A button that has come to where another stood, or does another thing, rests before it acts.
 *
 * Who presses "I am done" in the very moment in which the server closes the turn must not find
 * that they have pressed "Ask to speak" (bigbluebutton#19858).
 */

import { takesAll } from "./next_step.js";

// Longer than a finger that is already on its way, shorter than a decision.
const REST_MS = 350;
// A step of the whole room takes everybody along: a key pressed twice must not take two.
export const STEP_REST_MS = 1_500;

/** @typedef {{button: Element, deed: string|null, box: DOMRect, until: number}} Stand */

/** @type {Stand[]} the buttons on the screen, and those that have just gone from their places */
let stands = [];

/** @type {ReturnType<typeof setTimeout>|undefined} */
let looking;

// What is held down has a clock of its own and must never be taken from under a finger.
const BUTTONS = "button:not(.talk-button)";

const boxOf = (/** @type {Element} */ button) => button.getBoundingClientRect();

const isSame = (/** @type {Stand} */ a, /** @type {Stand} */ b) => a.button === b.button && a.deed === b.deed;

const isStill = (/** @type {DOMRect} */ a, /** @type {DOMRect} */ b) =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

const meet = (/** @type {DOMRect} */ a, /** @type {DOMRect} */ b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * After each drawing: lets every button rest that stands where another stood until now.
 * @param {ParentNode} root
 */
export function letRest(root) {
  const now = performance.now();
  const shown = root.querySelector("dialog[open]") ?? root; // what it covers has gone, too
  const here = [...shown.querySelectorAll(BUTTONS)].map((button) => {
    return { button, deed: button.textContent, box: boxOf(button), until: Infinity };
  });
  const gone = stands.filter(
    (was) => was.until > now && !here.some((is) => isSame(is, was) && isStill(is.box, was.box)),
  );
  for (const was of gone) was.until = Math.min(was.until, now + REST_MS);
  for (const is of here) {
    const rests = gone.some((was) => !isSame(is, was) && meet(is.box, was.box));
    is.button.toggleAttribute("data-rests", rests);
  }
  stands = [...gone, ...here];
  clearTimeout(looking);
  if (gone.length) looking = setTimeout(letRest, REST_MS + 20, root);
}

// Who scrolls moves the buttons themselves and knows it.
const scrolled = () => {
  for (const is of stands) if (is.until === Infinity) is.box = boxOf(is.button);
};
document.addEventListener("scroll", scrolled, { capture: true, passive: true });

// CSS keeps fingers from it; this is for keys. Enter in a field presses a button, too, and means it.
const refuse = (/** @type {Event} */ event) => {
  const pressed = document.activeElement;
  if (!pressed?.matches("[data-rests]") || !pressed.contains(/** @type {Node} */ (event.target))) return;
  event.preventDefault();
  event.stopPropagation();
};
document.addEventListener("click", refuse, true);

// A key held down is one press, whatever its button has become in the meantime.
document.addEventListener("keydown", (event) => {
  const presses = event.key === "Enter" || event.key === " ";
  if (event.repeat && presses && event.target instanceof HTMLButtonElement) event.preventDefault();
});

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
