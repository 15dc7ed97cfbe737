/**
 * The sound of a room, as the page sees it: follows the newest view, tells what is the case.
 *
 * The microphone is open while the server would pass our sound on, and not a moment longer.
 * Nothing here carries sound: that is done by the worker and two worklets.
 */
import { Loudspeaker } from "./loudspeaker.js";
import { chosen, choose } from "./microphone.js";
import { Sending } from "./sending.js";
import { mySpeakingTurn } from "./voice_state.js";
import { hasCodecs, hasSound, openWorker } from "./voice_support.js";

/** @typedef {import("../room/types.js").View} View @typedef {import("../room/types.js").You} You */

const NOTICED_MS = 1_500; // a way in, or back in, that is this short needs no words
const AGAIN_MS = 3_000;
const WORKING = new Set(["closed", "opening", "open"]);

export class Voice {
  /** @param {string} address of the voice socket @param {string} pass @param {() => void} changed */
  constructor(address, pass, changed) {
    this.address = address;
    this.pass = pass;
    this.changed = changed;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {Loudspeaker | null} */
    this.loudspeaker = null;
    /** @type {Sending | null} */
    this.sending = null;
    /** @type {number | null} the turn that the microphone is open for */
    this.turn = null;
    this.talks = false;
    this.poor = false;
    this.link = "opening";
    this.lost_at = performance.now();
    this.here = true;
    /** @type {number[]} seats that are heard */
    this.voices = [];
    this.wayOfTurn = chosen().way;
  }

  /** What is on the screen of it. @returns {import("./voice_state.js").VoiceState} */
  state() {
    const carried = this.link !== "closed";
    const waits = carried && this.link !== "open" && this.worker !== null;
    const away = waits && performance.now() - this.lost_at > NOTICED_MS;
    const microphone = this.sending?.state ?? "closed";
    return {
      carried,
      listening: hasSound() ? (this.loudspeaker?.state ?? "opening") : "none",
      microphone: away && microphone === "open" ? "opening" : microphone, // nobody hears it yet
      level: this.sending?.level ?? 0,
      way: this.wayOfTurn,
      talks: this.talks,
      poor: carried && (this.poor || away),
      facilitator: carried && this.voices.includes(0),
    };
  }

  /** @param {View} view @param {You} you @param {boolean} here whether the live socket is open */
  follow(view, you, here) {
    if (!this.worker) this.begin();
    // Only the live socket is asked whether it lives: what was lost under it was lost under ours.
    if (here && !this.here && this.link !== "closed") this.worker?.postMessage({ do: "renew" });
    this.here = here;
    this.loudspeaker?.hush(view.held && !this.voices.includes(0));
    const turn = here ? mySpeakingTurn(view, you) : null;
    this.open(you.role === "facilitator" ? (this.talks && here ? (view.turn?.number ?? 0) : null) : turn);
  }

  begin() {
    if (!hasSound()) return;
    const worker = openWorker();
    this.worker = worker;
    worker.onmessage = ({ data }) => this.told(data);
    // What goes wrong inside of it is an ErrorEvent; this is a script that could not be loaded.
    worker.onerror = (error) => error instanceof ErrorEvent || setTimeout(() => this.again(worker), AGAIN_MS);
    this.loudspeaker = new Loudspeaker(worker, this.changed);
    this.sending = new Sending(worker, () => this.microphoneChanged());
    void hasCodecs().then((codecs) => worker.postMessage({ do: "open", url: this.address, pass: this.pass, codecs }));
    void this.loudspeaker.open();
  }

  /** Starts anew. @param {Worker} worker that could not */
  again(worker) {
    if (worker !== this.worker) return; // another one has begun
    this.rest();
    this.begin();
    this.changed();
  }

  /** A facilitator's button lets go when there is no microphone; what is the matter stays to be read. */
  microphoneChanged() {
    const { talks, sending } = this;
    if (talks && sending && !WORKING.has(sending.state)) {
      this.talks = false;
      this.turn = null;
      sending.close(sending.state);
    }
    this.changed();
  }

  /** @param {any} data */
  told(data) {
    if (data.voices) this.voices = data.voices;
    if (data.poor !== undefined) this.poor = data.poor;
    if (data.link === "lost" && this.link !== "lost") this.lost_at = performance.now();
    this.link = data.link ?? this.link;
    this.changed();
  }

  /** Opens the microphone for a turn, or closes it. @param {number | null} turn */
  open(turn) {
    if (turn === this.turn) return;
    // A facilitator's press is one sending, also when a turn ends meanwhile.
    if (this.talks && turn !== null && this.turn !== null) return;
    this.turn = turn;
    if (turn === null) return this.sending?.close();
    this.wayOfTurn = chosen().way;
    if (this.talks || this.wayOfTurn === "voice") void this.sending?.open(turn);
  }

  /** Speaks or writes, for this turn and the next ones. @param {"voice" | "text"} way */
  choose(way) {
    choose({ way });
    this.wayOfTurn = way;
    if (way === "text") this.sending?.close();
    else if (this.turn !== null) void this.sending?.open(this.turn);
    this.changed();
  }

  /** A facilitator holds the button, or lets go of it. @param {boolean} on */
  talk(on) {
    if (on === this.talks) return;
    this.talks = on;
    if (!on) this.open(null);
    this.changed();
  }

  listen() {
    void this.loudspeaker?.press();
  }

  wake() {
    this.worker?.postMessage({ do: "wake" });
  }

  /** No sound is carried any more. */
  rest() {
    const { worker } = this;
    this.talks = false;
    this.open(null);
    if (!worker) return;
    worker.postMessage({ do: "close" });
    this.loudspeaker?.close();
    setTimeout(() => worker.terminate(), 500); // after the goodbye
    this.worker = this.loudspeaker = this.sending = null;
  }
}
