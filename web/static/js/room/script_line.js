/** The line to say now, one at a time; pages with the arrows, starts anew with each stage. */
import { html, nothing, when } from "./lit.js";
import { formatTime, t } from "../strings.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

export function scriptLine(/** @type {Room} */ room) {
  const script = room.view.script ?? [];
  if (!script.length) return nothing;
  const at = Math.min(room.ui.script, script.length - 1);
  const turn = (/** @type {number} */ by) => () => room.set({ script: at + by });
  return html`<div class="script">
    <p class="script-text"><span class="visually-hidden">${t("Say:")}</span> “${filled(room, script[at])}”</p>
    ${when(
      script.length > 1,
      () => html`<div class="script-turn">
      <button class="button plain" type="button" aria-disabled=${at === 0} aria-label=${t("Line before")}
        @click=${at > 0 ? turn(-1) : nothing}>${icon("chevron-left")}</button>
      <span class="soft small">${t("{n} of {of}", { n: at + 1, of: script.length })}</span>
      <button class="button plain" type="button" aria-disabled=${at === script.length - 1} aria-label=${t("Line after")}
        @click=${at < script.length - 1 ? turn(1) : nothing}>${icon("chevron-right")}</button>
    </div>`,
    )}
  </div>`;
}

/** A shipped line is translated, then its placeholders are filled from the view. */
function filled(/** @type {Room} */ { view, you, ui }, /** @type {string} */ line) {
  const spoke = view.people?.find((p) => p.id === (ui.heard || view.turn?.person))?.name;
  return t(line, {
    name: view.stage === "welcome" ? (you.name ?? "") : (spoke ?? t("you")),
    time: view.planned_end ? formatTime(view.planned_end) : "",
    themes: (view.themes ?? []).map((theme) => theme.text).join(", ") || "…",
  });
}
