/**
 * The sound of the room, for its page: loaded when the room carries any, silent until then.
 */

/** @typedef {import("../room/types.js").View} View */
/** @typedef {import("../room/types.js").You} You */
/** @typedef {import("./voice.js").Voice} Voice */
/** @typedef {import("./voice_state.js").VoiceState} VoiceState */

const AGAIN_MS = 2_000; // longer each time

/** @type {VoiceState} */
const SILENT = {
  carried: false,
  listening: "opening",
  microphone: "closed",
  level: 0,
  way: "voice",
  talks: false,
  poor: false,
  facilitator: false,
};

/** Whether sound comes to this person now. @param {View} view @param {You} you */
const isCarried = (view, you) =>
  !view.waiting && view.mode === "voice" && you.role !== "observer" && view.stage !== "ended";

export class RoomSound {
  /** @param {string} address of the voice socket @param {string} pass @param {() => void} changed */
  constructor(address, pass, changed) {
    this.given = { address, pass, changed };
    /** @type {Voice | null} */
    this.voice = null;
    this.loading = false;
    this.failed = 0;
    this.late = false; // it should be there, and is not
  }

  state() {
    return this.voice?.state() ?? { ...SILENT, poor: this.late };
  }

  /** @param {View} view @param {You} you @param {boolean} here whether the live socket is open */
  follow(view, you, here) {
    if (!isCarried(view, you)) return this.rest();
    if (this.voice) return this.voice.follow(view, you, here);
    if (!this.loading) void this.load();
  }

  async load() {
    this.loading = true;
    const { address, pass, changed } = this.given;
    // A page that could not get a module, or one that it imports, never asks for that address
    // again. The server has the same files in the folders of other versions.
    const from = this.failed ? `../../../${this.failed}/js/voice/voice.js` : "./voice.js";
    try {
      /** @type {typeof import("./voice.js")} */
      const { Voice } = await import(from);
      this.voice = new Voice(address, pass, changed);
    } catch {
      this.failed += 1;
      setTimeout(() => (this.loading = false), AGAIN_MS * this.failed);
    }
    this.late = !this.voice;
    changed();
  }

  rest() {
    this.voice?.rest();
    if (this.voice) this.loading = false;
    this.voice = null;
    this.late = false;
  }

  listen() {
    this.voice?.listen();
  }

  /** @param {"voice" | "text"} way */
  choose(way) {
    this.voice?.choose(way);
  }

  /** @param {boolean} on */
  talk(on) {
    this.voice?.talk(on);
  }

  wake() {
    this.voice?.wake();
  }
}
