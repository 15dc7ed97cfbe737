/**
 * Where the seats of a circle are: pure geometry in a picture of 400 by 400.
 *
 * Up to 20 people sit on one ring. More sit in two staggered rows, still clockwise in the
 * order of their seats, so that 35 discs keep a diameter of 34 px on a 360 px screen.
 */

export const SIZE = 400;
const MIDDLE = SIZE / 2;
const ONE_RING_MOST = 20;
const ROW_OUTER = 176;
const ROW_INNER = 138;
const DISC_LARGEST = 29;
const DISC_STAGGERED = 20.5;
const GAP = 5;

/** @typedef {{x: number, y: number}} Place */
/** @typedef {{places: Place[], disc: number, ring: number}} Layout */

/** @returns {Layout} the seats from twelve o'clock on, a disc's radius, the clock ring's radius */
export function layOut(/** @type {number} */ count) {
  const staggered = count > ONE_RING_MOST;
  const one = MIDDLE - DISC_LARGEST - 4;
  const even = (2 * Math.PI) / Math.max(count, 1);
  const disc = staggered
    ? DISC_STAGGERED
    : Math.min(DISC_LARGEST, one * Math.sin(Math.min(even, Math.PI) / 2) - GAP / 2);
  // With an odd number, the last and the first sit side by side in the outer row: more room there.
  const closing = staggered && count % 2 === 1 ? 2 * Math.asin((disc + GAP / 2) / ROW_OUTER) : even;
  const pitch = count > 1 ? (2 * Math.PI - closing) / (count - 1) : 0;
  const places = Array.from({ length: count }, (_, seat) => {
    const radius = !staggered ? one : seat % 2 === 1 ? ROW_INNER : ROW_OUTER;
    const angle = seat * pitch - Math.PI / 2;
    return { x: MIDDLE + radius * Math.cos(angle), y: MIDDLE + radius * Math.sin(angle) };
  });
  return { places, disc, ring: (staggered ? ROW_INNER : one) - disc - 12 };
}

/** The first letters of a name: two words give two, one word gives its first two letters. */
export function initials(/** @type {string} */ name) {
  const words = name.replace(/\s\d+$/u, "").trim().split(/\s+/u); // without a seat's number (names.js)
  const letters = words.length > 1 ? words.slice(0, 2).map(firstLetter) : [firstTwo(words[0] ?? "")];
  return letters.join("").toLocaleUpperCase();
}

// A letter of Devanagari carries signs with it; cutting between them shows broken glyphs.
// Older browsers cannot tell letters apart by themselves: there a mark stays with its letter.
const segmenter = "Segmenter" in Intl ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;

/** @returns {string[]} */
function lettersOf(/** @type {string} */ word) {
  if (segmenter) return [...segmenter.segment(word)].map((part) => part.segment);
  return word.match(/\p{L}\p{M}*/gu) ?? [...word];
}

function firstLetter(/** @type {string} */ word) {
  return lettersOf(word)[0] ?? "";
}

function firstTwo(/** @type {string} */ word) {
  const parts = lettersOf(word).slice(0, 2);
  // Two Devanagari letters with their signs are wider than the disc; one is enough.
  return parts.join("").length > 2 ? (parts[0] ?? "") : parts.join("");
}
