/** The second press for what cannot be taken back, or would cut somebody short. */
import { html } from "./lit.js";
import { t } from "../strings.js";
import { stageStep } from "./next_step.js";

/** @typedef {import('./types.js').Room} Room */

export function confirmSheet(/** @type {Room} */ room) {
  const ends = room.ui.confirm === "end_session";
  const step = room.ui.confirm === "advance" ? stageStep(room) : null;
  const label = ends ? t("End the session") : (step?.label ?? t("Go on"));
  const fields = { ...step?.fields, confirm: true };
  const go = async () => {
    room.set({ dialog: "" });
    await room.act(room.ui.confirm, fields);
  };
  return {
    title: ends ? t("End the session for everyone?") : t("Move on now?"),
    body: html`<p>${
      ends ? t("Everyone sees the closing page with the helplines. This cannot be undone.") : reason(room)
    }</p>
      <div class="buttons">
        <button class="button primary" type="button" @click=${go}>${label}</button>
        <button class="button" type="button" @click=${() => room.set({ dialog: "" })}>${t("Not yet")}</button>
      </div>`,
  };
}

function reason(/** @type {Room} */ { view }) {
  if (view.turn) return t("A turn is still open. Moving on ends it. You can undo this for ten seconds.");
  return t("Not everyone here has been asked yet. You can undo this for ten seconds.");
}
