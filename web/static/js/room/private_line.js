/**
 * The private line: a participant and the facilitators, never participants among each other.
 *
 * Nothing of it is kept: what is shown came over this connection since the page was opened.
 */
import { html, live, nothing, when } from "./lit.js";
import { formatTime, t } from "../strings.js";
import { icon } from "./icon.js";
import { nameOf } from "./names.js";
import { seated } from "./circle.js";
import { trouble } from "./notices.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Line} Line */
/**
 * Private words that are not sent yet; `to`: for whom they were begun, or who was chosen.
 * @typedef {{text: string, to: string|null, sending: boolean}} Draft
 */

const LONGEST = 1000;

/** The participant's side, as a dialog. A facilitator writes from the console. */
export function lineSheet(/** @type {Room} */ room) {
  room.ui.read = room.live.lines.length; // what comes while it is open is read
  return {
    title: t("Write to the facilitator"),
    body: html`<p class="soft small">${t("Only facilitators read this. It is not kept.")}</p>
      ${when(!room.view.facilitator_present, nobodyReads)}
      ${lines(room, room.live.lines)}
      ${lineForm(room, null)}`,
  };
}

/** What is written to somebody who is not there is soon gone (server/sockets/recent_words.py). */
const nobodyReads = () =>
  html`<p class="notice">${icon("info")} ${t("Nobody is there to read it just now. It waits for half a minute, and is then gone.")}</p>`;

/** @param {Room} room @param {Line[]} said */
export function lines({ you }, said) {
  if (!said.length) return nothing;
  return html`<div class="lines" role="log" tabindex="0" aria-label=${t("Private line")}><ol>
    ${said.map(
      (line) => html`<li class="line ${line.from === you.person ? "is-mine" : ""}">
      <span class="line-who">${line.from === you.person ? t("You") : nameOf(line.from) || line.name}
        ${when(line.to && line.to !== you.person, () => html`→ ${nameOf(line.to)}`)}
        · ${formatTime(line.at)}</span>
      <span class="line-text">${line.text}</span></li>`,
    )}
  </ol></div>`;
}

/** @param {Room} room @param {string} key @returns {Draft} */
const draftOf = (room, key) => (room.ui.drafts[key] ??= { text: "", to: null, sending: false });

/**
 * What is typed is kept until it was sent, also while the form is closed.
 * @param {Room} room @param {string|null} to a participant, when a facilitator writes
 * @param {string} [key] the person, where the form is about one
 */
export function lineForm(room, to, key = "") {
  const draft = draftOf(room, key);
  const able = room.may("say_privately");
  const type = (/** @type {InputEvent} */ event) => {
    draft.text = /** @type {HTMLTextAreaElement} */ (event.currentTarget).value;
    draft.to = to; // whoever else writes now, this is for the one it was begun for
  };
  const send = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const { text } = draft;
    if (!able || draft.sending || !text.trim()) return;
    draft.sending = true;
    const answer = await room.act("say_privately", { text: text.trim(), to });
    draft.sending = false;
    if (answer.kind !== "done" || draft.text !== text) return; // what was typed since is not sent yet
    draft.text = ""; // and the next one is for the same person, whoever wrote meanwhile
  };
  return html`<form class="line-form" @submit=${send}>
    <div class="field">
      <label for="line-text${key}">${t("Your message")}</label>
      <textarea class="textarea" id="line-text${key}" rows="2" maxlength=${LONGEST}
        .value=${live(draft.text)} @input=${type}></textarea>
    </div>
    <p class="soft small" role="status">${able ? (draft.sending ? t("Sending…") : room.ui.problem) : trouble(room)}</p>
    <button class="button primary" type="submit" aria-disabled=${!able}>${icon("send")} ${to ? t("Send to {name}", { name: nameOf(to) }) : t("Send")}</button>
  </form>`;
}

/** The facilitator's side: all that came, and an answer to one person at a time. */
export function linePanel(/** @type {Room} */ room) {
  const said = room.live.lines;
  room.ui.read = said.length;
  const people = seated(room);
  const isHere = (/** @type {string} */ id) => people.some((p) => p.id === id);
  const last = [...said].reverse().find((line) => isHere(line.from))?.from;
  const begun = room.ui.drafts[""];
  // Words for somebody who has gone must not go to another; without any it is who wrote last.
  const to = (begun?.to && (begun.text || isHere(begun.to)) ? begun.to : last) ?? "";
  const isAway = people.some((p) => p.id === to && !p.present);
  const choose = (/** @type {Event} */ event) => {
    draftOf(room, "").to = /** @type {HTMLSelectElement} */ (event.currentTarget).value;
    room.set({});
  };
  return html`${said.length ? lines(room, said) : html`<p class="soft">${t("Nobody has written. What is written here is not kept.")}</p>`}
    ${when(
      people.length,
      () => html`<div class="field">
        <label for="line-to">${t("To")}</label>
        <select class="select" id="line-to" @change=${choose}>
          ${isHere(to) ? nothing : html`<option selected></option>`}
          ${people.map((p) => html`<option value=${p.id} .selected=${live(p.id === to)}>${p.name}${p.present ? "" : ` · ${t("away")}`}</option>`)}
        </select>
      </div>
      ${when(isAway, nobodyReads)}
      ${when(to, () => lineForm(room, to))}`,
    )}`;
}
