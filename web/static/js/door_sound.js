/**
 * The door's sound test: choose the microphone, see it move, hear yourself, or write instead.
 *
 * It never stands in the way: whoever has no microphone, or wants none, simply goes in.
 */
import { part, put } from "./door_view.js";
import { t } from "./strings.js";
import { steps } from "./voice/level.js";
import { choose, chosen, letGo, microphones, openMicrophone } from "./voice/microphone.js";
import { listenTo } from "./voice/sending.js";

/** @typedef {import("./voice/sending.js").Trouble} Trouble */

const HEARD_MS = 3_000;
const SILENT_MS = 3_000;

/** @type {Record<Trouble, () => string>} */
const WORDS = {
  refused: () =>
    t("This browser may not use the microphone. You can come in and write, or allow it in the settings of your browser and try again."),
  missing: () => t("We found no microphone. You can come in and write, or connect one and try again."),
  busy: () =>
    t("Something else is using the microphone, perhaps a call. You can come in and write, or close it and try again."),
  none: () => t("This browser cannot send sound. You can come in, listen and write."),
  gone: () => t("The microphone has gone. You can come in and write, or connect it and try again."),
};

/** @type {{ stream: MediaStream, way: NonNullable<Awaited<ReturnType<typeof listenTo>>> } | null} */
let test = null;
let tests = 0;
let echoing = false;
let loudness = 0;
let heard_at = 0;

/** Shows the test to who may speak. @param {import("./door_api.js").Session} session */
export function offerSoundTest(session) {
  part("sound").hidden = false;
  part("sound-way").hidden = session.role !== "participant";
  for (const radio of ways()) {
    radio.checked = radio.value === chosen().way;
    radio.addEventListener("change", () => takeWay(/** @type {"voice" | "text"} */ (radio.value)));
  }
  takeWay(chosen().way);
  part("sound-try").addEventListener("click", () => start());
  part("sound-stop").addEventListener("click", () => stop());
  part("sound-echo").addEventListener("click", echo);
  part("sound-device").addEventListener("change", () => {
    choose({ device: part("sound-device").value });
    void start();
  });
  window.addEventListener("pagehide", () => stop());
}

/** @returns {NodeListOf<HTMLInputElement>} */
const ways = () => part("sound-way").querySelectorAll("input");

/** @param {"voice" | "text"} way */
function takeWay(way) {
  choose({ way });
  part("sound-test").hidden = way === "text";
  if (way === "text") stop();
}

async function start() {
  stop();
  const mine = ++tests;
  put("sound-trouble", t("Opening the microphone. If your browser asks, please allow it."));
  const found = await openMicrophone();
  if (mine !== tests) return "stream" in found && letGo(found.stream);
  if ("trouble" in found) return put("sound-trouble", WORDS[found.trouble]());
  const way = await listenTo(found.stream);
  if (!way || mine !== tests) {
    letGo(found.stream);
    return mine === tests && put("sound-trouble", WORDS.busy());
  }
  test = { stream: found.stream, way };
  found.stream.getAudioTracks()[0].onended = () => {
    stop();
    put("sound-trouble", WORDS.gone());
  };
  await show(found.stream);
}

/** @param {MediaStream} stream */
async function show(stream) {
  put("sound-trouble", "");
  part("sound-live").hidden = false;
  part("sound-try").hidden = true;
  part("sound-words").textContent = t("Say a few words. Only you hear this; nothing is sent or kept.");
  heard_at = performance.now();
  if (test) test.way.node.port.onmessage = ({ data }) => move(data.level);
  const used = stream.getAudioTracks()[0].getSettings().deviceId;
  const all = await microphones();
  part("sound-device").replaceChildren(
    ...all.map((each, at) => new Option(each.label || t("Microphone {n}", { n: at + 1 }), each.deviceId, false, each.deviceId === used)),
  );
}

/** @param {number} now how loud it is */
function move(now) {
  loudness = Math.max(now, loudness * 0.8);
  const level = steps(loudness);
  [...part("sound-level").children].forEach((bar, at) => bar.classList.toggle("is-lit", at < level));
  if (echoing) return;
  if (level > 1) {
    heard_at = performance.now();
    part("sound-words").textContent = t("We hear you.");
  } else if (performance.now() - heard_at > SILENT_MS) {
    part("sound-words").textContent = t("We hear nothing yet. Is the microphone muted or far away?");
  }
}

/** Three seconds in, the same three out; then they are gone. */
async function echo() {
  if (!test || echoing) return;
  echoing = true;
  const { context, node } = test.way;
  const { port1, port2 } = new MessageChannel();
  /** @type {Float32Array[]} */
  const frames = [];
  port2.onmessage = ({ data }) => data.samples && frames.push(data.samples);
  part("sound-words").textContent = t("Speak now: we listen for three seconds.");
  node.port.postMessage({ line: port1 }, [port1]);
  await new Promise((after) => setTimeout(after, HEARD_MS));
  port2.close();
  part("sound-words").textContent = t("This is how you sound.");
  await play(context, frames).catch(() => {});
  echoing = false;
  heard_at = performance.now();
}

/** @param {AudioContext} context @param {Float32Array[]} frames */
function play(context, frames) {
  if (!frames.length || context.state === "closed") return Promise.resolve();
  const length = frames[0].length;
  const buffer = context.createBuffer(1, frames.length * length, context.sampleRate);
  frames.forEach((frame, at) => buffer.copyToChannel(/** @type {Float32Array<ArrayBuffer>} */ (frame), 0, at * length));
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
  return new Promise((after) => (source.onended = after));
}

function stop() {
  tests += 1;
  put("sound-trouble", "");
  part("sound-live").hidden = true;
  part("sound-try").hidden = false;
  if (!test) return;
  const { stream, way } = test;
  test = null;
  letGo(stream);
  void way.context.close();
}
