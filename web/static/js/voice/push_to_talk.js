/**
 * A facilitator may always speak: hold the button or the key, or press once and once more.
 *
 * Holding is quick; not everybody can hold. So a short press stays on until the next.
 */
import { html, nothing } from "../room/lit.js";
import { t, tn } from "../strings.js";
import { icon } from "../room/icon.js";
import { kbd } from "../room/shortcuts.js";
import { meter } from "./voice_parts.js";

/** @typedef {import("../room/types.js").Room} Room */

export const KEY = "T";
// A shorter press is a tap: the microphone stays open until the next one.
const TAP_MS = 350;

let pressed_at = 0;
let stays = false;

/** @param {Room} room */
function down({ sound, voice }) {
  stays = voice.talks; // pressed again: off with the release
  pressed_at = performance.now();
  sound.talk(true);
}

/** @param {Room} room */
function up({ sound }) {
  if (!pressed_at) return;
  const tapped = performance.now() - pressed_at < TAP_MS;
  pressed_at = 0;
  if (stays || !tapped) sound.talk(false);
}

const TROUBLES = {
  refused: () => t("This browser may not use the microphone. You can write to everyone."),
  missing: () => t("We found no microphone. You can write to everyone."),
  busy: () => t("Something else is using the microphone. You can write to everyone."),
  none: () => t("This browser cannot send sound. You can write to everyone."),
  gone: () => t("The microphone has gone. You can write to everyone."),
};

/** What the button says now. @param {Room} room */
function label({ voice }) {
  if (!voice.talks) return t("Hold to talk");
  return voice.microphone === "open" ? t("The circle hears you") : t("One moment…");
}

export function pushToTalk(/** @type {Room} */ room) {
  const { voice, sound } = room;
  if (!voice.carried) return nothing;
  const trouble = TROUBLES[/** @type {keyof typeof TROUBLES} */ (voice.microphone)]?.();
  const heard = voice.talks && voice.microphone === "open";
  return html`<div class="talk">
    <button class="button talk-button ${heard ? "is-on" : ""}" type="button" aria-pressed=${voice.talks}
      @pointerdown=${(/** @type {PointerEvent} */ event) => event.button === 0 && down(room)}
      @pointerup=${() => up(room)} @pointercancel=${() => sound.talk(false)} @pointerleave=${() => up(room)}
      @contextmenu=${(/** @type {Event} */ event) => event.preventDefault()}
      @click=${(/** @type {MouseEvent} */ event) => event.detail === 0 && sound.talk(!voice.talks)}>
      ${icon(heard ? "mic" : "mic-off")} <span>${label(room)}</span> ${heard ? meter(voice.level) : nothing}
      ${kbd(room, KEY)}</button>
    <p class="small soft" role="status">${
      trouble ?? (voice.talks ? t("Let go, or press again, to stop.") : hearing(room))
    }</p>
  </div>`;
}

/** How many can follow the sound. @param {Room} room */
function hearing({ live }) {
  if (!live.hearing?.of) return "";
  const { hear, of } = live.hearing;
  return tn("{hear} of {n} hears", "{hear} of {n} hear", of, { hear });
}

/** The key does what the button does. @param {() => Room | null} room */
export function listenForTalkKey(room) {
  const wanted = (/** @type {KeyboardEvent} */ event) => event.key.toUpperCase() === KEY;
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!wanted(event) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches("input, textarea, select, [contenteditable]") || target.closest("dialog[open]")) return;
    const now = room();
    if (now?.you.role === "facilitator" && now.ui.keys && now.voice.carried) down(now);
  });
  document.addEventListener("keyup", (event) => {
    const now = room();
    if (wanted(event) && now) up(now);
  });
  // Who changes to another window while holding will not be heard letting go.
  window.addEventListener("blur", () => {
    pressed_at = 0;
    room()?.sound.talk(false);
  });
}
