/**
 * What the one large button of a facilitator does now, and what it says: a pure choice.
 *
 * The command carries the turn or the stage that this screen shows. It is sent once; when it was
 * stale nothing happens, so two facilitators pressing at once never skip a person.
 */
import { t } from "../strings.js";
import { nameOf } from "./names.js";
import { stageName } from "./stepper.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {{label: string, command: string, fields: Record<string, unknown>, ask?: boolean}} Step */

/** @type {Record<string, import('./types.js').Stage>} */
const AFTER = { welcome: "introductions", introductions: "discussion", discussion: "close" };

/** Who would be offered the floor: the first in order who is present and not silenced. */
function upNext(/** @type {Room} */ { view }) {
  const asked = new Set(view.people?.filter((p) => p.present && !p.silenced).map((p) => p.id));
  return view.next?.find((id) => asked.has(id)) ?? null;
}

/** The formal end: large in the last stage only, and always asked twice. */
export function endStep() {
  return { label: t("End the session"), command: "end_session", fields: { confirm: true }, ask: true };
}

/** Whether a step takes the whole room along. */
export const takesAll = (/** @type {Step|null} */ step) =>
  ["begin", "advance", "end_session"].includes(step?.command ?? "");

// `DOORS_OPEN_BEFORE_MS` of the engine: until then only facilitators can be in the room.
const DOORS_OPEN_BEFORE_MS = 15 * 60_000;

/** Whether this is the lobby of a later hour: somebody has come to see whether their link works. */
export const isEarly = (/** @type {Room} */ { view, now }) =>
  view.stage === "lobby" && (view.stage_ends_at ?? now) - now > DOORS_OPEN_BEFORE_MS;

/** The step to the next stage, or the end. @returns {Step|null} */
export function stageStep(/** @type {Room} */ room) {
  const { view, may } = room;
  if (may("begin")) {
    return { label: t("Begin the session"), command: "begin", fields: {}, ask: isEarly(room) };
  }
  const after = AFTER[view.stage];
  if (after && may("advance")) {
    return {
      label: t("Move to {stage}", { stage: stageName(after).toLocaleLowerCase() }),
      command: "advance",
      fields: { from: view.stage },
    };
  }
  return view.stage === "close" && may("end_session") ? endStep() : null;
}

/** The floor's next step, or null when there is nobody to offer it to. @returns {Step|null} */
function floorStep(/** @type {Room} */ room) {
  const { view, may } = room;
  const turn = view.turn?.id ?? view.last_turn ?? null;
  const next = upNext(room);
  if (next && may("next"))
    return {
      label: t("Offer the floor to {name}", { name: nameOf(next) }),
      command: "next",
      fields: { turn },
    };
  if (view.turn && view.turn.state !== "offered" && may("end_turn")) {
    return {
      label: t("End the turn of {name}", { name: nameOf(view.turn.person) }),
      command: "end_turn",
      fields: { turn },
    };
  }
  if (!view.turn && view.stage === "close" && !view.round && may("start_round")) {
    return { label: t("Start the closing round"), command: "start_round", fields: {} };
  }
  return null;
}

/** The large button, and the quieter one beside it. */
export function steps(/** @type {Room} */ room) {
  const stands = room.view.held && room.may("resume");
  const floor = stands ? { label: t("Go on"), command: "resume", fields: {} } : floorStep(room);
  const stage = stageStep(room);
  return floor ? { main: floor, other: stage } : { main: stage, other: null };
}

/** Takes a step; what ends something for good, or the server wants confirmed, is asked first. */
export async function take(/** @type {Room} */ room, /** @type {Step} */ step) {
  if (step.ask) return room.set({ dialog: "confirm", confirm: step });
  const answer = await room.act(step.command, step.fields);
  if (answer.kind === "refused" && ["needs_confirm", "introductions_incomplete"].includes(answer.code)) {
    const again = { ...step, fields: { ...step.fields, confirm: true } };
    room.set({ dialog: "confirm", confirm: again, problem: "" });
  }
}
