/**
 * One sentence about me, the one thing to do now as a large button, and Pass always beside it.
 *
 * Which commands live is the server's word alone (`you.may`); this only chooses the words.
 */
import { html, nothing, when } from "./lit.js";
import { formatMinutes, formatTime, t, tn } from "../strings.js";
import { offerSeconds, readTurn } from "./clock.js";
import { icon } from "./icon.js";
import { myMicrophone } from "../voice/voice_parts.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {{label: string, icon: string, command: string, fields?: Record<string, unknown>}} Deed */

const isHeard = (/** @type {Room} */ { link }) => link.state === "open" && !link.away;
const mineNow = (/** @type {Room} */ { view, you }) => view.turn?.person === you.person;

let shown = "";

/** An offer lasts for seconds: on a low screen, or one just turned, nobody should have to look for it. */
function show(/** @type {Room} */ room) {
  const mine = mineNow(room) ? `${room.view.turn?.id} ${innerWidth}` : "";
  if (mine && mine !== shown)
    requestAnimationFrame(() => document.querySelector(".moment-deeds")?.scrollIntoView({ block: "nearest" }));
  shown = mine;
}

export function myMoment(/** @type {Room} */ room) {
  show(room);
  return html`<section class="moment ${mineNow(room) ? "is-mine" : ""}" aria-label=${t("My moment")}
      data-region tabindex="-1">
    <p class="moment-sentence">${sentence(room)}</p>
    ${when(
      isHeard(room),
      () => html`${hint(room)} ${myMicrophone(room)}
      <div class="moment-deeds">${mainButton(room)} ${passing(room)}</div>`,
    )}
  </section>`;
}

/** The one thing to do now. */
function mainButton(/** @type {Room} */ room) {
  return when(
    theDeed(room),
    (deed) => html`<button class="button primary large moment-main" type="button"
      @click=${() => room.act(deed.command, deed.fields)}>${icon(deed.icon)} ${deed.label}</button>`,
  );
}

/** Pass, or what it can mean; before the session there is nothing to pass. */
function passing(/** @type {Room} */ room) {
  const offered = mineNow(room) && room.view.turn?.state === "offered";
  if (offered || room.ui.passing) return passChoices(room, offered);
  return room.view.stage === "lobby" ? nothing : passButton(room);
}

/** @returns {Deed|null} */
function theDeed(/** @type {Room} */ { view, may }) {
  const turn = view.turn?.id;
  if (may("start_turn")) return { label: t("Start"), icon: "play", command: "start_turn", fields: { turn } };
  if (may("finish_turn"))
    return { label: t("I am done"), icon: "check", command: "finish_turn", fields: { turn } };
  if ((view.stage === "discussion" || view.volunteers) && may("raise_hand"))
    return { label: t("Ask to speak"), icon: "hand", command: "raise_hand" };
  return null;
}

function passButton(/** @type {Room} */ room) {
  return html`<button class="button moment-pass" type="button" aria-expanded="false"
    @click=${() => room.set(room.may("pass") ? { passing: true } : { dialog: "pass" })}>${t("Pass")}</button>`;
}

/** @param {Room} room @param {boolean} offered */
function passChoices(room, offered) {
  const turn = mineNow(room) ? { turn: room.view.turn?.id } : {};
  const pass = (/** @type {string} */ kind) => async () => {
    room.set({ passing: false });
    await room.act("pass", { kind, ...turn });
  };
  return html`<div class="pass-choices" role="group" aria-label=${t("Pass")}>
    <button class="button" type="button" @click=${pass("later")}>${t("Later")}</button>
    <button class="button" type="button" @click=${pass("not_this_round")}>${t("Not this round")}</button>
    ${
      offered
        ? nothing
        : html`<button class="button plain" type="button"
      @click=${() => room.set({ passing: false })}>${t("Keep my place")}</button>`
    }
  </div>`;
}

/** The one sentence. */
export function sentence(/** @type {Room} */ room) {
  const { view, you, now, age_ms } = room;
  if (view.stage === "lobby") return t("You are here. We begin together in a moment.");
  if (view.stage === "welcome") return t("Nothing to do now. Listen, and arrive.");
  if (mineNow(room)) return mySentence(room);
  if (you.silenced) return t("The facilitator is taking a moment before you are called again.");
  if (typeof you.position === "number")
    return queueSentence(you.position, waitNow(you.wait_ms ?? null, runs(view) ? age_ms : 0));
  if (view.stage === "introductions" && you.standing === "later")
    return t("You said later. You will be asked once more.");
  if (you.standing === "spoke")
    return view.stage === "discussion" ? t("Thank you. Ask again whenever you like.") : t("Thank you.");
  if (you.standing === "passed") return t("Thank you for being here. You can simply listen.");
  if (view.volunteers) return t("Whoever would like to speak now, asks. Listening is just as welcome.");
  if (readTurn(view.turn, now)) return t("You are listening.");
  if (view.stage === "discussion")
    return t("If you would like to speak, ask. Listening is just as welcome.");
  if (view.stage === "close") return t("We are coming to the end.");
  return t("A moment of quiet.");
}

function mySentence(/** @type {Room} */ room) {
  const { view, now } = room;
  if (!isHeard(room)) return t("Your turn waits for you.");
  const reading = readTurn(view.turn, now);
  if (reading?.phase === "offered") return t("It is your turn, whenever you are ready.");
  if (reading?.phase === "held")
    return view.held
      ? t("The room is held. Your time is kept.")
      : t("You are back. Start when you are ready.");
  if (reading?.phase === "grace") return t("Please finish your sentence.");
  if (reading?.phase === "cue") return t("A few seconds left.");
  return t("Take your time.");
}

// An estimate is as of its view; while a clock runs it becomes shorter by itself.
const runs = (/** @type {import('./types.js').View} */ { turn, held }) =>
  !held && turn !== null && turn.state !== "held";

/** @param {number|null} wait_ms @param {number} passed_ms */
function waitNow(wait_ms, passed_ms) {
  return wait_ms === null ? null : Math.max(0, wait_ms - passed_ms);
}

/** @param {number} position @param {number|null} wait */
function queueSentence(position, wait) {
  if (position === 0) return t("You are next.");
  const before = tn("{n} before you", "{n} before you", position);
  if (wait === null) return t("{before}.", { before });
  return t("{before}, {minutes}.", { before, minutes: formatMinutes(wait) });
}

/** A quieter second line: what happens by itself, and what it is about. */
function hint(/** @type {Room} */ room) {
  const { view } = room;
  if (view.stage === "lobby" && view.stage_ends_at) {
    return html`<p class="moment-hint">${t("Planned start: {time}", { time: formatTime(view.stage_ends_at) })}</p>`;
  }
  const seconds = mineNow(room) ? offerSeconds(view.turn, room.now) : null;
  return seconds === null
    ? nothing
    : html`<p class="moment-hint">${t("You can also wait; then we go on.")}</p>`;
}
