/** What a facilitator can do with the turn that is open, and with the whole room. */
import { html, nothing } from "./lit.js";
import { t } from "../strings.js";
import { digits, readTurn } from "./clock.js";
import { icon } from "./icon.js";
import { kbd } from "./shortcuts.js";
import { nameOf } from "./names.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {{command: string, label: string, icon: string, key: string, fields?: Record<string, unknown>}} Control */

/** The controls that live now, in a fixed order so that a hand finds them again. */
export function controls(/** @type {Room} */ { view, may }) {
  const turn = { turn: view.turn?.id };
  /** @type {Control[]} */
  const all = [
    { command: "extend", label: t("30 s more"), icon: "plus", key: "X", fields: turn },
    { command: "end_turn", label: t("End turn"), icon: "check", key: "E", fields: turn },
    { command: "skip", label: t("Ask later"), icon: "skip-forward", key: "S", fields: turn },
    { command: "hold", label: t("Hold"), icon: "pause", key: "H" },
  ];
  return all.filter(({ command }) => may(command));
}

export function turnControls(/** @type {Room} */ room) {
  const reading = readTurn(room.view.turn, room.now);
  const name = nameOf(room.view.turn?.person);
  if (!reading && !controls(room).length) return nothing;
  return html`<div class="controls">
    <p class="controls-clock" aria-hidden="true">${
      reading
        ? html`<b>${name}</b>
      ${reading.phase === "offered" ? t("is asked") : html`<span class="digits">${digits(reading.left_ms)}</span>`}`
        : t("Nobody has the floor")
    }</p>
    <div class="buttons">${controls(room).map(
      ({ command, label, icon: name, key, fields }) => html`
      <button class="button" type="button" @click=${() => room.act(command, fields)}>
        ${icon(name)} ${label} ${kbd(room, key)}</button>`,
    )}</div>
  </div>`;
}
