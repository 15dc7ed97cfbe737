/** The top of the room: what it is, until when, and the two ways out. */
import { html, when } from "./lit.js";
import { formatDay, formatTime, t } from "../strings.js";
import { icon } from "./icon.js";
import { isEarly } from "./next_step.js";

/** @typedef {import('./types.js').Room} Room */

/** On the pages before and after: the name of the house and the quick way out. */
export function bareHead() {
  return html`<header class="room-head"><div class="room-name"><p class="room-house">Thera-Peer</p></div>${quickExit()}</header>`;
}

function quickExit() {
  return html`<button class="button plain head-item" type="button" data-quick-exit>${icon("log-out")} <span>${t("Quick exit")}</span></button>`;
}

export function roomHead(/** @type {Room} */ room) {
  const { view } = room;
  return html`<header class="room-head">
    <div class="room-name">
      ${view.title ? html`<h1>${view.title}</h1>` : html`<p class="room-house">Thera-Peer</p>`}
      ${when(view.planned_end, (ends) => html`<p>${isEarly(room) ? plannedStart(view) : t("Ends at {time}", { time: formatTime(ends) })}</p>`)}
    </div>
    <button class="button plain head-item" type="button" aria-haspopup="dialog"
      @click=${() => room.set({ dialog: "leave" })}>${icon("door-open")} <span>${t("Leave")}</span></button>
    ${quickExit()}
  </header>`;
}

/** With its day, which is perhaps not today. */
function plannedStart(/** @type {import('./types.js').View} */ { stage_ends_at: starts }) {
  return t("Planned start: {time}", { time: `${formatDay(starts ?? 0)}, ${formatTime(starts ?? 0)}` });
}
