/** Makes sound of Opus packets: with the browser's own decoder, or one in WebAssembly. */
import { DECODER as CONFIG } from "./opus.js";
import { FRAME_MS, FRAME_SAMPLES, RATE } from "./voice_frame.js";

/** @typedef {(sequence: number, samples: Float32Array) => void} OnSound */
/** @typedef {{ decode: (sequence: number, packet: Uint8Array) => void, close: () => void }} Decoder */

/** A whole frame, whatever a decoder has cut off from its first one. @param {Float32Array} samples */
function whole(samples) {
  if (samples.length === FRAME_SAMPLES) return samples;
  const frame = new Float32Array(FRAME_SAMPLES);
  const kept = samples.subarray(Math.max(0, samples.length - FRAME_SAMPLES));
  frame.set(kept, FRAME_SAMPLES - kept.length);
  return frame;
}

/** @param {OnSound} onSound @returns {Decoder} */
function native(onSound) {
  const open = () => {
    const decoder = new AudioDecoder({
      output: (data) => {
        const samples = new Float32Array(data.numberOfFrames);
        data.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
        onSound(Math.round(data.timestamp / (FRAME_MS * 1000)), whole(samples));
        data.close();
      },
      error: () => {},
    });
    decoder.configure(CONFIG);
    return decoder;
  };
  let decoder = open();
  return {
    decode(sequence, data) {
      if (decoder.state === "closed") decoder = open(); // one broken packet is not the end
      const timestamp = sequence * FRAME_MS * 1000;
      const chunk = /** @type {Uint8Array<ArrayBuffer>} */ (data);
      decoder.decode(new EncodedAudioChunk({ type: "key", timestamp, data: chunk }));
    },
    close: () => decoder.state === "closed" || decoder.close(),
  };
}

/** @param {OnSound} onSound @returns {Decoder} */
function webAssembly(onSound) {
  /** @type {any} */
  let decoder = null;
  const ready = load().then(async (OpusDecoder) => {
    const made = new OpusDecoder({ channels: 1, sampleRate: RATE });
    await made.ready;
    decoder = made;
  });
  const decode = (/** @type {number} */ sequence, /** @type {Uint8Array} */ packet) => {
    const { channelData } = decoder.decodeFrame(packet);
    if (channelData[0]?.length) onSound(sequence, whole(channelData[0]));
  };
  return {
    decode: (sequence, packet) =>
      decoder ? decode(sequence, packet) : void ready.then(() => decode(sequence, packet)),
    close: () => void ready.then(() => decoder.free()),
  };
}

async function load() {
  const scope = /** @type {any} */ (globalThis);
  scope.Worker ??= class {}; // Safari's workers have none; the package only derives from it
  await import("../../vendor/opus-decoder/opus-decoder.min.js");
  return scope["opus-decoder"].OpusDecoder;
}

/** @param {boolean} codecs whether the browser's own is there @param {OnSound} onSound @returns {Decoder} */
export const openDecoder = (codecs, onSound) => (codecs ? native(onSound) : webAssembly(onSound));

/** Loads what the first voice will need. @param {boolean} codecs */
export const prepareDecoder = (codecs) => (codecs ? undefined : void load());
