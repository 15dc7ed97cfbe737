/** Whether what comes can be followed: judged from what the player tells twice a second. */

/** @typedef {{ played_ms: number, hidden_ms: number, lost: number, starved: number, skipped: number, buffer_ms: number }} Told */

const LOOKED_BACK = 16; // tellings: eight seconds
// One hole in eight seconds happens to everybody; a second one is noticed.
const HOLES = 2;
const LOST = 4;

export class Health {
  constructor() {
    /** @type {Told[]} */
    this.past = [];
  }

  /** @param {Told} told @returns {boolean} whether the connection cannot follow */
  poor(told) {
    const before = this.past[0] ?? told;
    this.past.push(told);
    if (this.past.length > LOOKED_BACK) this.past.shift();
    const holes = told.starved - before.starved;
    const lost = told.lost - before.lost;
    return holes >= HOLES || lost >= LOST || told.skipped > before.skipped;
  }
}
