/**
 * The voice's own thread: socket, encoding, decoding. The page only says when.
 *
 * Sound comes from the microphone's worklet and goes to the player's worklet through ports of
 * their own, so nothing that the page does can make it stutter.
 */
import { openDecoder, prepareDecoder } from "./decoder.js";
import { openEncoder, prepareEncoder } from "./encoder.js";
import { Health } from "./health.js";
import { freshSequence, packFrame, streamOf, unpackFrame } from "./voice_frame.js";
import { VoiceLine } from "./voice_line.js";

/** @typedef {import("./decoder.js").Decoder} Decoder */

const REPORT_EVERY_MS = 2_500; // the server takes one in two seconds
const FORGOTTEN_MS = 1_500; // a voice that has paused for so long has ended
const LOOK_EVERY_MS = 500;

/** @type {VoiceLine | undefined} */
let line;
/** @type {MessagePort | undefined} */
let player;
let codecs = false;
let listening = false;
let poor = false;
let reported = "";
let health = new Health();
/** @type {import("./health.js").Told | undefined} */
let told;
/** @type {Map<string, { decoder: Decoder, seat: number, heard_at: number }>} */
const streams = new Map();

const tell = (/** @type {object} */ what) => globalThis.postMessage(what);

/** @param {ArrayBuffer} data */
function heard(data) {
  const frame = unpackFrame(data);
  if (!frame || !listening) return;
  const name = streamOf(frame);
  const stream = streams.get(name) ?? begin(name, frame.seat);
  stream.heard_at = performance.now();
  stream.decoder.decode(frame.sequence, frame.packet);
}

/** @param {string} name @param {number} seat */
function begin(name, seat) {
  const decoder = openDecoder(codecs, (sequence, samples) =>
    player?.postMessage({ stream: name, sequence, samples }, [samples.buffer]),
  );
  const stream = { decoder, seat, heard_at: 0 };
  streams.set(name, stream);
  tellVoices();
  return stream;
}

const tellVoices = () => tell({ voices: [...streams.values()].map((each) => each.seat) });

function forget() {
  const now = performance.now();
  const before = streams.size;
  for (const [name, stream] of streams) {
    if (now - stream.heard_at < FORGOTTEN_MS) continue;
    stream.decoder.close();
    streams.delete(name);
  }
  if (streams.size !== before) tellVoices();
}

function report() {
  const hearing = listening && !poor;
  const words = JSON.stringify({ hearing, buffer_ms: Math.round(told?.buffer_ms ?? 0), lost: told?.lost ?? 0 });
  if (streams.size > 0 || String(hearing) !== reported) line?.send(words);
  if (line?.ready) reported = String(hearing);
}

/** What the player has to say of itself. @param {MessageEvent} event */
function played({ data }) {
  told = data;
  const now = health.poor(data);
  if (now !== poor) tell({ poor: now });
  poor = now;
}

/** Sends what a microphone gives, until it ends. @param {{ port: MessagePort, rate: number, turn: number }} given */
async function send({ port, rate, turn }) {
  let sequence = freshSequence();
  const encoder = await openEncoder(codecs, rate, (packet) => {
    const frame = packFrame(turn, sequence, packet);
    sequence += 1;
    if (frame) line?.send(frame);
  });
  port.onmessage = ({ data }) => {
    if (data.samples) encoder.encode(data.samples);
    if (!data.end) return;
    encoder.close();
    port.close();
  };
}

/** @type {Record<string, (given: any) => void>} */
const DEEDS = {
  open(given) {
    codecs = given.codecs;
    prepareDecoder(codecs);
    prepareEncoder(codecs);
    line = new VoiceLine(given.url, given.pass, {
      frame: heard,
      state: (state, code) => {
        reported = "";
        tell({ link: state, code });
      },
    });
    line.open();
    setInterval(report, REPORT_EVERY_MS);
    setInterval(forget, LOOK_EVERY_MS);
  },
  player({ port }) {
    player = port;
    health = new Health();
    port.onmessage = played;
  },
  listen: ({ on }) => void (listening = on),
  send: (given) => void send(given),
  wake: () => line && !line.socket && line.open(),
  renew: () => line?.renew(),
  close: () => line?.close(),
};

globalThis.addEventListener("message", ({ data }) => DEEDS[data.do]?.(data));
