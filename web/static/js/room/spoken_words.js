/** A text turn: the holder's words as they are written, and the field to write them. */
import { html, nothing } from "./lit.js";
import { t } from "../strings.js";
import { speaks } from "../voice/voice_parts.js";

/** @typedef {import('./types.js').Room} Room */

// The contract's longest text.
const LONGEST = 2000;
// Fast enough to read along, slow enough for a phone's radio and the flood limit.
const SEND_EVERY_MS = 350;

/** What the holder (and a facilitator) has written in this turn. */
export function spokenWords(/** @type {Room} */ room) {
  const { view, you, live } = room;
  const turn = turnOf(room);
  const texts = Object.entries(live.texts).filter(
    ([who, said]) => who !== you.person && said.text && said.turn === turn,
  );
  if (!texts.length) return nothing;
  return html`<section class="words" aria-label=${t("What is being written")}>
    ${texts.map(
      ([who, { text }]) => html`<div class="words-of">
      <p class="words-who">${view.people?.find((p) => p.id === who)?.name ?? ""}</p>
      <div class="words-text" tabindex="0"><p>${text}</p></div></div>`,
    )}
  </section>`;
}

/** @type {ReturnType<typeof setTimeout>|undefined} */
let waiting;

/** Sends the newest text at most every SEND_EVERY_MS; what was typed last always goes. */
function sendSoon(
  /** @type {Room} */ room,
  /** @type {string} */ turn,
  /** @type {HTMLTextAreaElement} */ field,
) {
  if (waiting) return;
  waiting = setTimeout(() => {
    waiting = undefined;
    if (room.live.texts[room.you.person]?.unheard) return; // goes with `writeAgain`
    void room.act("write", { turn, text: field.value.slice(0, LONGEST) });
  }, SEND_EVERY_MS);
}

/**
 * After a break sends again what I had written, as soon as I may write: no server keeps words
 * anywhere but in the memory of a process, and that process may be the one that ended.
 */
export function writeAgain(/** @type {Room} */ room) {
  const own = room.live.texts[room.you.person];
  if (!own?.unheard || own.turn !== turnOf(room) || !room.may("write")) return;
  own.unheard = false;
  void room.act("write", { turn: own.turn, text: own.text.slice(0, LONGEST) });
}

const turnOf = (/** @type {Room} */ { view }) => view.turn?.id ?? view.last_turn ?? "";

function label(/** @type {Room} */ { you, view }) {
  if (you.role === "facilitator") return t("Write to everyone");
  if (view.mode === "text") return t("Write here; everybody reads along");
  return t("Write, if you would rather not speak");
}

/** The field for who may write now. A new turn is a new, empty field; a break of the line is none. */
export function writeTurn(/** @type {Room} */ room) {
  const turn = turnOf(room);
  const own = room.live.texts[room.you.person];
  const begun = Boolean(own?.text) && own.turn === turn && room.view.turn?.person === room.you.person;
  if (!turn || !(room.may("write") || begun)) return nothing;
  if (speaks(room) && !room.ui.writing && own?.turn !== turn) return nothing;
  return html`<div class="field write">
    <label for="write-turn">${label(room)}</label>
    <textarea class="textarea" id="write-turn" rows="2" maxlength=${LONGEST}
      .value=${own?.turn === turn ? own.text : ""}
      @input=${(/** @type {InputEvent} */ event) => {
        const field = /** @type {HTMLTextAreaElement} */ (event.currentTarget);
        room.live.texts[room.you.person] = { ...own, turn, text: field.value };
        sendSoon(room, turn, field);
      }}></textarea>
  </div>`;
}
