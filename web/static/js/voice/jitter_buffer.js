/**
 * One speaker's sound on its way out: waits for late frames, hides lost ones, never lags behind.
 *
 * Time is counted in samples. A frame that travelled fastest sets the pace: every sample is
 * played `target` after the moment in which it would have come that fast. The target follows
 * the worst lateness of the last seconds, between 150 and 600 ms. While little is known of the
 * way it is careful, so that a stall does not tear the first sentence.
 */
import { Concealment } from "./concealment.js";
import { Pace } from "./pace.js";
import { FRAME_SAMPLES, RATE } from "./voice_frame.js";

const ms = (/** @type {number} */ n) => (n * RATE) / 1000;
const MOST_BEHIND = ms(1000);
const RETURN = ms(5); // a voice that comes back does so without a click
const STEP = ms(10); // so much is left out of a pause at once
// A smaller gap to the target is not worth a cut: nobody hears it in a talk by turns, and every
// cut changes the rhythm of a voice.
const LATE_ENOUGH = ms(200);
const QUIET = 0.004; // full scale is 1: silence in any room
const PAUSE = 0.06; // of the loudest moment lately: breath and room, no voice
const SOFTLY = ms(2.5); // the two ends of a cut go over into each other

export class JitterBuffer {
  constructor() {
    /** @type {Map<number, Float32Array>} */
    this.frames = new Map();
    this.pace = new Pace();
    this.at = 0; // the next sample to play
    this.newest = 0; // the end of the newest frame
    this.heard_at = 0;
    this.playing = false;
    this.concealment = new Concealment();
    this.fade = 0; // samples since the voice came (back)
    this.loudest = 0; // of late
    /** @type {Record<string, number>} */
    this.stats = { played: 0, hidden: 0, lost: 0, starved: 0, skipped: 0 };
  }

  /** @param {number} sequence @param {Float32Array} samples @param {number} now */
  push(sequence, samples, now) {
    const start = sequence * FRAME_SAMPLES;
    const first = this.pace.unknown;
    if (!first && start < this.at) return; // its moment has gone
    this.pace.measure(now - start);
    this.frames.set(sequence, samples);
    this.loudest = Math.max(this.loudest * 0.99, samples.reduce((most, each) => Math.max(most, Math.abs(each)), 0));
    this.newest = Math.max(this.newest, start + FRAME_SAMPLES);
    this.heard_at = now;
    if (first) this.at = start;
    if (this.newest - this.at > MOST_BEHIND) this.skip();
  }

  /** Lets go of what lies too far back, and goes on near the newest. */
  skip() {
    this.at = Math.max(this.at, this.newest - this.target);
    this.pace.restart();
    this.stats.skipped += 1;
    this.fade = 0;
    this.forget();
  }

  forget() {
    for (const sequence of this.frames.keys()) {
      if ((sequence + 1) * FRAME_SAMPLES <= this.at) this.frames.delete(sequence);
    }
  }

  /** By how much we play later than we would have to. @param {number} now */
  late(now) {
    return now - this.pace.fastest - this.target - this.at;
  }

  /** Adds the next samples to `out`. @param {Float32Array} out @param {number} now */
  pull(out, now) {
    if (!this.playing) {
      const ready = this.newest > this.at && this.late(now) >= 0;
      if (!ready) return this.concealment.addTo(out);
      this.playing = true;
      this.fade = 0;
    }
    if (this.late(now) > LATE_ENOUGH) this.shorten(out.length);
    this.play(out);
  }

  /** Leaves a little of a pause out, so that the delay becomes what it has to be. @param {number} length */
  shorten(length) {
    const frame = this.frames.get(Math.floor(this.at / FRAME_SAMPLES));
    const from = this.at % FRAME_SAMPLES;
    if (!frame || from + STEP + length > FRAME_SAMPLES) return;
    const limit = Math.max(QUIET, this.loudest * PAUSE);
    for (let i = from; i < from + STEP + length; i += 1) if (Math.abs(frame[i]) > limit) return;
    for (let i = 0; i < SOFTLY; i += 1) {
      const share = i / SOFTLY;
      frame[from + STEP + i] = frame[from + i] * (1 - share) + frame[from + STEP + i] * share;
    }
    this.at += STEP;
  }

  /** @param {Float32Array} out */
  play(out) {
    for (let i = 0; i < out.length; ) {
      const sequence = Math.floor(this.at / FRAME_SAMPLES);
      const frame = this.frames.get(sequence);
      const from = this.at % FRAME_SAMPLES;
      const count = Math.min(out.length - i, FRAME_SAMPLES - from);
      if (frame) this.copy(frame.subarray(from, from + count), out, i);
      else if (this.newest <= this.at) return this.starve(out, i);
      else this.hide(out, i, count, from === 0);
      this.at += count;
      i += count;
      if (this.at % FRAME_SAMPLES === 0) this.frames.delete(sequence);
    }
  }

  /** @param {Float32Array} voice @param {Float32Array} out @param {number} at */
  copy(voice, out, at) {
    this.concealment.remember(voice);
    for (let i = 0; i < voice.length; i += 1) {
      const rise = this.fade < RETURN ? this.fade / RETURN : 1;
      out[at + i] += voice[i] * rise + (rise < 1 ? this.concealment.next() * (1 - rise) : 0);
      this.fade += 1;
    }
    if (this.fade >= RETURN) this.concealment.stop();
    this.stats.played += voice.length;
  }

  /** A frame is missing and later ones are there. @param {Float32Array} out @param {number} at @param {number} count @param {boolean} fresh */
  hide(out, at, count, fresh) {
    if (fresh) this.stats.lost += 1;
    this.stats.hidden += count;
    this.fade = 0;
    this.concealment.addTo(out.subarray(at, at + count));
  }

  /** Nothing is there: the voice fades, and waits until enough has come. @param {Float32Array} out @param {number} at */
  starve(out, at) {
    this.playing = false;
    this.fade = 0;
    this.stats.starved += 1;
    this.concealment.addTo(out.subarray(at));
  }

  get target() {
    return this.pace.target;
  }

  get buffered_ms() {
    return Math.max(0, Math.round(((this.newest - this.at) * 1000) / RATE));
  }
}
