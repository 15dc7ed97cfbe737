/** What people are told while something is not as usual: calmly, in one place, never in red. */
import { html, nothing, when } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

const RUNNING = ["welcome", "introductions", "discussion", "close"];

/** The line about the connection or the facilitator; the first that is true. */
export function trouble(/** @type {Room} */ { link, view, you }) {
  if (link.state === "lost") return t("Connection lost. Your place is kept.");
  if (link.state === "open" && link.away)
    return t("We are reconnecting. The clock has stopped; nobody loses time.");
  if (view.held && you.role === "facilitator") return t("The room is held. Every clock stands.");
  const alone = !view.facilitator_present && !view.calm; // the calm screen says it in its own words
  if (you.role !== "facilitator" && alone && RUNNING.includes(view.stage)) {
    return t("Your facilitator is reconnecting. Please stay; nobody new is called meanwhile.");
  }
  return "";
}

/** One live region that is always there, so that what appears in it is spoken. */
export function notices(/** @type {Room} */ room) {
  const words = trouble(room);
  const broken = room.link.state !== "open" || room.link.away;
  return html`<div class="notices" role="status">
    ${when(words, () => html`<p class="notice"><span>${icon(broken ? "wifi-off" : "info")}</span> ${words}</p>`)}
    ${when(room.ui.problem, () => html`<p class="notice">${icon("info")} ${room.ui.problem}</p>`)}
    ${supported(room)}
  </div>`;
}

/** What became of my own call for support. */
function supported(/** @type {Room} */ { view, you }) {
  const support = you.support;
  if (!support) return nothing;
  if (support.state !== "taken") {
    const words = view.facilitator_present !== false // at the door nobody is told
      ? t("Your call is with the facilitators. The circle cannot see it.")
      : t("Your call waits: no facilitator is in the room just now. Phone numbers are under Urgent support.");
    return html`<p class="notice is-care">${icon("life-buoy")} ${words}</p>`;
  }
  const words = support.by
    ? t("{name} has seen it and is with you.", { name: support.by })
    : t("A facilitator has seen it.");
  return html`<p class="notice is-care">${icon("life-buoy")} ${words}</p>`;
}

/** Whether the calm screen takes the place of what one could do. */
export function isCalm(/** @type {Room} */ { view, you }) {
  return view.held || (view.calm === true && you.role !== "facilitator");
}

/** The calm screen: the room is held, or its facilitator has been away for long. */
export function calm(/** @type {Room} */ room) {
  return html`<section class="calm" data-region tabindex="-1" aria-label=${t("The room is held")}>
    <div class="calm-breath" aria-hidden="true"></div>
    <p class="calm-words">${calmWords(room)}</p>
  </section>`;
}

export const calmWords = (/** @type {Room} */ { view }) =>
  view.held
    ? t(
        "We are holding the room for a moment. You do not need to do anything. " +
          "If you like, breathe in for four, out for six.",
      )
    : t(
        "Your facilitator has not come back yet. You can stay, or leave quietly. " +
          "If you like, breathe in for four, out for six.",
      );
