/** What a person does: commands with their answers, and what is open on the screen. */
import { t } from "../strings.js";

/** @typedef {import("./types.js").Room} Room */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./room_store.js").RoomStore} RoomStore */
/** @typedef {import("./live_socket.js").LiveSocket} LiveSocket */

// A refusal ("That turn has already ended.") stands long enough to be read twice.
const PROBLEM_MS = 8_000;

/** @param {{store: RoomStore, socket: LiveSocket, draw: () => void, gone: () => void}} page */
export function acting({ store, socket, draw, gone }) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let forgetting;

  /** @type {Room["set"]} */
  function set(changes) {
    Object.assign(store.ui, changes);
    draw();
  }

  /** @type {Map<string, Promise<Answer>>} what has no answer yet: pressed twice it is meant once */
  const underWay = new Map();

  /** @type {Room["act"]} */
  function act(name, fields = {}) {
    const deed = JSON.stringify([name, fields]);
    const answer = underWay.get(deed) ?? send(name, fields).finally(() => underWay.delete(deed));
    underWay.set(deed, answer);
    return answer;
  }

  /** @type {Room["act"]} */
  async function send(name, fields = {}) {
    store.ui.problem = "";
    // Without a connection nobody can be told, but nobody has to wait for one to leave.
    const unheard = name === "leave" && store.link.state !== "open";
    const answer = unheard ? /** @type {Answer} */ ({ kind: "done" }) : await socket.command(name, fields);
    if (answer.kind === "refused") showProblem(t(answer.message));
    if (answer.kind === "done" && name === "leave") gone();
    draw();
    return answer;
  }

  function showProblem(/** @type {string} */ words) {
    clearTimeout(forgetting);
    store.ui.problem = words;
    forgetting = setTimeout(() => set({ problem: "" }), PROBLEM_MS);
    draw();
  }

  /** @type {import("../support_card.js").Ask} */
  async function askSupport(kind, note) {
    const sent = socket.command("ask_support", note ? { kind, note } : { kind });
    if (store.link.state !== "open") return unsent();
    const answer = await sent;
    return answer.kind === "refused" ? t(answer.message) : "sent";
  }

  return { act, set, askSupport, showProblem };
}

/** The call goes out by itself when the line is back; nobody should wait for that in need. */
function unsent() {
  return t(
    "There is no connection just now. Your call goes out as soon as it is back; " +
      "the numbers above work at once.",
  );
}
