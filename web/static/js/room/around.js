/** What the room changes around its own part of the page: the tab's title, the support card. */
import { t } from "../strings.js";
import { openAlerts } from "./alerts.js";

/** @typedef {import('./types.js').Room} Room */

/**
 * The card's call reaches facilitators, so they and observers see its helplines only; so does
 * everybody whose connection is over for good (`now` null, or closed): nobody would hear them.
 */
export function offerCall(
  /** @type {Room|null} */ now,
  /** @type {{show: (support: import('./types.js').Support|null, present: boolean) => void}} */ card,
) {
  const call = document.querySelector("#urgent-support [data-call]");
  const heard = now?.you.role === "participant" && now.link.state !== "closed";
  if (call instanceof HTMLElement && call.hidden === heard) call.hidden = !heard;
  if (now) card.show(now.you.support ?? null, now.view.facilitator_present !== false);
}

/** Written only when it is another: the page is made up anew for the same one, too, twice a second. */
export function entitle(/** @type {string} */ title) {
  if (document.title !== title) document.title = title;
}

/** The tab says what matters when the room is behind another one. */
export function titleOf(/** @type {Room} */ now) {
  const { view, you } = now;
  const title = view.title || "Thera-Peer";
  if (you.role === "facilitator" && openAlerts(now).length) return t("Support needed · {title}", { title });
  return view.turn?.person && view.turn.person === you.person ? t("Your turn · {title}", { title }) : title;
}
