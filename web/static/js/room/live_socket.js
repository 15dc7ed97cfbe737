/**
 * The room's socket: comes in with the pass, comes back by itself, loses no command.
 *
 * A command keeps its id for life. It is sent again, with that same id, when the answer was
 * `unknown` or the connection broke before one came: the server acts once per id.
 */

// Close codes of 4100 to 4199 mean: do not come back.
const FINAL_FROM = 4100;
const FINAL_TO = 4199;
// Ping every 10 s, and 5 s of patience: a socket that died in sleep is noticed within 15 s.
const PING_EVERY_MS = 10_000;
const PONG_PATIENCE_MS = 5_000;
// From the first knock to the first view; a network that swallows packets never answers.
const ENTRY_PATIENCE_MS = 10_000;
// First try after up to 0.5 s, then doubling; 8 s keeps a room of 35 from arriving at once.
const BACK_OFF_FROM_MS = 500;
const BACK_OFF_TO_MS = 8_000;
// An `unknown` is asked again after a second: the store needs about that long to return.
const ASK_AGAIN_MS = 1_000;
// Not stored by the server, so a late repetition would only be out of date.
const FLEETING = new Set(["write", "gesture"]);

/** @typedef {import('./types.js').Answer} Answer */
/** @typedef {{frame: string, fleeting: boolean, answer: (a: Answer) => void}} Pending */

/** How long to wait before try number `tries` (from 0): with jitter, so nobody is in step. */
export function backOff(/** @type {number} */ tries, random = Math.random) {
  const most = Math.min(BACK_OFF_TO_MS, BACK_OFF_FROM_MS * 2 ** tries);
  return most / 4 + random() * most * 0.75;
}

/** `crypto.randomUUID` would do, but browsers have it on HTTPS and loopback only. */
function freshId() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("-");
}

export class LiveSocket {
  /**
   * @param {string} url
   * @param {string} pass
   * @param {{frame: (frame: any) => void, link: (state: 'opening'|'open'|'lost'|'closed', code: number|null) => void}} on
   */
  constructor(url, pass, on) {
    this.url = url;
    this.pass = pass;
    this.on = on;
    this.tries = 0;
    this.ready = false;
    /** @type {Map<string, Pending>} */
    this.pending = new Map();
    /** @type {WebSocket|null} */
    this.socket = null;
    /** @type {Record<string, ReturnType<typeof setTimeout>|undefined>} */
    this.timers = {};
  }

  open() {
    this.close(); // two sockets of one person would replace each other
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.timers.patience = setTimeout(() => this.silent(), ENTRY_PATIENCE_MS);
    socket.onopen = () => this.socket === socket && socket.send(JSON.stringify({ pass: this.pass }));
    socket.onmessage = (event) => this.socket === socket && this.receive(JSON.parse(event.data));
    socket.onclose = (event) => this.socket === socket && this.lost(event.code);
  }

  /** Sends a command and answers when the server has; never twice under another id. */
  command(/** @type {string} */ name, /** @type {Record<string, unknown>} */ fields = {}) {
    const id = freshId();
    const frame = JSON.stringify({ ...fields, id, do: name });
    return new Promise((/** @type {(a: Answer) => void} */ answer) => {
      this.pending.set(id, { frame, fleeting: FLEETING.has(name), answer });
      if (this.ready) this.socket?.send(frame);
    });
  }

  /** Asks at once whether the line still lives: after sleep it may only look open. */
  wake() {
    if (this.ready) this.ping();
    else if (!this.socket && this.timers.again) this.open();
  }

  close() {
    this.ready = false;
    this.rest();
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  /** @param {any} frame */
  receive(frame) {
    if (frame.type === "view" && !this.ready) this.welcomed();
    if (frame.type === "pong") clearTimeout(this.timers.patience);
    if (frame.type === "done" || frame.type === "refused") this.answered(frame);
    if (frame.type === "unknown") setTimeout(() => this.resend(frame.id), ASK_AGAIN_MS);
    this.on.frame(frame);
  }

  welcomed() {
    this.ready = true;
    this.tries = 0;
    this.on.link("open", null);
    for (const [id, pending] of this.pending) {
      // The line broke, and for what is fleeting it is too late.
      if (!pending.fleeting) this.socket?.send(pending.frame);
      else if (this.pending.delete(id)) pending.answer({ kind: "dropped" });
    }
    this.ping();
  }

  /** @param {string} id */
  resend(id) {
    const pending = this.pending.get(id);
    if (pending && this.ready) this.socket?.send(pending.frame);
  }

  /** @param {{type: string, id: string, code?: string, message?: string}} frame */
  answered(frame) {
    const { answer } = this.pending.get(frame.id) ?? {};
    this.pending.delete(frame.id);
    if (frame.type === "done") answer?.({ kind: "done" });
    else answer?.({ kind: "refused", code: frame.code ?? "", message: frame.message ?? "" });
  }

  ping() {
    clearTimeout(this.timers.ping);
    clearTimeout(this.timers.patience);
    this.socket?.send(JSON.stringify({ ping: performance.now() }));
    this.timers.ping = setTimeout(() => this.ping(), PING_EVERY_MS);
    this.timers.patience = setTimeout(() => this.silent(), PONG_PATIENCE_MS);
  }

  /** A line without a pong is dead, whatever the browser still says of it. */
  silent() {
    const socket = this.socket;
    this.lost(1006);
    socket?.close();
  }

  rest() {
    Object.values(this.timers).forEach(clearTimeout);
    this.timers = {};
  }

  /** @param {number} code */
  lost(code) {
    this.socket = null;
    this.ready = false;
    this.rest();
    if (code >= FINAL_FROM && code <= FINAL_TO) return this.on.link("closed", code);
    this.on.link("lost", code);
    this.timers.again = setTimeout(() => this.open(), backOff(this.tries));
    this.tries += 1;
  }
}
