/**
 * Fills a hole in a voice: its last period goes on, and fades within a moment.
 *
 * Sixty milliseconds of a held vowel are not noticed; longer would sound like a machine.
 */
import { RATE } from "./voice_frame.js";

const KEPT = Math.round(RATE * 0.05);
const SHORTEST_PERIOD = Math.round(RATE / 400);
const LONGEST_PERIOD = Math.round(RATE / 70);
const COMPARED = Math.round(RATE * 0.015);
const STRIDE = 4; // a fourth of the samples tells the period as well
const FULL = Math.round(RATE * 0.02);
const FADED = Math.round(RATE * 0.09);

export class Concealment {
  constructor() {
    this.past = new Float32Array(KEPT);
    this.period = 0; // 0: not filling anything
    this.at = 0;
  }

  /** @param {Float32Array} voice what was just played */
  remember(voice) {
    const fresh = voice.subarray(Math.max(0, voice.length - KEPT));
    this.past.copyWithin(0, fresh.length);
    this.past.set(fresh, KEPT - fresh.length);
  }

  /** @param {Float32Array} out */
  addTo(out) {
    for (let i = 0; i < out.length; i += 1) {
      if (this.at >= FADED) return;
      out[i] += this.next();
    }
  }

  /** The next sample of the fill. */
  next() {
    if (this.at >= FADED) return 0;
    if (!this.period) this.period = this.findPeriod();
    const sample = this.past[KEPT - this.period + (this.at % this.period)];
    const left = this.at < FULL ? 1 : 1 - (this.at - FULL) / (FADED - FULL);
    this.at += 1;
    return sample * left;
  }

  /** The voice is there again. */
  stop() {
    this.period = 0;
    this.at = 0;
  }

  /** The distance at which the last moment resembles itself most. */
  findPeriod() {
    let best = LONGEST_PERIOD;
    let most = 0;
    for (let period = SHORTEST_PERIOD; period <= LONGEST_PERIOD; period += STRIDE) {
      let alike = 0;
      let loud = 1e-9;
      for (let i = KEPT - COMPARED; i < KEPT; i += STRIDE) {
        alike += this.past[i] * this.past[i - period];
        loud += this.past[i - period] ** 2;
      }
      const match = alike / Math.sqrt(loud);
      if (match > most) {
        most = match;
        best = period;
      }
    }
    return best;
  }
}
