/** Opus as we use it: a voice, mono, in packets of 60 ms. */
import { FRAME_MS, RATE } from "./voice_frame.js";

export const BITS = 24_000;
export const COMPLEXITY = 5; // an old phone does it in a few per cent of a core
export const VOIP = 2048; // OPUS_APPLICATION_VOIP

// `application` is newer than the types of the checker.
const OPUS = { frameDuration: FRAME_MS * 1000, application: "voip", complexity: COMPLEXITY };

/** @type {AudioEncoderConfig} */
export const ENCODER = {
  codec: "opus",
  sampleRate: RATE,
  numberOfChannels: 1,
  bitrate: BITS,
  opus: OPUS,
};

/** @type {AudioDecoderConfig} */
export const DECODER = { codec: "opus", sampleRate: RATE, numberOfChannels: 1 };
