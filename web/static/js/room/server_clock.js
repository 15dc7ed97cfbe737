/** The server's clock as this page knows it: a monotonic clock plus the best offset seen. */

// Of the last samples the one that travelled fastest is nearest the truth.
const SAMPLES = 8;

export class ServerClock {
  constructor(local = () => performance.now()) {
    this.local = local;
    /** @type {number[]} */
    this.offsets = [];
    /** @type {number|null} */
    this.stopped = null;
  }

  /** A frame said it was `now` when it left; the way here only ever makes it look older. */
  heard(/** @type {number} */ now) {
    this.offsets.push(now - this.local());
    if (this.offsets.length > SAMPLES) this.offsets.shift();
  }

  /** After sleep the page's own clock may have stood: what was known of it is worthless. */
  forget() {
    this.offsets = this.offsets.slice(-1);
  }

  /** While the service is away time does not exist for the room, so the screen's stands too. */
  stop() {
    this.stopped ??= this.now();
  }

  go() {
    this.stopped = null;
  }

  now() {
    if (this.stopped !== null) return this.stopped;
    return this.local() + (this.offsets.length ? Math.max(...this.offsets) : 0);
  }
}
