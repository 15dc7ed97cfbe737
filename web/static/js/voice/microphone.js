/** The microphone: asked for when it is needed, let go of when it is not, its troubles in words. */
import { hasMicrophone } from "./voice_support.js";

/** @typedef {"refused" | "missing" | "busy" | "none"} Trouble */

const KEY = "tp-voice";

/** @typedef {{ way: "voice" | "text", device: string }} Choice what was chosen at the door, for this tab */

/** @returns {Choice} */
export function chosen() {
  try {
    return { way: "voice", device: "", ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { way: "voice", device: "" };
  }
}

/** @param {Partial<Choice>} choice */
export function choose(choice) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...chosen(), ...choice }));
  } catch {
    // a browser that remembers nothing asks again
  }
}

/** @param {string} device id of one, or "" for whichever the system prefers */
const wish = (device) => ({
  audio: {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
    ...(device ? { deviceId: { exact: device } } : {}),
  },
});

/**
 * Opens the microphone. One that was chosen and is gone is replaced by any other.
 * @returns {Promise<{ stream: MediaStream } | { trouble: Trouble }>}
 */
export async function openMicrophone(device = chosen().device) {
  if (!hasMicrophone()) return { trouble: "none" };
  try {
    return { stream: await navigator.mediaDevices.getUserMedia(wish(device)) };
  } catch (error) {
    // Safari's OverconstrainedError is no DOMException, nor any Error.
    const { name = "" } = /** @type {{ name?: string }} */ (error);
    if (device && (name === "OverconstrainedError" || name === "NotFoundError")) return openMicrophone("");
    return { trouble: troubleOf(name) };
  }
}

/** @param {string} name of the exception @returns {Trouble} */
function troubleOf(name) {
  if (name === "NotAllowedError" || name === "SecurityError") return "refused";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}

/** The microphones that there are; named once the permission is given. */
export async function microphones() {
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((each) => each.kind === "audioinput" && each.deviceId);
}

/** @param {MediaStream | null} stream */
export const letGo = (stream) => stream?.getTracks().forEach((track) => track.stop());
