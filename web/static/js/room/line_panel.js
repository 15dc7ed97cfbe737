/** The facilitator's private line: all that came, and an answer to one person at a time. */
import { html, when } from "./lit.js";
import { t } from "../strings.js";
import { lineForm, lines } from "./private_line.js";
import { seated } from "./circle.js";

/** @typedef {import('./types.js').Room} Room */

export function linePanel(/** @type {Room} */ room) {
  const said = room.live.lines;
  const people = seated(room);
  const last = [...said].reverse().find((line) => line.from !== room.you.person)?.from;
  const to = people.find((p) => p.id === room.ui.person)?.id ?? last ?? people[0]?.id;
  const choose = (/** @type {Event} */ event) =>
    room.set({ person: /** @type {HTMLSelectElement} */ (event.currentTarget).value });
  return html`${said.length ? lines(room, said) : html`<p class="soft">${t("Nobody has written. What is written here is not kept.")}</p>`}
    ${when(
      to,
      () => html`<div class="field">
        <label for="line-to">${t("To")}</label>
        <select class="select" id="line-to" @change=${choose}>
          ${people.map((p) => html`<option value=${p.id} ?selected=${p.id === to}>${p.name}</option>`)}
        </select>
      </div>
      ${lineForm(room, to)}`,
    )}`;
}
