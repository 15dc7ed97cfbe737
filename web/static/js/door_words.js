/** Every refusal at the door: what is, then what can be done. */
import { t } from "./strings.js";

/** @typedef {{ title: string, advice: string, again: boolean }} Words */

/** @param {string} contact who gives out links, or "" */
const askForLink = (contact) =>
  contact
    ? t("Ask for a new one at {contact}.", { contact })
    : t("Ask for a new one where you got it from.");

/** @type {Record<string, (contact: string) => Words>} by the code of the refusal */
const WORDS = {
  no_link: (contact) => ({
    title: t("There is no link here yet."),
    advice: `${t("Open the link that you were given for your session.")} ${askForLink(contact)}`,
    again: false,
  }),
  no_storage: () => ({
    title: t("This browser lets our page remember nothing."),
    advice: t("Please allow cookies and site data for this address, then open your link again."),
    again: false,
  }),
  link_invalid: (contact) => ({
    title: t("This link is no longer valid."),
    advice: askForLink(contact),
    again: false,
  }),
  removed: () => ({
    title: t("You cannot come back into this session."),
    advice: t("If you need someone to talk to, press Urgent support. The counselling centre is there for you too."),
    again: false,
  }),
  full: () => ({
    title: t("All places are taken."),
    advice: t("If somebody leaves, their place becomes free: try again in a few minutes. There will be other sessions."),
    again: true,
  }),
  ended: () => ({
    title: t("This session has ended."),
    advice: t("Thank you for coming. There will be other sessions."),
    again: false,
  }),
  observers_off: () => ({
    title: t("This session has no observers today."),
    advice: t("The facilitator can allow them. You can try again later."),
    again: true,
  }),
};

/** What passes by itself: no line, no store, a defect. @type {Words} */
export const AWAY = {
  title: t("We cannot reach the room at the moment."),
  advice: t("Look whether you are connected, then try again. A place that you had is kept."),
  again: true,
};

/**
 * @param {string} code
 * @param {string} contact
 * @returns {Words}
 */
export function wordsFor(code, contact) {
  return WORDS[code]?.(contact) ?? AWAY;
}
