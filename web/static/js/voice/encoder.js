/** Makes Opus packets of 60 ms: with the browser's own encoder, or one in WebAssembly. */
import { BITS, COMPLEXITY, ENCODER as CONFIG, VOIP } from "./opus.js";
import { FRAME_MS, FRAME_SAMPLES, RATE } from "./voice_frame.js";
import { resampler } from "./resampler.js";

/** @typedef {{ encode: (samples: Float32Array) => void, close: () => void }} Encoder */
/** @typedef {(packet: Uint8Array) => void} OnPacket */

/** @param {OnPacket} onPacket @returns {Encoder} */
function native(onPacket) {
  let at = 0;
  const encoder = new AudioEncoder({
    output: (chunk) => {
      const packet = new Uint8Array(chunk.byteLength);
      chunk.copyTo(packet);
      onPacket(packet);
    },
    error: () => {},
  });
  encoder.configure(CONFIG);
  return {
    encode(samples) {
      const data = new AudioData({
        format: "f32-planar",
        sampleRate: RATE,
        numberOfFrames: samples.length,
        numberOfChannels: 1,
        timestamp: at,
        data: /** @type {Float32Array<ArrayBuffer>} */ (samples),
      });
      at += FRAME_MS * 1000;
      if (encoder.state === "configured") encoder.encode(data);
      data.close();
    },
    close() {
      // What was said last still goes out.
      if (encoder.state !== "configured") return;
      encoder.flush().then(() => encoder.close(), () => {});
    },
  };
}

async function load() {
  const found = await import("../../vendor/opus-recorder/encoder.js");
  globalThis.onmessage = null; // the package takes itself for the worker
  return found;
}

/** Loads what the first turn will need, so that its first words need not wait. @param {boolean} codecs */
export const prepareEncoder = (codecs) => (codecs ? undefined : void load());

/** @param {OnPacket} onPacket @returns {Promise<Encoder>} */
async function webAssembly(onPacket) {
  const { Module, OggOpusEncoder } = await load();
  const encoder = new OggOpusEncoder(
    {
      encoderApplication: VOIP,
      encoderBitRate: BITS,
      encoderComplexity: COMPLEXITY,
      encoderFrameSize: FRAME_MS,
      encoderSampleRate: RATE,
      originalSampleRate: RATE,
      numberOfChannels: 1,
      resampleQuality: 0,
    },
    Module,
  );
  // Bare packets instead of Ogg pages.
  encoder.segmentPacket = (/** @type {number} */ length) => {
    if (length > 0) onPacket(encoder.encoderOutputBuffer.slice(0, length));
    return [];
  };
  return { encode: (samples) => encoder.encode([samples]), close: () => encoder.destroy() };
}

/**
 * @param {boolean} codecs whether the browser's own is there
 * @param {number} rate of the samples that will come
 * @param {OnPacket} onPacket
 * @returns {Promise<Encoder>}
 */
export async function openEncoder(codecs, rate, onPacket) {
  const encoder = codecs ? native(onPacket) : await webAssembly(onPacket);
  if (rate === RATE) return encoder;
  const resample = resampler(rate, RATE, FRAME_SAMPLES);
  return { encode: (samples) => resample(samples, encoder.encode), close: encoder.close };
}
