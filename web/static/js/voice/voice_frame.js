/** One frame of the voice socket: a head of fixed length, then one Opus packet. */

export const RATE = 48_000;
export const FRAME_MS = 60;
export const FRAME_SAMPLES = (RATE / 1000) * FRAME_MS;
// The server takes no larger one.
const LARGEST = 400;

const VERSION = 1;
const SENT_HEAD = 17; // version, turn 8, sequence 4, timestamp 4
const HEARD_HEAD = 19; // besides: seat 2, after the version

/**
 * @param {number} turn number of the turn; 0 for a facilitator outside of one
 * @param {number} sequence
 * @param {Uint8Array} packet
 * @returns {Uint8Array | null} null when the server would not take it
 */
export function packFrame(turn, sequence, packet) {
  if (SENT_HEAD + packet.length > LARGEST) return null;
  const frame = new Uint8Array(SENT_HEAD + packet.length);
  const head = new DataView(frame.buffer);
  head.setUint8(0, VERSION);
  head.setBigUint64(1, BigInt(turn));
  head.setUint32(9, sequence >>> 0);
  head.setUint32(13, (sequence * FRAME_MS) >>> 0);
  frame.set(packet, SENT_HEAD);
  return frame;
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {{ seat: number, turn: number, sequence: number, packet: Uint8Array } | null}
 */
export function unpackFrame(buffer) {
  const head = new DataView(buffer);
  if (buffer.byteLength <= HEARD_HEAD || head.getUint8(0) !== VERSION) return null;
  return {
    seat: head.getUint16(1),
    turn: Number(head.getBigUint64(3)),
    sequence: head.getUint32(11),
    packet: new Uint8Array(buffer, HEARD_HEAD),
  };
}

// Sequence numbers of one sending begin at a random multiple of this (65,536 frames are an hour).
// So two facilitators at once, who share a seat number, are still two streams to a listener.
const SENDING = 65_536;

/** Where the sequence of a new sending begins. */
export const freshSequence = () => crypto.getRandomValues(new Uint16Array(1))[0] * SENDING;

/** What a listener keeps apart: the same seat, turn and sending. @param {{seat: number, turn: number, sequence: number}} frame */
export const streamOf = ({ seat, turn, sequence }) => `${seat}.${turn}.${Math.floor(sequence / SENDING)}`;
