/** The second press for what cannot be taken back, or would cut somebody short. */
import { html, when } from "./lit.js";
import { t } from "../strings.js";
import { openAlerts } from "./alerts.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

/** It stays about the step it was opened for; when the room has moved on, the server refuses. */
export function confirmSheet(/** @type {Room} */ room) {
  const step = room.ui.confirm;
  if (!step) return null;
  const ends = step.command === "end_session";
  const go = async () => {
    room.set({ dialog: "" });
    await room.act(step.command, { ...step.fields, confirm: true });
  };
  return {
    title: ends ? t("End the session for everyone?") : t("Move on now?"),
    body: html`<p>${
      ends ? t("Everyone sees the closing page with the helplines. This cannot be undone.") : reason(room)
    }</p>
      ${when(ends && openAlerts(room).length, () => html`<p class="notice">${icon("life-buoy")} ${t("A call for support is still open. Please speak with its person first, if you can.")}</p>`)}
      <div class="buttons">
        <button class="button primary" type="button" @click=${go}>${step.label}</button>
        <button class="button" type="button" @click=${() => room.set({ dialog: "" })}>${t("Not yet")}</button>
      </div>`,
  };
}

function reason(/** @type {Room} */ { view }) {
  if (view.turn) return t("A turn is still open. Moving on ends it. You can undo this for ten seconds.");
  return t("Not everyone here has been asked yet. You can undo this for ten seconds.");
}
