/** Calls for urgent support: on top, until somebody has taken and closed them. */
import { html, repeat, nothing, when } from "./lit.js";
import { formatTime, t } from "../strings.js";
import { icon } from "./icon.js";
import { nameOf } from "./names.js";
import { STEP_REST_MS, isResting } from "./steady.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Alert} Alert */

export const openAlerts = (/** @type {Room} */ { view }) =>
  (view.alerts ?? []).filter((a) => a.state !== "taken");

export function alerts(/** @type {Room} */ room) {
  const all = room.view.alerts ?? [];
  return html`<div class="alerts ${openAlerts(room).length ? "has-open" : ""}" role="alert" aria-live="assertive">${repeat(
    all,
    (alert) => alert.id,
    (alert) => card(room, alert),
  )}</div>`;
}

function wish(/** @type {Alert} */ { kind, name }) {
  if (kind === "now") return t("{name} needs someone now", { name });
  if (kind === "after") return t("{name} would like to talk afterwards", { name });
  return t("{name} is leaving and wants you to know", { name });
}

/** @param {Room} room @param {Alert} alert */
function card(room, alert) {
  const note = room.live.notes[alert.id];
  const taken = alert.state === "taken";
  const rests = isResting(alert.id, taken ? "close" : "take", () => room.set({}), STEP_REST_MS);
  return html`<article class="alert ${taken ? "is-taken" : ""} ${["loud", "on_call"].includes(alert.state) ? "is-loud" : ""}"
      data-region tabindex="-1">
    <div class="alert-words">
    <h2>${icon("life-buoy")} ${wish(alert)}</h2>
    <p class="small">${formatTime(alert.at)} · ${standing(room, alert)}</p>
    ${when(note, () => html`<p class="alert-note">“${note}”</p>`)}
    </div>
    <div class="buttons">
      ${taken ? settle(room, alert, rests) : take(room, alert)}
      ${when(
        room.may("say_privately") && room.view.people?.some((one) => one.id === alert.person), // not at the door
        () => html`<button class="button care-quiet" type="button" aria-haspopup="dialog"
        @click=${() => room.set({ dialog: "person", person: alert.person })}>${t("Write privately")}</button>`,
      )}
    </div>
    ${alert.kind === "after" ? nothing : crisisCard(room)}
  </article>`;
}

// Both are as wide as the wider of them, so that what stands beside them keeps its place.
const take = (/** @type {Room} */ room, /** @type {Alert} */ { id }) =>
  html`<button class="button care alert-deed" type="button" data-or=${t("This is settled")}
    @click=${() => room.act("take_alert", { alert: id })}>${t("I have it")}</button>`;

/** Closes the call for good, so it rests as long as a step of the whole room does. */
function settle(/** @type {Room} */ room, /** @type {Alert} */ { id }, /** @type {boolean} */ rests) {
  return html`<button class="button care-quiet alert-deed" type="button" data-or=${t("I have it")}
    aria-disabled=${rests} @click=${() => rests || room.act("close_alert", { alert: id })}>${t("This is settled")}</button>`;
}

/** @param {Room} room @param {Alert} alert */
function standing(room, alert) {
  const by = nameOf(alert.taken_by); // "" of one who had gone before this page was opened
  if (alert.state === "taken") return by ? t("{name} has it", { name: by }) : t("Taken");
  if (alert.state === "on_call")
    return t("Nobody has it yet. Please call {on_call} now.", {
      on_call: room.view.on_call ?? "",
    });
  return alert.state === "loud" ? t("Nobody has it yet. Please take it.") : t("Nobody has it yet");
}

/** The crisis card: eight steps for a facilitator, folded until they are wanted. */
function crisisCard(/** @type {Room} */ { view }) {
  const on_call = view.on_call || t("the on-call contact");
  const steps = [
    t("Stay with the person: “I am glad you told us.”"),
    t("Hold the room if the circle heard it; say that nobody has to do anything."),
    t("Ask plainly whether they are safe now."),
    t("One facilitator goes to the private line or the phone; the other stays with the circle."),
    t("Danger: call {on_call}, or 112.", { on_call }),
    t("Say again what stays confidential and what cannot."),
    t("Close gently, earlier if needed."),
    t("Write no content down; put the person on the follow-up list."),
  ];
  return html`<details class="crisis"><summary>${t("Crisis card")}</summary>
    <ol>${steps.map((step) => html`<li>${step}</li>`)}</ol></details>`;
}
