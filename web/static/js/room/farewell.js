/** The last pages: ended, left, removed, replaced by another tab; helplines on each that needs them. */
import { html } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";
import { fromPage } from "./from_page.js";

/** @typedef {{title: string, words: string, here?: true}} Farewell */

/** @type {Record<string, () => Farewell>} by close code, or by what the person did */
const FAREWELLS = {
  left: () => ({
    title: t("You have left the circle."),
    words: t("Nobody was told. Thank you for being here."),
  }),
  4100: () => ({
    title: t("This tab has no place in the room."),
    words: t("Open the link of your session again. If you had a seat, it is kept."),
  }),
  4101: () => ({
    title: t("Your part in this session has ended."),
    words: t(
      "A facilitator has closed your place. If you would like to talk about it, " +
        "your counselling centre is there for you.",
    ),
  }),
  4102: () => ({
    title: t("This session has ended."),
    words: t("Thank you for coming. There will be other sessions."),
  }),
  4103: () => ({
    title: t("The connection was closed."),
    words: t("Something on this device sent what the room does not understand. Open your link again."),
  }),
  4104: () => ({
    title: t("The room is open somewhere else."),
    words: t("You have it open in another tab or on another device. Only one can be live."),
    here: true,
  }),
  4105: () => ({
    title: t("The facilitator did not open the door."),
    words: t("The session may be full, or meant for another group."),
  }),
  4106: () => ({
    title: t("This session has no observers today."),
    words: t("The facilitator can allow them. You can try again later."),
  }),
};
FAREWELLS[4107] = FAREWELLS.left;

export function farewell(/** @type {string|number} */ why) {
  if (why === "ended") return html`<section class="farewell">${fromPage("ended")}</section>`;
  const { title, words, here } = (FAREWELLS[why] ?? FAREWELLS[4100])();
  return html`<section class="farewell">
    <div class="farewell-mark" aria-hidden="true">${icon("door-open")}</div>
    <h1>${title}</h1>
    <p>${words}</p>
    ${here ? useItHere() : html`<h2>${t("If you need someone now")}</h2>${fromPage("helplines")}`}
  </section>`;
}

function useItHere() {
  return html`<button class="button primary large" type="button" @click=${() => location.reload()}>
    ${t("Use it here")}</button>`;
}

/** For somebody who knocks: what happens, and that nothing has to be done. */
export function atTheDoor() {
  return html`<section class="farewell">
    <div class="calm-breath" aria-hidden="true"></div>
    <h1>${t("You are at the door.")}</h1>
    <p>${t(
      "The facilitator will open it in a moment. " +
        "You do not need to do anything; this page goes on by itself.",
    )}</p>
  </section>`;
}
