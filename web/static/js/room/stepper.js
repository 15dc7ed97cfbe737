/** The four steps of a session, and where we are. */
import { html, nothing, when } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

/** @type {import('./types.js').Stage[]} */
const STEPS = ["welcome", "introductions", "discussion", "close"];

/** The stage's name as people read it. */
export function stageName(/** @type {import('./types.js').Stage} */ stage) {
  const names = {
    lobby: t("Lobby"),
    welcome: t("Welcome"),
    introductions: t("Introductions"),
    discussion: t("Discussion"),
    close: t("Close"),
    ended: t("Ended"),
  };
  return names[stage];
}

export function stepper(/** @type {Room} */ { view }) {
  const at = STEPS.indexOf(view.stage);
  return html`<nav class="steps" aria-label=${t("Where we are")}>
    <ol>
      ${STEPS.map(
        (stage, step) => html`<li class=${step < at ? "is-done" : step === at ? "is-now" : ""}
        aria-current=${step === at ? "step" : nothing}>
        <span class="step-dot" aria-hidden="true">${step < at ? icon("check") : nothing}</span>
        <span class="step-name">${stageName(stage)}</span>
        ${when(step < at, () => html`<span class="visually-hidden">${t("(done)")}</span>`)}
      </li>`,
      )}
    </ol>
  </nav>`;
}
