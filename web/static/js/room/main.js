/** The live room: joins the socket, the state and the screen. */
import { render } from "./lit.js";
import { t } from "../strings.js";
import { watchForExit } from "../quick_exit.js";
import { supportCard } from "../support_card.js";
import { LiveSocket } from "./live_socket.js";
import { RoomStore } from "./room_store.js";
import { Milestones } from "./milestones.js";
import { screen } from "./screen.js";
import { writeAgain } from "./spoken_words.js";
import { syncSheet } from "./sheet.js";
import { acting } from "./acting.js";
import { farewell } from "./farewell.js";
import { listenForKeys } from "./shortcuts.js";
import { entitle, offerCall, titleOf } from "./around.js";
import { keepAwake } from "./wake_lock.js";
import { bareHead } from "./room_head.js";
import { drain } from "./clock_ring.js";
import { keepFocus } from "./focus.js";
import { letRest } from "./steady.js";
import { RoomSound } from "../voice/room_sound.js";
import { listenForTalkKey } from "../voice/push_to_talk.js";

/** @typedef {import('./types.js').Room} Room */

// How often the ring moves; words every other time.
const TICK_MS = 250;

const root = /** @type {HTMLElement} */ (document.getElementById("room"));
const spoken = /** @type {HTMLElement} */ (document.getElementById("spoken"));
const session = location.pathname.split("/").pop() ?? "";
const store = new RoomStore();
const milestones = new Milestones();
let [left, drawing, drawn] = [false, false, false];
let ticks = 0;

function passOfTab() {
  try {
    return JSON.parse(sessionStorage.getItem(`tp-pass:${session}`) ?? "null")?.pass ?? "";
  } catch {
    return "";
  }
}

const address = new URL(`/ws/rooms/${session}`, location.href);
address.protocol = address.protocol.replace("http", "ws");
const socket = new LiveSocket(address.href, passOfTab(), {
  frame: (frame) => {
    store.hear(frame);
    if (frame.type === "lost" && store.isNews(frame.ids, [...socket.pending.keys()]))
      showProblem(t("The server has lost what you did last. Please look whether all is as you left it."));
    draw();
  },
  link: (state, code) => {
    store.linked(state, code);
    draw();
  },
});

const sound = new RoomSound(`${address.href}/voice`, passOfTab(), draw);
const { act, set, askSupport, showProblem } = acting({ store, socket, draw, gone: goneForGood });
const card = supportCard({ ask: askSupport });

function goneForGood() {
  left = true;
  sessionStorage.removeItem(`tp-pass:${session}`);
  socket.close();
  sound.rest();
  draw();
}

/** @returns {Room|null} the newest state, bound to what can be done with it */
function room() {
  const { view, you, link, live, ui } = store;
  if (!view || !you) return null;
  const now = store.clock.now();
  const may = new Set(link.state === "open" && !link.away ? you.may : []);
  return {
    view,
    you,
    link,
    live,
    ui,
    act,
    set,
    now,
    age_ms: Math.max(0, now - store.seen_at),
    may: (name) => may.has(name),
    voice: sound.state(),
    sound,
  };
}

/** Draws once per frame, however many frames and presses came in between. */
function draw() {
  if (drawing) return;
  drawing = true;
  const later = () => {
    drawing = false;
    drawNow();
  };
  // A hidden tab has no frames, but its title still has to say whose turn it is.
  if (document.hidden) setTimeout(later);
  else requestAnimationFrame(later);
}

function drawNow() {
  const now = room();
  const gone = left ? "left" : !now && store.link.state === "closed" ? (store.link.code ?? 4100) : null;
  if (!now && gone === null) return;
  if (!drawn) root.replaceChildren(); // what the server drew while we came in
  drawn = true;
  if (!now || gone !== null) {
    sound.rest();
    offerCall(null, card);
    entitle("Thera-Peer");
    return render([bareHead(), farewell(gone ?? 4100)], root);
  }
  writeAgain(now);
  sound.follow(now.view, now.you, now.link.state === "open");
  const give = keepFocus(root);
  render(screen(now), root);
  syncSheet(root, now.ui.dialog !== "");
  letRest(root);
  give();
  offerCall(now, card);
  if (now.view.waiting) return;
  milestones.speak(now, spoken);
  entitle(titleOf(now));
}

/** Most ticks change nothing that can be seen, so none asks for a frame: cheap on an old phone. */
function tick() {
  if (++ticks % 2 && !document.hidden) drain(root, store.view?.turn, store.clock.now());
  else drawNow();
}

/** Sleep may leave a socket that only looks open: ask it, and read the clock anew. */
function wake() {
  if (document.visibilityState !== "visible") return;
  store.clock.forget();
  socket.wake();
  sound.wake();
}

watchForExit();
listenForKeys(room);
listenForTalkKey(room);
if (socket.pass) {
  keepAwake();
  socket.open();
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("offline", wake);
  window.addEventListener("pageshow", wake);
} else {
  store.linked("closed", 4100);
  draw();
}
