/**
 * The private line: a participant and the facilitators, never participants among each other.
 *
 * Nothing of it is kept: what is shown came over this connection since the page was opened.
 */
import { html, nothing, when } from "./lit.js";
import { formatTime, t } from "../strings.js";
import { icon } from "./icon.js";
import { seated } from "./circle.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Line} Line */

const LONGEST = 1000;

/** The participant's side, as a dialog. A facilitator writes from the console. */
export function lineSheet(/** @type {Room} */ room) {
  return {
    title: t("Write to the facilitator"),
    body: html`<p class="soft small">${t("Only facilitators read this. It is not kept.")}</p>
      ${lines(room, room.live.lines)}
      ${lineForm(room, null)}`,
  };
}

/** @param {Room} room @param {Line[]} said */
export function lines({ view, you }, said) {
  if (!said.length) return nothing;
  const nameOf = (/** @type {string|null} */ id) => view.people?.find((p) => p.id === id)?.name ?? "";
  return html`<div class="lines" role="log" tabindex="0" aria-label=${t("Private line")}><ol>
    ${said.map(
      (line) => html`<li class="line ${line.from === you.person ? "is-mine" : ""}">
      <span class="line-who">${line.from === you.person ? t("You") : line.name}
        ${when(line.to && line.to !== you.person, () => html`→ ${nameOf(line.to)}`)}
        · ${formatTime(line.at)}</span>
      <span class="line-text">${line.text}</span></li>`,
    )}
  </ol></div>`;
}

/** @param {Room} room @param {string|null} to a participant, when a facilitator writes */
export function lineForm(room, to) {
  const send = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    const text = field.value.trim();
    if (!text) return field.focus();
    const answer = await room.act("say_privately", to ? { text, to } : { text });
    if (answer.kind === "done") field.value = "";
  };
  const able = room.may("say_privately");
  return html`<form class="line-form" @submit=${send}>
    <div class="field">
      <label for="line-text">${t("Your message")}</label>
      <textarea class="textarea" id="line-text" name="text" rows="2" maxlength=${LONGEST}></textarea>
    </div>
    <button class="button primary" type="submit" aria-disabled=${!able}>${icon("send")} ${t("Send")}</button>
  </form>`;
}

/** The facilitator's side: all that came, and an answer to one person at a time. */
export function linePanel(/** @type {Room} */ room) {
  const said = room.live.lines;
  const people = seated(room);
  const last = [...said].reverse().find((line) => line.from !== room.you.person)?.from;
  const to = people.find((p) => p.id === room.ui.person)?.id ?? last ?? people[0]?.id;
  const choose = (/** @type {Event} */ event) =>
    room.set({ person: /** @type {HTMLSelectElement} */ (event.currentTarget).value });
  return html`${said.length ? lines(room, said) : html`<p class="soft">${t("Nobody has written. What is written here is not kept.")}</p>`}
    ${when(
      to,
      () => html`<div class="field">
        <label for="line-to">${t("To")}</label>
        <select class="select" id="line-to" @change=${choose}>
          ${people.map((p) => html`<option value=${p.id} ?selected=${p.id === to}>${p.name}</option>`)}
        </select>
      </div>
      ${lineForm(room, to)}`,
    )}`;
}
