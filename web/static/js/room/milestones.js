/**
 * What a screen reader says of the room: who has the floor, what is left of it, my own moment, and
 * what comes up beside: a hold, private words, somebody at the door.
 *
 * A live number is hidden from it; this slower polite twin speaks at 60, 30, 15 and 0 seconds.
 */
import { t } from "../strings.js";
import { milestone, readTurn } from "./clock.js";
import { calmWords, isCalm } from "./notices.js";
import { stageName } from "./stepper.js";

/** @typedef {import('./types.js').Room} Room */

// Long enough for a screen reader that is in the middle of something else.
const SPOKEN_MS = 8_000;

export class Milestones {
  constructor() {
    this.floor = "";
    /** @type {string|undefined} */
    this.stage = undefined;
    this.left_ms = 0;
    this.turn = "";
    this.next = false;
    /** @type {boolean|undefined} */
    this.calm = undefined;
    /** @type {import('./types.js').Line[]|undefined} */
    this.lines = undefined;
    /** @type {string[]|undefined} */
    this.knocks = undefined;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.forgetting = undefined;
  }

  /** Says it once: who comes upon the line later must not read what was true a minute ago. */
  speak(/** @type {Room} */ room, /** @type {HTMLElement} */ line) {
    const words = this.spoken(room);
    if (!words) return;
    line.textContent = words;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => line.replaceChildren(), SPOKEN_MS);
  }

  /** The sentence to speak now, or '' when nothing worth words has happened. */
  spoken(/** @type {Room} */ room) {
    const said = [this.ofStage(room), this.ofCalm(room), this.ofFloor(room), this.ofClock(room)];
    return [...said, this.ofMe(room), this.ofLine(room), this.ofDoor(room)].filter(Boolean).join(" ");
  }

  ofStage(/** @type {Room} */ { view }) {
    const before = this.stage;
    this.stage = view.stage;
    if (before && view.stage === "ended" && before !== "ended") return t("This session has ended.");
    return before && before !== view.stage
      ? t("We are now at: {stage}.", { stage: stageName(view.stage) })
      : "";
  }

  ofFloor(/** @type {Room} */ { view, you }) {
    const turn = view.turn;
    const floor = turn ? `${turn.id ?? turn.number}:${turn.state === "offered"}` : "";
    if (floor === this.floor) return "";
    this.floor = floor;
    if (!turn?.person) return "";
    if (turn.person === you.person)
      return turn.state === "offered"
        ? t("It is your turn, whenever you are ready.")
        : t("You have the floor.");
    const name = view.people?.find((p) => p.id === turn.person)?.name ?? "";
    return turn.state === "offered"
      ? t("{name} is asked to speak.", { name })
      : t("{name} has the floor.", { name });
  }

  ofClock(/** @type {Room} */ { view, now }) {
    const reading = readTurn(view.turn, now);
    const turn = view.turn?.id ?? String(view.turn?.number ?? "");
    const before = turn === this.turn ? this.left_ms : (reading?.left_ms ?? 0) + 1;
    this.turn = turn;
    this.left_ms = reading?.left_ms ?? 0;
    if (!reading || reading.phase === "offered" || reading.phase === "held") return "";
    const seconds = milestone(before, reading.left_ms);
    if (seconds === null) return "";
    return seconds === 0 ? t("Please finish your sentence.") : t("{n} seconds left.", { n: seconds });
  }

  ofMe(/** @type {Room} */ { you, view }) {
    const next = you.position === 0 && view.turn?.person !== you.person;
    const fresh = next && !this.next;
    this.next = next;
    return fresh ? t("You are next.") : "";
  }

  ofCalm(/** @type {Room} */ room) {
    const before = this.calm;
    this.calm = isCalm(room);
    if (before === undefined || before === this.calm || room.view.stage === "ended") return "";
    if (!this.calm) return t("We go on.");
    return room.you.role === "facilitator" ? "" : calmWords(room); // theirs is in the notices
  }

  /** That there are words, not the words: others may hear the loudspeaker. */
  ofLine(/** @type {Room} */ { live, you }) {
    const before = this.lines ?? live.lines;
    this.lines = live.lines;
    const n = live.lines.filter((line) => !before.includes(line) && line.from !== you.person).length;
    return n ? `${t("Private line")}: ${t("{n} new", { n })}.` : "";
  }

  ofDoor(/** @type {Room} */ { view }) {
    const waiting = view.knocking ?? [];
    const before = this.knocks ?? waiting.map(({ id }) => id);
    this.knocks = waiting.map(({ id }) => id);
    const names = waiting.filter(({ id }) => !before.includes(id)).map(({ name }) => name);
    return names.length ? `${t("At the door")}: ${names.join(", ")}.` : "";
  }
}
