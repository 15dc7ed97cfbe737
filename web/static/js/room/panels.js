/**
 * The four panels of the console, as tabs: people, themes, private line, settings.
 * What was begun in one is still there when somebody comes back to it.
 */
import { cache, html } from "./lit.js";
import { t } from "../strings.js";
import { peoplePanel } from "./people_panel.js";
import { themesPanel } from "./themes_panel.js";
import { linePanel } from "./private_line.js";
import { settingsPanel } from "./settings_panel.js";
import { unread } from "./bottom_bar.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Ui['tab']} Tab */

/** @returns {[Tab, string, (room: Room) => unknown][]} */
function tabs() {
  return [
    ["people", t("People"), peoplePanel],
    ["themes", t("Prompt and themes"), themesPanel],
    ["line", t("Private line"), linePanel],
    ["settings", t("Settings"), settingsPanel],
  ];
}

export function panels(/** @type {Room} */ room) {
  const all = tabs();
  const open = all.find(([tab]) => tab === room.ui.tab) ?? all[0];
  return html`<div class="card panels">
    <div class="tabs" role="tablist" aria-label=${t("Panels")} @keydown=${arrows}>
      ${all.map(
        ([tab, label]) => html`<button class="tab" type="button" role="tab" id="tab-${tab}"
        aria-selected=${tab === open[0]} aria-controls="panel" tabindex=${tab === open[0] ? 0 : -1}
        @click=${() => room.set({ tab })}>
        ${label} ${tab === "line" && open[0] !== "line" ? unread(room) : ""}</button>`,
      )}
    </div>
    <div class="panel" id="panel" role="tabpanel" aria-labelledby="tab-${open[0]}" tabindex="0">
      <h2 class="visually-hidden">${open[1]}</h2>
      ${cache(open[2](room))}</div>
  </div>`;
}

/** Left and right move between tabs and open them, as the pattern for tabs asks. */
function arrows(/** @type {KeyboardEvent} */ event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const all = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[role=tab]")];
  const at = all.indexOf(/** @type {Element} */ (document.activeElement));
  const to = /** @type {HTMLElement} */ (all[(at + by + all.length) % all.length]);
  to.focus();
  to.click();
}
