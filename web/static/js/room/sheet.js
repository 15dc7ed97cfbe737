/** The one dialog of the room, and its short contents: `ui.dialog` chooses, one at a time. */
import { html, when } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";
import { seated } from "./circle.js";
import { initials } from "./circle_geometry.js";
import { lineSheet } from "./private_line.js";
import { personSheet, removeSheet } from "./person_sheet.js";
import { confirmSheet } from "./confirm_sheet.js";
import { fromPage } from "./from_page.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Person} Person */
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

// Whether it closes by itself: for an offer ("taken"), or because whom it was about has left.
let unasked = false;

export function sheet(/** @type {Room} */ room) {
  const content = SHEETS[room.ui.dialog]?.(room);
  unasked = !content && room.ui.dialog !== "";
  if (unasked) room.ui.dialog = "";
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
  if (wanted || !dialog.open) return;
  dialog.close();
  // Under hands that type, or scroll: the next space must not press the button that opened it.
  if (unasked) /** @type {HTMLElement} */ (document.activeElement).blur();
}

function passSheet(/** @type {Room} */ room) {
  return {
    title: t("You can always pass"),
    body: html`<p>${t(
      "Nobody is waiting for you just now. When your turn comes, Pass is right here: " +
        "later, or not this round. You never need a reason, and the circle is not told.",
    )}</p>
      <button class="button primary" type="button" @click=${() => room.set({ dialog: "" })}>${t("All right")}</button>`,
  };
}

function leaveSheet(/** @type {Room} */ room) {
  const leave = async () => {
    room.set({ dialog: "" });
    await room.act("leave");
  };
  return {
    title: t("Leave quietly"),
    body: html`<p>${t("There is no sound and no announcement. Your place is given back.")}</p>
      <p>${t("If it is all a bit much, you can also stay and only listen.")}</p>
      <div class="buttons">
        <button class="button primary" type="button" @click=${leave}>${t("Leave")}</button>
        <button class="button" type="button" @click=${() => room.set({ dialog: "" })}>${t("Stay")}</button>
      </div>`,
  };
}

/** The circle as text: everybody in the order of their seats, and the facilitators. */
function peopleSheet(/** @type {Room} */ room) {
  const facilitators = (room.view.people ?? []).filter((p) => p.role === "facilitator");
  return {
    title: t("Who is here"),
    body: html`
      <h3>${t("Facilitators")}</h3>
      <ul class="names">${facilitators.map((p) => row(room, p))}</ul>
      <h3>${t("The circle")}</h3>
      <ol class="names">${seated(room).map((p) => row(room, p))}</ol>
      ${observers(room)}`,
  };
}

/** @param {Room} room @param {Person} person */
function row({ view, you }, person) {
  const words = [
    person.id === you.person && t("you"),
    view.turn?.person === person.id && (view.turn.state === "offered" ? t("asked now") : t("has the floor")),
    view.next?.[0] === person.id && t("next"),
    !person.present && t("away"),
  ].filter(Boolean);
  return html`<li class="name ${person.present ? "" : "is-away"}">
    <span class="disc" aria-hidden="true">${initials(person.name)}</span>
    <span>${person.name}</span>
    ${when(words.length, () => html`<span class="soft small">${words.join(", ")}</span>`)}
  </li>`;
}

export function observers(/** @type {Room} */ { view }) {
  const words =
    view.observers === 0
      ? t("Nobody observes.")
      : view.observers === 1
        ? t("One observer sees the stage and the clock, and nothing else.")
        : t("{n} observers see the stage and the clock, and nothing else.", { n: view.observers });
  return html`<p class="soft small">${words}</p>`;
}
