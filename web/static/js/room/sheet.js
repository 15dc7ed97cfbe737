/** The one dialog of the room: what is in it is chosen by `ui.dialog`, one at a time. */
import { html, when } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";
import { leaveSheet, passSheet, peopleSheet } from "./small_sheets.js";
import { lineSheet } from "./private_line.js";
import { personSheet, removeSheet } from "./person_sheet.js";
import { confirmSheet } from "./confirm_sheet.js";
import { fromPage } from "./from_page.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {{title: string, body: unknown}} Sheet */

/** @type {Record<string, (room: Room) => Sheet|null>} */
const SHEETS = {
  guidelines: () => ({ title: t("Our guidelines"), body: fromPage("guidelines") }),
  leave: leaveSheet,
  pass: passSheet,
  people: peopleSheet,
  line: lineSheet,
  person: personSheet,
  remove: removeSheet,
  confirm: confirmSheet,
};

export function sheet(/** @type {Room} */ room) {
  const content = SHEETS[room.ui.dialog]?.(room);
  return html`<dialog id="sheet" aria-labelledby="sheet-title" @close=${() => room.set({ dialog: "" })}>
    ${when(
      content,
      (content) => html`
      <div class="dialog-head">
        <h2 id="sheet-title">${content.title}</h2>
        <button class="button plain" type="button" @click=${() => room.set({ dialog: "" })}>
          ${icon("x")} ${t("Close this")}</button>
      </div>
      ${content.body}`,
    )}
  </dialog>`;
}

/** Opens or closes the dialog as drawn; the browser gives the focus back where it came from. */
export function syncSheet(/** @type {ParentNode} */ root, /** @type {boolean} */ wanted) {
  const dialog = root.querySelector("#sheet");
  if (!(dialog instanceof HTMLDialogElement)) return;
  if (wanted && !dialog.open) dialog.showModal();
  if (!wanted && dialog.open) dialog.close();
}
