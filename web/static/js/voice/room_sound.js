/**
 * The sound of the room, for its page: loaded when the room carries any, silent until then.
 */

/** @typedef {import("../room/types.js").View} View */
/** @typedef {import("../room/types.js").You} You */
/** @typedef {import("./voice.js").Voice} Voice */
/** @typedef {import("./voice.js").VoiceState} VoiceState */

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
  }

  state() {
    return this.voice?.state() ?? SILENT;
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
    try {
      const { Voice } = await import("./voice.js");
      this.voice = new Voice(address, pass, changed);
    } catch {
      return; // an old browser: everything else goes on without sound
    }
    changed();
  }

  rest() {
    this.voice?.rest();
    if (this.voice) this.loading = false;
    this.voice = null;
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
