/**
 * The voice socket: comes in with the pass, comes back by itself, holds nothing back.
 *
 * What cannot go out now is not sent later: sound that is old is of no use to anybody.
 */

const FINAL_FROM = 4100;
const FINAL_TO = 4199;
const BACK_OFF_FROM_MS = 500;
const BACK_OFF_TO_MS = 8_000;
// About two seconds of sound; a line that is so far behind gets no more on top.
const MOST_WAITING = 8_000;

export class VoiceLine {
  /**
   * @param {string} url
   * @param {string} pass
   * @param {{ frame: (data: ArrayBuffer) => void, state: (state: "open" | "lost" | "closed", code: number) => void }} on
   */
  constructor(url, pass, on) {
    this.url = url;
    this.pass = pass;
    this.on = on;
    this.tries = 0;
    this.ready = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
  }

  open() {
    this.close(); // two sockets of one person would replace each other
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ pass: this.pass }));
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return;
      if (typeof data !== "string") return this.on.frame(data);
      if (JSON.parse(data).type === "ready") this.welcomed();
    };
    socket.onclose = ({ code }) => this.socket === socket && this.lost(code);
  }

  welcomed() {
    this.ready = true;
    this.tries = 0;
    this.on.state("open", 0);
  }

  /** @param {number} code */
  lost(code) {
    this.socket = null;
    this.ready = false;
    if (code >= FINAL_FROM && code <= FINAL_TO) return this.on.state("closed", code);
    this.on.state("lost", code);
    const most = Math.min(BACK_OFF_TO_MS, BACK_OFF_FROM_MS * 2 ** this.tries);
    this.tries += 1;
    this.again = setTimeout(() => this.open(), most / 4 + Math.random() * most * 0.75);
  }

  /** Sends now or never. @param {Uint8Array | string} data */
  send(data) {
    if (!this.socket || !this.ready || this.socket.bufferedAmount > MOST_WAITING) return;
    this.socket.send(/** @type {string} */ (data));
  }

  /** The network has changed: a socket from before may only look open. */
  renew() {
    this.close();
    this.on.state("lost", 1006);
    this.open();
  }

  close() {
    clearTimeout(this.again);
    this.ready = false;
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }
}
