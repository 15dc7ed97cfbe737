/**
 * What a screen reader says of the room: who has the floor, what is left of it, my own moment.
 *
 * A live number is hidden from it; this slower polite twin speaks at 60, 30, 15 and 0 seconds.
 */
import { t } from "../strings.js";
import { milestone, readTurn } from "./clock.js";
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
    const said = [this.ofStage(room), this.ofFloor(room), this.ofClock(room), this.ofMe(room)];
    return said.filter(Boolean).join(" ");
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
}
