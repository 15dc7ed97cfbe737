/** What a person does: commands with their answers, and what is open on the screen. */
import { t } from "../strings.js";

/** @typedef {import("./types.js").Room} Room */
/** @typedef {import("./types.js").Answer} Answer */
/** @typedef {import("./room_store.js").RoomStore} RoomStore */
/** @typedef {import("./live_socket.js").LiveSocket} LiveSocket */

// A refusal ("That turn has already ended.") stands long enough to be read twice.
const PROBLEM_MS = 8_000;
// Longer than a slow answer takes, shorter than people wait before they press again.
const PATIENCE_MS = 2_000;

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
    const sent = socket.command(name, fields);
    // Without a connection nobody can be told, but nobody has to wait for one to leave.
    const answer = await (name === "leave" ? soon(sent) : sent);
    if (name === "leave") gone();
    else if (answer.kind === "refused") showProblem(t(answer.message));
    draw();
    return answer;
  }

  /** The answer, or `dropped` when none comes: a line may be dead long before anybody notices. */
  function soon(/** @type {Promise<Answer>} */ answer) {
    const wait = store.link.state === "open" ? PATIENCE_MS : 0;
    const none = new Promise((/** @type {(none: Answer) => void} */ give) => {
      setTimeout(give, wait, { kind: "dropped" });
    });
    return Promise.race([answer, none]);
  }

  function showProblem(/** @type {string} */ words) {
    clearTimeout(forgetting);
    store.ui.problem = words;
    forgetting = setTimeout(() => set({ problem: "" }), PROBLEM_MS);
    draw();
  }

  /** @type {import("../support_card.js").Ask} */
  async function askSupport(kind, note) {
    const answer = await soon(socket.command("ask_support", note ? { kind, note } : { kind }));
    if (answer.kind === "dropped") return unsent();
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
