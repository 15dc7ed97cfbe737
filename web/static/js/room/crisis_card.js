/** The crisis card: eight steps for a facilitator, folded until they are wanted. */
import { html } from "./lit.js";
import { t } from "../strings.js";

/** @typedef {import('./types.js').Room} Room */

export function crisisCard(/** @type {Room} */ { view }) {
  const on_call = view.on_call || t("the on-call contact");
  const steps = [
    t("Stay with the person: “I am glad you told us.”"),
    t("Hold the room if the circle heard it; say that nobody has to do anything."),
    t("Ask plainly whether they are safe now."),
    t("One facilitator goes to the private line or the phone; the other stays with the circle."),
    t("Danger: call {on_call}, or 112.", { on_call }),
    t("Say again what stays confidential and what cannot."),
    t("Close gently, earlier if needed."),
    t("Write no content down; put the person on the follow-up list."),
  ];
  return html`<details class="crisis"><summary>${t("Crisis card")}</summary>
    <ol>${steps.map((step) => html`<li>${step}</li>`)}</ol></details>`;
}
