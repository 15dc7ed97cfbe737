/**
 * The urgent-support card: one press from every screen, helplines without a connection.
 *
 * The card itself is in the page (templates/parts/urgent.html), so it shows whatever the network
 * does. A live room plugs in the call to its facilitators:
 *
 *     const card = supportCard({ ask: (kind, note) => socket.ask(kind, note) });
 *     card.show(view.you.support, view.facilitator_present);   // on every new view
 *
 * `ask` answers "sent" once the server has it, or a sentence that says what to do instead.
 */
import { t } from "./strings.js";

/** @typedef {"now" | "after" | "leaving"} Kind */
/** @typedef {{ alert: string, kind: Kind, state: "open" | "loud" | "on_call" | "taken", by: string | null }} Support */
/** @typedef {(kind: Kind, note: string) => Promise<string>} Ask */

const SENT = () => t("Sent. The circle cannot see it; the facilitators can, and after a minute they are asked to call the person on call.");
const ALONE = () => t("Sent. No facilitator is in the room just now; they see it when they come. If you need someone now, please call one of the numbers here.");

/** @param {{ ask?: Ask }} [options] without `ask` the card shows helplines only */
export function supportCard({ ask } = {}) {
  const card = /** @type {HTMLDialogElement} */ (document.getElementById("urgent-support"));
  const call = /** @type {HTMLElement} */ (card.querySelector("[data-call]"));
  const note = /** @type {HTMLTextAreaElement} */ (card.querySelector("textarea"));
  const status = /** @type {HTMLElement} */ (card.querySelector("[data-call-status]"));

  let sending = 0;
  let shown = "";
  let isHeard = true; // by somebody who is in the room
  const sent = () => (isHeard ? SENT() : ALONE());

  /** @param {string} words */
  const say = (words) => {
    if (status.textContent === words) return;
    status.textContent = words;
    if (card.open) status.scrollIntoView({ block: "nearest" }); // small phones show half the card
  };

  function open() {
    if (!card.open) card.showModal();
  }

  /**
   * @param {Support | null} support the person's own call, from the newest view
   * @param {boolean} present whether a facilitator is in the room
   */
  function show(support, present) {
    isHeard = present;
    const news = support ? `${support.alert} ${support.state} ${support.by} ${present}` : "";
    if (!support || sending || news === shown) return; // what a newer press was told stays
    shown = news;
    if (support.state === "taken") {
      say(support.by ? t("{name} has seen it and is with you.", { name: support.by }) : t("A facilitator has seen it."));
    } else {
      say(sent());
    }
  }

  /** @param {Kind} kind */
  async function send(kind) {
    if (!ask) return;
    say(t("Sending…"));
    sending += 1;
    const answer = await ask(kind, note.value.trim());
    sending -= 1;
    if (answer !== "sent") return say(answer);
    note.value = "";
    say(sent());
  }

  call.hidden = !ask;
  call.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-kind]");
    if (button instanceof HTMLElement) void send(/** @type {Kind} */ (button.dataset.kind));
  });
  document.addEventListener("click", (event) => {
    const opener = event.target instanceof Element && event.target.closest("[data-urgent]");
    if (!opener) return;
    event.preventDefault(); // without JavaScript it is a link to /help
    open();
  });

  return { open, show, close: () => card.close() };
}
