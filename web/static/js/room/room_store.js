/**
 * The state of the page: the newest view, the server's clock, what is relayed, what is open.
 *
 * The latest view replaces all before it. Nothing here knows a rule of the room.
 */
import { meet } from "./names.js";
import { ServerClock } from "./server_clock.js";
import { keysWanted } from "./shortcuts.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').You} You */

// A gesture is seen for six seconds after the last one of its kind.
const GESTURE_MS = 6_000;
// The private line keeps what a person can scroll through; the rest is let go.
const LINES_KEPT = 200;

/**
 * A loss is told again on each new line, and what has no answer yet is sent again.
 * @param {string[]} ids @param {string[]} missed @param {string[]} pending
 */
export function newlyLost(ids, missed, pending) {
  return ids.filter((id) => !missed.includes(id) && !pending.includes(id));
}

/** Private words of the last half minute are said again to who comes back. */
const isSame = (/** @type {any} */ a, /** @type {any} */ b) =>
  a.at === b.at && a.from === b.from && a.to === b.to && a.text === b.text;

export class RoomStore {
  constructor() {
    this.clock = new ServerClock();
    this.seen_at = 0;
    /** @type {string[]} */
    this.missed = [];
    /** @type {View|null} */
    this.view = null;
    /** @type {You|null} */
    this.you = null;
    /** @type {import('./types.js').Link} */
    this.link = { state: "opening", away: false, code: null };
    /** @type {import('./types.js').Live} */
    this.live = { texts: {}, gestures: {}, lines: [], notes: {}, hearing: null };
    /** @type {import('./types.js').Ui} */
    this.ui = {
      dialog: "",
      person: "",
      passing: false,
      gesturing: false,
      writing: false,
      tab: "people",
      script: 0,
      problem: "",
      read: 0,
      keys: keysWanted(),
      confirm: "",
      chosen: {},
      theme: "",
      heard: "",
      drafts: {},
    };
  }

  /** Takes in one frame of the server. */
  hear(/** @type {any} */ frame) {
    if (frame.type === "view") this.see(frame);
    if (frame.type === "pong" && typeof frame.now === "number") this.clock.heard(frame.now);
    if (frame.type === "store") this.standStill(frame.away === true);
    if (frame.type === "live") this.relayed(frame);
    if (frame.type === "alert" && frame.note) this.live.notes[frame.alert] = frame.note;
  }

  /** @param {import('./types.js').ViewFrame} frame */
  see({ now, view, you }) {
    const before = this.view;
    this.clock.heard(now);
    this.standStill(false);
    this.seen_at = now;
    meet(view);
    this.view = view;
    this.you = you;
    this.ui.chosen = {};
    if (before?.stage !== view.stage) this.ui.script = 0;
    if (before?.turn?.id !== view.turn?.id) this.turned(before?.turn ?? null);
    if (view.turn && view.turn.id !== before?.turn?.id) this.live.texts = this.ofTurn(view.turn.id);
  }

  /** Another turn, or none: what was opened for the one before is closed. */
  turned(/** @type {import('./types.js').Turn|null} */ before) {
    this.ui.passing = false;
    this.ui.gesturing = false; // on a phone it would cover what can be answered now
    this.ui.writing = false;
    if (before?.person) this.ui.heard = before.person;
    const turn = this.view?.turn;
    // An offer does not wait long, and a dialog would hide it.
    if (turn?.state === "offered" && turn.person === this.you?.person) this.ui.dialog &&= "taken";
  }

  /** Words of an older turn go with it; those of the new one may have come before the view. */
  ofTurn(/** @type {string|undefined} */ turn) {
    return Object.fromEntries(Object.entries(this.live.texts).filter(([, said]) => said.turn === turn));
  }

  /** While nobody keeps the time, no clock on the screen may go on. */
  standStill(/** @type {boolean} */ away) {
    this.link.away = away;
    if (away) this.broken();
    else this.clock.go();
  }

  broken() {
    this.clock.stop();
    const mine = this.live.texts[this.you?.person ?? ""];
    if (mine) mine.unheard = true;
  }

  /** @param {import('./types.js').Link['state']} state @param {number|null} code */
  linked(state, code) {
    this.link.state = state;
    this.link.code = code;
    if (state === "lost") this.broken();
    if (state === "open") this.clock.go();
  }

  /** Whether something of mine was lost that I was not told of. @param {string[]} ids @param {string[]} pending */
  isNews(ids, pending) {
    const news = newlyLost(ids, this.missed, pending);
    this.missed.push(...news);
    return news.length > 0;
  }

  /** @param {any} frame */
  relayed(frame) {
    if (frame.kind === "text") {
      // What I am typing is newer than what comes back of it.
      const typing = frame.person === this.you?.person && this.live.texts[frame.person]?.turn === frame.turn;
      if (!typing) this.live.texts[frame.person] = { turn: frame.turn, text: frame.text };
    }
    if (frame.kind === "gesture") {
      this.live.gestures[frame.gesture] = { count: frame.count, until: this.clock.now() + GESTURE_MS };
    }
    if (frame.kind === "hearing") this.live.hearing = frame;
    if (frame.kind === "line" && !this.live.lines.some((line) => isSame(line, frame))) {
      this.live.lines = [...this.live.lines, frame].slice(-LINES_KEPT);
    }
  }
}
