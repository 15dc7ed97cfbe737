/**
 * What the circle says, made audible. Browsers want one press on the page before: iOS always,
 * others after a reload.
 */
import { RATE } from "./voice_frame.js";
import { PRESSES } from "./voice_support.js";

/** @typedef {"opening" | "press" | "on" | "none"} Listening */

const WORKLET = new URL("player_worklet.js", import.meta.url).href;
const PATIENCE_MS = 500;

export class Loudspeaker {
  /** @param {Worker} worker @param {() => void} changed */
  constructor(worker, changed) {
    this.worker = worker;
    this.changed = changed;
    /** @type {Listening} */
    this.state = "opening";
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AudioWorkletNode | null} */
    this.node = null;
    this.hushed = false;
    this.press = this.press.bind(this);
  }

  /** Plays at once where that is allowed, else with the next press, wherever it is. */
  async open() {
    if (navigator.userActivation?.hasBeenActive ?? false) await this.press();
    if (this.state === "opening") this.become("press");
  }

  async press() {
    if (this.state === "on" || this.state === "none") return;
    try {
      this.context ??= await this.build();
      // Within a press it starts; without one it waits for ever, and a later press starts it.
      await Promise.race([this.context.resume(), new Promise((over) => setTimeout(over, PATIENCE_MS))]);
      this.look();
    } catch (error) {
      const lost = /** @type {Error} */ (error).name === "AbortError"; // on its way: the next press asks again
      if (lost) void this.context?.close();
      if (lost) this.context = null;
      this.become(lost ? "press" : "none");
    }
  }

  async build() {
    const context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    context.onstatechange = () => this.look();
    this.context = context;
    void context.resume(); // while this still counts as the press
    await context.audioWorklet.addModule(WORKLET);
    const { port1, port2 } = new MessageChannel();
    this.node = new AudioWorkletNode(context, "voice-player", { numberOfInputs: 0, outputChannelCount: [1] });
    this.node.port.postMessage({ line: port1, hushed: this.hushed }, [port1]);
    this.node.connect(context.destination);
    this.worker.postMessage({ do: "player", port: port2 }, [port2]);
    return context;
  }

  look() {
    if (!this.node) return;
    // A call on the phone interrupts the sound; it comes back by itself or with a press.
    this.become(this.context?.state === "running" ? "on" : "press");
  }

  /** @param {Listening} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.worker.postMessage({ do: "listen", on: state === "on" });
    for (const kind of PRESSES) {
      if (state === "press") document.addEventListener(kind, this.press);
      else document.removeEventListener(kind, this.press);
    }
    this.changed();
  }

  /** The room is held: the voices fade, and come back with it. @param {boolean} hushed */
  hush(hushed) {
    if (hushed === this.hushed) return;
    this.hushed = hushed;
    this.node?.port.postMessage({ hushed });
  }

  close() {
    for (const kind of PRESSES) document.removeEventListener(kind, this.press);
    if (!this.context) return;
    this.context.onstatechange = null;
    void this.context.close();
  }
}
