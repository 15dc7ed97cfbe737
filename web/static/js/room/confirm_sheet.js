/** The second press for what cannot be taken back, or would cut somebody short. */
import { html, when } from "./lit.js";
import { formatDay, formatTime, t } from "../strings.js";
import { openAlerts } from "./alerts.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

/** It stays about the step it was opened for; when the room has moved on, the server refuses. */
export function confirmSheet(/** @type {Room} */ room) {
  const step = room.ui.confirm;
  if (!step || (step.command === "begin" && !room.may("begin"))) return null; // another has begun
  const { title, reason } = (SHEETS[step.command] ?? movingOn)(room);
  const ends = step.command === "end_session";
  const go = async () => {
    room.set({ dialog: "" });
    await room.act(step.command, step.fields);
  };
  return {
    title,
    body: html`<p>${reason}</p>
      ${when(ends && openAlerts(room).length, () => html`<p class="notice">${icon("life-buoy")} ${t("A call for support is still open. Please speak with its person first, if you can.")}</p>`)}
      <div class="buttons">
        <button class="button primary" type="button" @click=${go}>${step.label}</button>
        <button class="button" type="button" @click=${() => room.set({ dialog: "" })}>${t("Not yet")}</button>
      </div>`,
  };
}

/** @type {Record<string, (room: Room) => {title: string, reason: string}>} by the command */
const SHEETS = {
  begin: ({ view }) => ({
    title: t("Begin so early?"),
    reason: t("This session is planned for {day}, {time}. Until shortly before, only facilitators can come in. You can undo this for ten seconds.", {
      day: formatDay(view.stage_ends_at ?? 0),
      time: formatTime(view.stage_ends_at ?? 0),
    }),
  }),
  end_session: () => ({
    title: t("End the session for everyone?"),
    reason: t("Everyone sees the closing page with the helplines. This cannot be undone."),
  }),
};

function movingOn(/** @type {Room} */ { view }) {
  return {
    title: t("Move on now?"),
    reason: view.turn
      ? t("A turn is still open. Moving on ends it. You can undo this for ten seconds.")
      : t("Not everyone here has been asked yet. You can undo this for ten seconds."),
  };
}
