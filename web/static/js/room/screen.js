/** Which screen stands in the room now: a pure choice of the newest view and the connection. */
import { html, nothing } from "./lit.js";
import { t } from "../strings.js";
import { circle, PROMPT_IN_CIRCLE } from "./circle.js";
import { stepper } from "./stepper.js";
import { myMoment } from "./my_moment.js";
import { bottomBar, gestureRow } from "./bottom_bar.js";
import { spokenWords, writeTurn } from "./spoken_words.js";
import { themesOf } from "./themes_panel.js";
import { calm, isCalm, notices } from "./notices.js";
import { bareHead, roomHead } from "./room_head.js";
import { sheet } from "./sheet.js";
import { alerts } from "./alerts.js";
import { knocking } from "./knocking.js";
import { facilitatorConsole } from "./console.js";
import { observerScreen } from "./observer.js";
import { atTheDoor, farewell } from "./farewell.js";
import { icon } from "./icon.js";
import { following, listening, mode } from "../voice/voice_parts.js";

/** @typedef {import('./types.js').Room} Room */

export function screen(/** @type {Room} */ room) {
  const { link, view, you } = room;
  if (link.code === 4102) return html`${bareHead()} ${farewell("ended")}`;
  // A call for support that nobody has taken outlives the session.
  if (view.stage === "ended") return html`${bareHead()} ${alerts(room)} ${notices(room)} ${farewell("ended")}`;
  if (link.state === "closed") return html`${bareHead()} ${farewell(link.code ?? 4100)}`;
  if (view.waiting) return html`${bareHead()} ${notices(room)} ${atTheDoor()}`;
  if (you.role === "observer")
    return html`<div class="room is-observer">${roomHead(room)} ${notices(room)} ${observerScreen(room)} ${sheet(room)}</div>`;
  return you.role === "facilitator" ? facilitatorRoom(room) : participantRoom(room);
}

function participantRoom(/** @type {Room} */ room) {
  return html`<div class="room is-participant">
    ${roomHead(room)} ${stepper(room)} ${notices(room)} ${listening(room)}
    <div class="room-body">
      <div class="room-circle">${corners(room)} ${circle(room)}</div>
      <div class="room-side">
        ${following(room)} ${mode(room)}
        ${spokenWords(room)}
        ${prompt(room)}
        ${isCalm(room) ? calm(room) : html`${writeTurn(room)} ${myMoment(room)}`}
        ${themesOf(room)}
      </div>
    </div>
    ${bottomBar(room)} ${sheet(room)}
  </div>`;
}

function facilitatorRoom(/** @type {Room} */ room) {
  return html`<div class="room is-facilitator">
    ${roomHead(room)} ${stepper(room)} ${alerts(room)} ${knocking(room)} ${notices(room)} ${listening(room)}
    <div class="room-body">
      <div class="room-circle">${corners(room)} ${circle(room)}
        ${following(room)} ${mode(room)} ${prompt(room)} ${spokenWords(room)} ${room.may("gesture") ? gestureRow(room) : nothing}</div>
      ${facilitatorConsole(room)}
    </div>
    ${sheet(room)}
  </div>`;
}

/** A prompt that is too long for the middle of the circle stands beside it in full. */
function prompt(/** @type {Room} */ { view }) {
  if (!view.prompt || view.prompt.length <= PROMPT_IN_CIRCLE) return nothing;
  return html`<p class="prompt">${view.prompt}</p>`;
}

/** The corners that a circle leaves free. */
function corners(/** @type {Room} */ room) {
  const open = (/** @type {string} */ dialog) => () => room.set({ dialog });
  return html`<div class="corners">
    <button class="corner" type="button" aria-haspopup="dialog" @click=${open("guidelines")}>
      ${icon("list")} <span>${t("Guidelines")}</span></button>
    <button class="corner" type="button" aria-haspopup="dialog" @click=${open("people")}>
      ${icon("users")} <span>${t("People")}</span></button>
  </div>`;
}
