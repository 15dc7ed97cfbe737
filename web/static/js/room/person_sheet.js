/** What a facilitator can do with one person: the floor, the order, a boundary, a private word. */
import { html } from "./lit.js";
import { t } from "../strings.js";
import { icon } from "./icon.js";
import { lineForm, lines } from "./private_line.js";
import { standingWords } from "./people_panel.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Person} Person */

const about = (/** @type {Room} */ { view, ui }) => view.people?.find((p) => p.id === ui.person);

export function personSheet(/** @type {Room} */ room) {
  const person = about(room);
  if (!person) return null;
  const said = room.live.lines.filter((line) => line.from === person.id || line.to === person.id);
  const boundaries = html`<div class="deeds">${deeds(room, person)}</div>`;
  const words = html`<h3>${t("Write privately")}</h3>
    ${lines(room, said)} ${lineForm(room, person.id, person.id)}`;
  // Who called for support is written to first.
  const calls = room.view.alerts?.some((alert) => alert.person === person.id);
  return {
    title: person.name,
    body: html`<p class="soft">${standingWords(room, person)}</p>
      ${calls ? [words, boundaries] : [boundaries, words]}`,
  };
}

/** The buttons that live now, from the kindest to the last resort. */
function deeds(/** @type {Room} */ room, /** @type {Person} */ person) {
  const { may } = room;
  const next = room.view.next ?? [];
  const place = next.indexOf(person.id);
  const act =
    (/** @type {string} */ command, /** @type {Record<string, unknown>} */ more = {}) =>
    () => {
      room.set({ dialog: "" });
      void room.act(command, { person: person.id, ...more });
    };
  const give = person.silenced ? t("Give the floor and lift the silence") : t("Give the floor next");
  return [
    may("give_floor") && deed("mic", give, act("give_floor"), "primary"),
    may("move") && place > 0 && deed("arrow-up", t("Move one place up"), act("move", { to: place - 1 })),
    may("move") &&
      place >= 0 &&
      place < next.length - 1 &&
      deed("arrow-down", t("Move one place down"), act("move", { to: place + 1 })),
    may("silence") && !person.silenced && deed("volume-x", t("Silence"), act("silence")),
    may("remove") && deed("user-x", t("Remove"), () => room.set({ dialog: "remove" })),
  ].filter(Boolean);
}

/** @param {string} name @param {string} label @param {() => void} press */
function deed(name, label, press, look = "") {
  return html`<button class="button ${look}" type="button" @click=${press}>${icon(name)} ${label}</button>`;
}

/** Removing asks twice, and asks why. */
export function removeSheet(/** @type {Room} */ room) {
  const person = about(room);
  if (!person) return null;
  const remove = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const reason = String(new FormData(form).get("reason") ?? "").trim();
    room.set({ dialog: "" });
    await room.act("remove", { person: person.id, reason });
  };
  return {
    title: t("Remove {name}?", { name: person.name }),
    body: html`<p>${t(
      "Their turn ends, their connection closes and this browser cannot come back. " +
        "From then on newcomers knock.",
    )}</p>
      <form @submit=${remove}>
        <div class="field">
          <label for="remove-reason">${t("Reason")}</label>
          <p class="hint" id="remove-hint">${t("A few words for the record. Nothing that was said.")}</p>
          <input class="input" id="remove-reason" name="reason" required maxlength="200" autocomplete="off"
            aria-describedby="remove-hint">
        </div>
        <div class="buttons">
          <button class="button primary" type="submit">${icon("user-x")} ${t("Remove")}</button>
          <button class="button" type="button" @click=${() => room.set({ dialog: "" })}>${t("Keep")}</button>
        </div>
      </form>`,
  };
}
