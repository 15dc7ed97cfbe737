/** What the room says of its sound: who can be heard, whether I am, and what to do if not. */
import { html, nothing, when } from "../room/lit.js";
import { t } from "../strings.js";
import { icon } from "../room/icon.js";
import { STEPS } from "./level.js";

/** @typedef {import("../room/types.js").Room} Room */
/** @typedef {import("./sending.js").Microphone} Microphone */

/** Above the room: one press to listen, where the browser wants it. */
export function listening(/** @type {Room} */ { view, voice, sound }) {
  if (!voice.carried || voice.listening === "on" || voice.listening === "opening") return nothing;
  if (voice.listening === "none") {
    const words = t("This browser cannot play our sound. You can read along and write; another browser can do both.");
    return html`<div class="listen"><p class="notice">${icon("volume-x")} ${words}</p></div>`;
  }
  return html`<div class="listen">
    <button class="button primary wide" type="button" @click=${() => sound.listen()}>
      ${icon("volume-2")} ${view.stage === "lobby" ? t("Press once to switch the sound on") : t("Press once to hear the circle")}</button>
  </div>`;
}

/** The quiet sign: somebody's own connection cannot follow. Always there, so that it is spoken. */
export function following(/** @type {Room} */ { voice }) {
  const words = voice.poor
    ? t("Your connection is slow at the moment: some words may be missing.")
    : voice.facilitator
      ? t("A facilitator is speaking.")
      : "";
  return html`<p class="following" role="status">${when(
    words,
    () => html`${icon(voice.poor ? "wifi-off" : "volume-2")} <span>${words}</span>`,
  )}</p>`;
}

/** @type {Record<Microphone, () => string>} */
const WORDS = {
  closed: () => t("Your microphone opens when you start."),
  opening: () => t("Your microphone is opening. If your browser asks, please allow it."),
  open: () => t("Your microphone is on. The circle hears you."),
  refused: () => t("This browser may not use the microphone. You can write instead; everybody reads along."),
  missing: () => t("We found no microphone. You can write instead; everybody reads along."),
  busy: () => t("Something else is using the microphone. You can write instead; everybody reads along."),
  none: () => t("This browser cannot send sound. You can write instead; everybody reads along."),
  gone: () => t("The microphone has gone. You can write instead, or connect it again."),
};
const AGAIN = new Set(["refused", "missing", "busy", "gone"]);
const FINE = new Set(["closed", "opening", "open"]);

/** Whether I take this turn with my voice: then the field to write in waits until it is asked for. */
export const speaks = (/** @type {Room} */ { you, voice }) =>
  you.role === "participant" && voice.carried && voice.way === "voice" && FINE.has(voice.microphone);

/** In my turn: whether I am heard, in words; and the other way to take part. */
export function myMicrophone(/** @type {Room} */ room) {
  const { view, you, voice, sound } = room;
  if (!voice.carried || view.turn?.person !== you.person || view.held) return nothing;
  if (voice.way === "text") {
    return html`<div class="microphone">
      <p>${icon("mic-off")} <span>${t("Your microphone stays off: you write, and everybody reads along.")}</span></p>
      <button class="button plain" type="button" @click=${() => sound.choose("voice")}>${t("Speak instead")}</button>
    </div>`;
  }
  const open = voice.microphone === "open";
  const on = open || voice.microphone === "opening";
  return html`<div class="microphone ${open ? "is-open" : ""}">
    <p role="status">${icon(open ? "mic" : "mic-off")} <span>${WORDS[voice.microphone]()}</span></p>
    ${open ? meter(voice.level) : nothing}
    ${when(
      AGAIN.has(voice.microphone),
      () => html`<button class="button plain" type="button" @click=${() => sound.choose("voice")}>${t("Try again")}</button>`,
    )}
    ${when(on, () => writing(room))}
  </div>`;
}

/** First the field beside the voice, then, for who wants it so, no voice at all. @param {Room} room */
function writing({ ui, sound, set }) {
  if (!ui.writing)
    return html`<button class="button plain" type="button" @click=${() => set({ writing: true })}>${t("Write as well")}</button>`;
  return html`<button class="button plain" type="button" @click=${() => sound.choose("text")}>${t("Microphone off")}</button>`;
}

/** How loud I am; a picture beside the words that say the same. */
export function meter(/** @type {number} */ level) {
  return html`<span class="level" aria-hidden="true">${Array.from(
    { length: STEPS },
    (_, at) => html`<i class=${at < level ? "is-lit" : ""}></i>`,
  )}</span>`;
}

/** What kind of room it is, where that is not a room of voices. */
function modeWords(/** @type {Room} */ { view }) {
  if (view.mode === "text") return t("In this session everybody writes. No microphone is used.");
  if (view.mode === "hall") return t("Everybody speaks in one place or one call. This page keeps the order and the time.");
  return "";
}

export function mode(/** @type {Room} */ room) {
  const words = room.view.stage === "lobby" || room.view.stage === "welcome" ? modeWords(room) : "";
  return words ? html`<p class="mode small soft">${words}</p>` : nothing;
}
