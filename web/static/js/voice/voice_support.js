/** What this browser can do with sound, found out by looking and not by its name. */
import { DECODER, ENCODER } from "./opus.js";

/** Whether sound can be played and sent at all; false on plain HTTP and in old browsers. */
export const hasSound = () =>
  typeof AudioContext === "function" && typeof AudioWorkletNode === "function" && typeof Worker === "function";

/** What lets a browser start or resume sound. */
export const PRESSES = ["pointerup", "keydown"];

export const hasMicrophone = () => hasSound() && Boolean(navigator.mediaDevices?.getUserMedia);

/** Whether the browser has Opus of its own; else WebAssembly does the same. */
export async function hasCodecs() {
  try {
    const [encoder, decoder] = await Promise.all([
      AudioEncoder.isConfigSupported(ENCODER),
      AudioDecoder.isConfigSupported(DECODER),
    ]);
    return encoder.supported === true && decoder.supported === true;
  } catch {
    return false;
  }
}

/** @type {{ createScriptURL: (address: string) => any }} */
const plain = { createScriptURL: (address) => address };
// Trusted Types: this is the one place of ours that may name a worker.
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("voice", plain) ?? plain;

/** The thread that carries the voice. */
export function openWorker() {
  const address = new URL("voice_worker.js", import.meta.url).href;
  return new Worker(policy.createScriptURL(address), { type: "module", name: "voice" });
}
