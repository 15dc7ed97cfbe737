/**
 * Single letters for what a facilitator does often; each is shown on its button.
 *
 * They can be switched off (WCAG 2.1.4), and never act while something is being typed.
 */
import { html, nothing } from "./lit.js";
import { controls } from "./turn_controls.js";
import { steps, take } from "./next_step.js";
import { stepRests } from "./steady.js";

/** @typedef {import('./types.js').Room} Room */

const REMEMBERED = "tp-keys";
const TYPES_ON_MS = 1_500;

export function keysWanted() {
  try {
    return localStorage.getItem(REMEMBERED) !== "off";
  } catch {
    return true; // a browser that lets pages remember nothing
  }
}

export function rememberKeys(/** @type {boolean} */ on) {
  try {
    localStorage.setItem(REMEMBERED, on ? "on" : "off");
  } catch {
    // it is so until the page is left
  }
}

export function kbd(/** @type {Room} */ { ui }, /** @type {string} */ key) {
  return ui.keys ? html`<kbd aria-hidden="true">${key}</kbd>` : nothing;
}

/** What the pressed letter does, with the labels of the screen it was pressed on. */
export function press(/** @type {Room} */ room, /** @type {string} */ key) {
  const { main, other } = steps(room);
  const redraw = () => room.set({});
  if (key === "N" && main) return stepRests("lead", main, redraw) || take(room, main);
  if (key === "M" && other) return stepRests("other", other, redraw) || take(room, other);
  if (key === "Z" && room.may("undo_advance")) return room.act("undo_advance");
  if (key === "H" && room.may("resume")) return room.act("resume");
  const control = controls(room).find((c) => c.key === key);
  return control && room.act(control.command, control.fields);
}

/** Listens for the letters; `room` gives the screen as it is drawn at that moment. */
export function listenForKeys(/** @type {() => Room|null} */ room) {
  let field = /** @type {HTMLElement|null} */ (null);
  let typed_at = 0;
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const in_field = target.matches("input, textarea, select, [contenteditable]");
    // Whose field was taken from under their hands types on for a moment; who left it does not.
    const sends = event.key === "Enter" && !event.isComposing && !target.matches("textarea");
    if (in_field) field = sends || event.key === "Escape" ? null : target;
    const types_on = field && !field.offsetParent && event.timeStamp - typed_at < TYPES_ON_MS;
    const types = in_field || types_on || target.closest("dialog[open]");
    if (types) typed_at = event.timeStamp;
    if (types || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const now = room();
    if (!now || !now.ui.keys || now.you.role !== "facilitator" || now.ui.dialog) return;
    void press(now, event.key.toUpperCase());
  });
}
