/** What the screens read of the sound of a room, and what the sound reads of a view. */

/** @typedef {import("../room/types.js").View} View */
/** @typedef {import("../room/types.js").You} You */
/**
 * @typedef {object} VoiceState what the screens read
 * @property {boolean} carried this room carries sound
 * @property {import("./loudspeaker.js").Listening} listening
 * @property {import("./sending.js").Microphone} microphone
 * @property {number} level how loud I am, in steps
 * @property {"voice" | "text"} way how I take my turn
 * @property {boolean} talks a facilitator holds the button
 * @property {boolean} poor the connection cannot follow
 * @property {boolean} facilitator one is heard just now
 */

/** The number of the turn that I may speak in now; null when I may not. @param {View} view @param {You} you */
export function mySpeakingTurn({ turn, held }, { person }) {
  const speaks = turn?.person === person && (turn.state === "speaking" || turn.state === "grace");
  return speaks && !held ? (turn.number ?? null) : null;
}
