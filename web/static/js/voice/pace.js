/** How late a voice is played: as late as its way needs, no later. Counted in samples. */
import { RATE } from "./voice_frame.js";

const ms = (/** @type {number} */ n) => (n * RATE) / 1000;
const SHORTEST = ms(150);
const LONGEST = ms(600);
const CAREFUL = ms(260); // one stall of 200 ms and its jitter
const KNOWN = 80; // frames: after five seconds the way is known
const SPARE = ms(30); // above the worst lateness seen: the next one may be a little worse
const REMEMBERED = 250; // frames: 15 s; a stall that has not come back for that long is over

export class Pace {
  constructor() {
    /** @type {number[]} how long each of the last frames took, less its own place in time */
    this.transits = [];
    this.fastest = 0;
    this.target = CAREFUL;
    this.measured = 0;
  }

  get unknown() {
    return this.transits.length === 0;
  }

  /** @param {number} transit */
  measure(transit) {
    this.transits.push(transit);
    if (this.transits.length > REMEMBERED) this.transits.shift();
    this.fastest = Math.min(...this.transits);
    const worst = Math.max(...this.transits) - this.fastest;
    this.measured += 1;
    const least = this.measured < KNOWN ? CAREFUL : SHORTEST;
    this.target = Math.min(LONGEST, Math.max(least, worst + SPARE));
  }

  /** The old pace is no longer to be had: the newest frame sets it anew. */
  restart() {
    this.transits = this.transits.slice(-1);
    this.measure(this.transits.pop() ?? 0);
  }
}
