/**
 * The clock on the screen: pure functions of the newest view and the server's time.
 *
 * One function decides what a turn's clock shows, so no two parts of a screen, and no two
 * screens, can disagree about who may still speak.
 */
import { t } from "../strings.js";

/** @typedef {import('./types.js').Turn} Turn */

// At 15 s left the soft cue.
const CUE_MS = 15_000;

/**
 * @typedef {object} Reading what a turn's clock shows
 * @property {'offered'|'speaking'|'cue'|'grace'|'held'} phase
 * @property {number} left_ms of the limit; 0 in grace
 * @property {number} share what is left of the ring, 1 to 0
 */

/** @returns {Reading|null} */
export function readTurn(/** @type {Turn|null|undefined} */ turn, /** @type {number} */ now) {
  if (!turn) return null;
  const limit = turn.limit_s * 1000;
  if (turn.state === "offered") return { phase: "offered", left_ms: limit, share: 1 };
  if (turn.state === "grace") return { phase: "grace", left_ms: 0, share: 0 };
  const left = Math.max(0, turn.ends_at === null ? (turn.remaining_ms ?? limit) : turn.ends_at - now);
  const share = Math.min(1, left / limit);
  if (turn.state === "held") return { phase: "held", left_ms: left, share };
  // At zero the screen says so at once; the server's `grace` follows a moment later.
  if (left === 0) return { phase: "grace", left_ms: 0, share: 0 };
  return { phase: left <= CUE_MS ? "cue" : "speaking", left_ms: left, share };
}

/** Whole seconds left to answer an offer, or null while no window runs. */
export function offerSeconds(/** @type {Turn|null} */ turn, /** @type {number} */ now) {
  if (turn?.state !== "offered" || !turn.offer_ends_at) return null;
  return Math.max(0, Math.ceil((turn.offer_ends_at - now) / 1000));
}

/** The remaining time as a person would say it: "about a minute". */
export function inWords(/** @type {number} */ ms) {
  const seconds = ms / 1000;
  if (seconds > 105) return t("about two minutes");
  if (seconds > 75) return t("about a minute and a half");
  if (seconds > 45) return t("about a minute");
  if (seconds > 20) return t("about half a minute");
  if (seconds > 0) return t("a few seconds");
  return t("finish your sentence");
}

/** "1:05", for people who keep the time; always hidden from screen readers. */
export function digits(/** @type {number} */ ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

// What is spoken of a running clock, and never more (w3c/aria#821).
const MILESTONES = [60, 30, 15, 0];

/** The milestone in seconds that lies between two readings of one turn's clock, or null. */
export function milestone(/** @type {number} */ before_ms, /** @type {number} */ after_ms) {
  const passed = MILESTONES.filter((s) => before_ms > s * 1000 && after_ms <= s * 1000);
  return passed.length ? passed[passed.length - 1] : null;
}
