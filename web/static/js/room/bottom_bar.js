/** The bar under the room: ask to speak, a gesture, a private word; urgent support has its corner. */
import { html, nothing, when } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

export function bottomBar(/** @type {Room} */ room) {
  return html`<div class="bar" role="group" aria-label=${t("What I can do")}>
    ${room.ui.gesturing ? gestureRow(room) : nothing}
    ${askToSpeak(room)}
    <button class="bar-item" type="button" aria-expanded=${room.ui.gesturing}
      aria-disabled=${!room.may("gesture")}
      @click=${() => room.may("gesture") && room.set({ gesturing: !room.ui.gesturing })}>
      ${icon("hand-heart")} <span>${t("Gesture")}</span></button>
    <button class="bar-item" type="button" aria-haspopup="dialog"
      @click=${() => room.set({ dialog: "line", read: room.live.lines.length })}>
      ${icon("message-circle")} <span>${t("Write privately")}</span>
      ${unread(room)}</button>
  </div>`;
}

function askToSpeak(/** @type {Room} */ room) {
  const past = room.view.stage === "close" && !room.view.volunteers; // a hand from before the close
  const raised = Boolean(room.you.hand_raised) && !past;
  const command = raised ? "lower_hand" : "raise_hand";
  return html`<button class="bar-item ${raised ? "is-on" : ""}" type="button"
      aria-pressed=${raised} aria-disabled=${!room.may(command)}
      @click=${() => room.may(command) && room.act(command)}>
    ${icon("hand")} <span>${raised ? t("Asked to speak") : t("Ask to speak")}</span></button>`;
}

/** How many lines of the private line were not looked at. */
export function unread(/** @type {Room} */ { live, ui, you }) {
  const fresh = live.lines.slice(ui.read).filter((line) => line.from !== you.person).length;
  if (!fresh) return nothing;
  return html`<span class="count" aria-hidden="true">${fresh}</span>
    <span class="visually-hidden">${t("{n} new", { n: fresh })}</span>`;
}

/** The three gestures and their words. */
export function gestures() {
  return [
    { kind: "with_you", icon: "hand-heart", label: t("With you") },
    { kind: "thank_you", icon: "heart", label: t("Thank you") },
    { kind: "resonates", icon: "sparkles", label: t("I know that too") },
  ];
}

export function gestureRow(/** @type {Room} */ room) {
  const send = (/** @type {string} */ kind) => () => {
    room.set({ gesturing: false });
    void room.act("gesture", { kind });
  };
  return html`<div class="gesture-row" role="group" aria-label=${t("Gestures")}>
    ${gestures().map(
      ({ kind, icon: name, label }) => html`
      <button class="button" type="button" @click=${send(kind)}>${icon(name)} ${label}</button>`,
    )}
  </div>`;
}

/** What the circle sends just now, the newest kind of it, without names: "With you 4". */
export function gestureEcho(/** @type {Room} */ { live, now }) {
  const until = (/** @type {string} */ kind) => live.gestures[kind]?.until ?? 0;
  const newest = gestures().sort((a, b) => until(b.kind) - until(a.kind))[0];
  const count = live.gestures[newest.kind]?.count ?? 0;
  return html`<p class="echo" role="status">${when(
    until(newest.kind) > now,
    () => html`<span class="echo-item">${icon(newest.icon)} ${newest.label}
      ${when(count > 1, () => html`<b>${count}</b>`)}</span>`,
  )}</p>`;
}
