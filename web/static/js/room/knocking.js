/** People at the door: who they are, and the door. */
import { html, nothing, repeat } from "./lit.js";
import { t } from "../strings.js";
import { icon, unseen } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

export function knocking(/** @type {Room} */ room) {
  const waiting = room.view.knocking ?? [];
  if (!waiting.length) return nothing;
  return html`<section class="card knocks" aria-label=${t("At the door")}>
    <h2>${icon("door-open")} ${t("At the door")}</h2>
    <ul>${repeat(
      waiting,
      ({ id }) => id,
      ({ id, name }) => html`<li>
      <span class="knock-name">${name}</span>
      <button class="button primary" type="button"
        @click=${() => room.act("admit", { person: id })}>${t("Let in")} ${unseen(name)}</button>
      <button class="button" type="button"
        @click=${() => room.act("turn_away", { person: id })}>${t("Turn away")} ${unseen(name)}</button>
    </li>`,
    )}</ul>
  </section>`;
}
