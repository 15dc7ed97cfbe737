/** The open microphone: from the first word of a turn to its fade. */
import { steps } from "./level.js";
import { letGo, openMicrophone } from "./microphone.js";
import { RATE } from "./voice_frame.js";
import { PRESSES } from "./voice_support.js";

/** @typedef {import("./microphone.js").Trouble | "gone"} Trouble */
/** @typedef {"closed" | "opening" | "open" | Trouble} Microphone */

const WORKLET = new URL("capture_worklet.js", import.meta.url).href;
const FADE_MS = 80;
/**
 * A way from the microphone into the worklet. Some browsers give a microphone at its own rate only.
 * @param {MediaStream} stream
 */
export async function listenTo(stream) {
  for (const options of [{ sampleRate: RATE }, {}]) {
    const context = new AudioContext(options);
    try {
      const source = context.createMediaStreamSource(stream);
      await context.audioWorklet.addModule(WORKLET);
      const node = new AudioWorkletNode(context, "voice-capture", { numberOfOutputs: 0 });
      source.connect(node);
      void context.resume();
      return { context, node };
    } catch {
      void context.close();
    }
  }
  return null;
}

export class Sending {
  /** @param {Worker} worker @param {() => void} changed */
  constructor(worker, changed) {
    this.worker = worker;
    this.changed = changed;
    /** @type {Microphone} */
    this.state = "closed";
    this.loudness = 0;
    this.level = 0; // of STEPS
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {{ context: AudioContext, node: AudioWorkletNode } | null} */
    this.way = null;
    this.wanted = 0; // counts openings: an older one that comes late is let go
    this.press = this.press.bind(this);
  }

  /** @param {number} turn number of the turn, 0 outside of one */
  async open(turn) {
    if (this.way) this.close(); // one that something else uses: perhaps another is free
    const mine = ++this.wanted;
    this.become("opening");
    const found = await openMicrophone();
    if (mine !== this.wanted) return "stream" in found && letGo(found.stream);
    if ("trouble" in found) return this.become(found.trouble);
    const way = await listenTo(found.stream);
    if (mine !== this.wanted || !way) {
      letGo(found.stream);
      void way?.context.close();
      return way ? undefined : this.become("busy");
    }
    this.stream = found.stream;
    this.way = way;
    this.send(turn);
    const [track] = found.stream.getAudioTracks();
    track.onended = () => mine === this.wanted && this.close("gone");
    track.onmute = track.onunmute = way.context.onstatechange = () => mine === this.wanted && this.look();
    for (const kind of PRESSES) document.addEventListener(kind, this.press);
    this.look();
  }

  /** A call on the phone mutes the microphone or interrupts its sound, and gives it back later. */
  look() {
    const muted = this.stream?.getAudioTracks()[0].muted;
    const runs = this.way?.context.state === "running";
    if (!muted && runs) this.become("open");
    else if (muted || this.state === "open") this.become("busy");
  }

  /** What does not come back by itself comes back with a press, as the loudspeaker does. */
  press() {
    this.way?.context.resume().catch(() => {}); // not while the call lasts
  }

  /** @param {number} turn */
  send(turn) {
    const way = this.way;
    if (!way) return;
    const { port1, port2 } = new MessageChannel();
    way.node.port.onmessage = ({ data }) => this.hear(data.level);
    way.node.port.postMessage({ line: port1 }, [port1]);
    this.worker.postMessage({ do: "send", port: port2, rate: way.context.sampleRate, turn }, [port2]);
  }

  /** Draws again only when the picture of it changes. @param {number} loudness */
  hear(loudness) {
    this.loudness = Math.max(loudness, this.loudness * 0.8);
    const level = steps(this.loudness);
    if (level === this.level) return;
    this.level = level;
    this.changed();
  }

  /** @param {Microphone} state what to say of it then */
  close(state = "closed") {
    this.wanted += 1;
    const { way, stream } = this;
    this.way = null;
    this.stream = null;
    this.level = this.loudness = 0;
    for (const kind of PRESSES) document.removeEventListener(kind, this.press);
    this.become(state);
    if (!way) return;
    way.node.port.onmessage = null;
    way.node.port.postMessage({ open: false });
    setTimeout(() => {
      letGo(stream);
      void way.context.close();
    }, FADE_MS);
  }

  /** @param {Microphone} state */
  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.changed();
  }
}
