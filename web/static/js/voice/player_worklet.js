/** The loudspeaker's end: mixes the voices that come from the worker, each with a buffer. */
import { JitterBuffer } from "./jitter_buffer.js";
import { RATE } from "./voice_frame.js";

const scope = /** @type {any} */ (globalThis);
const TELL_EVERY = RATE / 2; // twice a second
const FORGOTTEN = RATE * 3; // a voice that has not come for so long has ended
const HUSH = RATE * 0.08; // a voice that is cut fades so fast

class Player extends scope.AudioWorkletProcessor {
  constructor() {
    super();
    /** @type {Map<string, JitterBuffer>} */
    this.streams = new Map();
    this.hushed = false;
    this.loudness = 1;
    this.told_at = 0;
    /** @type {MessagePort | null} to the worker */
    this.line = null;
    /** @type {Record<string, number>} of voices that have ended */
    this.past = { played: 0, hidden: 0, lost: 0, starved: 0, skipped: 0 };
    this.port.onmessage = (/** @type {MessageEvent} */ { data }) => {
      if (data.line) this.attach(data.line);
      if (data.hushed !== undefined) this.hushed = data.hushed;
    };
  }

  /** @param {MessagePort} line */
  attach(line) {
    this.line = line;
    line.onmessage = ({ data }) => {
      let stream = this.streams.get(data.stream);
      if (!stream) this.streams.set(data.stream, (stream = new JitterBuffer()));
      stream.push(data.sequence, data.samples, scope.currentFrame);
    };
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const now = scope.currentFrame;
    const [out, ...others] = outputs[0];
    for (const [name, stream] of this.streams) {
      stream.pull(out, now);
      if (now - stream.heard_at > FORGOTTEN) this.end(name, stream);
    }
    for (let i = 0; i < out.length; i += 1) {
      this.loudness = Math.min(1, Math.max(0, this.loudness + (this.hushed ? -1 : 1) / HUSH));
      out[i] = Math.max(-1, Math.min(1, out[i] * this.loudness));
    }
    for (const other of others) other.set(out);
    if (now - this.told_at >= TELL_EVERY) this.tell(now);
    return true;
  }

  /** @param {string} name @param {JitterBuffer} stream */
  end(name, stream) {
    for (const key of Object.keys(this.past)) this.past[key] += stream.stats[key];
    this.past.starved -= stream.playing ? 0 : 1; // the last silence is the end, no hole
    this.streams.delete(name);
  }

  /** @param {number} now */
  tell(now) {
    this.told_at = now;
    const all = [...this.streams.values()];
    const sum = (/** @type {string} */ key) => all.reduce((n, each) => n + each.stats[key], this.past[key]);
    this.line?.postMessage({
      played_ms: (sum("played") * 1000) / RATE,
      hidden_ms: (sum("hidden") * 1000) / RATE,
      lost: sum("lost"),
      // A voice that has just fallen silent may have ended: it counts when it has come back.
      starved: sum("starved") - all.filter((each) => !each.playing && each.stats.starved > 0).length,
      skipped: sum("skipped"),
      buffer_ms: Math.max(0, ...all.map((each) => each.buffered_ms)),
      target_ms: Math.max(0, ...all.map((each) => (each.target * 1000) / RATE)),
      voices: all.filter((each) => each.playing).length,
    });
  }
}

scope.registerProcessor("voice-player", Player);
