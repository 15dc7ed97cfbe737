/** The facilitator's console: what to do next on top, everything else in four panels below. */
import { html, nothing, when } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";
import { steps, take, takesAll } from "./next_step.js";
import { scriptLine } from "./script_line.js";
import { fitLine } from "./fit_line.js";
import { turnControls } from "./turn_controls.js";
import { panels } from "./panels.js";
import { kbd } from "./shortcuts.js";
import { stepRests } from "./steady.js";
import { pushToTalk } from "../voice/push_to_talk.js";

/** @typedef {import('./types.js').Room} Room */

export function facilitatorConsole(/** @type {Room} */ room) {
  return html`<section class="console" aria-label=${t("Console")} data-region tabindex="-1">
    <div class="card lead">
      ${scriptLine(room)}
      ${leadButtons(room)}
      ${undo(room)}
      ${turnControls(room)}
      ${pushToTalk(room)}
    </div>
    ${fitLine(room)}
    ${panels(room)}
  </section>`;
}

function leadButtons(/** @type {Room} */ room) {
  const { main, other } = steps(room);
  const redraw = () => room.set({});
  const rests = stepRests("lead", main, redraw);
  const otherRests = stepRests("other", other, redraw);
  return html`<div class="lead-buttons">
    ${when(
      main,
      (main) => html`<button class="button primary large lead-main ${takesAll(main) ? "is-step" : ""}" type="button"
      aria-disabled=${rests} @click=${() => rests || take(room, main)}>
      <span>${main.label}</span> ${icon("arrow-right")} ${kbd(room, "N")}</button>`,
    )}
    ${when(
      other,
      (other) => html`<button class="button" type="button"
      aria-disabled=${otherRests} @click=${() => otherRests || take(room, other)}>
      ${other.label} ${kbd(room, "M")}</button>`,
    )}
    ${room.view.stage === "lobby" && !room.view.on_call ? onCallFirst(room) : nothing}
  </div>`;
}

function onCallFirst(/** @type {Room} */ room) {
  return html`<p>${t(
    "Before we begin: who is on call today? " +
      "If urgent support is not taken within a minute, you are asked to call them.",
  )}</p>
    <button class="button primary large" type="button"
      @click=${() => toOnCall(room)}>${t("Set the on-call contact")}</button>`;
}

/** Opens the settings at the field that is missing; the press asked for it, so focus may go. */
function toOnCall(/** @type {Room} */ room) {
  room.set({ tab: "settings" });
  requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("on-call")?.focus()));
}

/** Ten seconds to take an advance back. */
function undo(/** @type {Room} */ room) {
  const { view, now } = room;
  if (!view.undo_until || view.undo_until <= now || !room.may("undo_advance")) return nothing;
  const seconds = Math.ceil((view.undo_until - now) / 1000);
  return html`<p class="undo"><button class="button" type="button" @click=${() => room.act("undo_advance")}>
    ${icon("undo-2")} ${t("Undo")} ${kbd(room, "Z")}</button>
    <span class="soft" aria-hidden="true">${t("for {n} s", { n: seconds })}</span></p>`;
}
