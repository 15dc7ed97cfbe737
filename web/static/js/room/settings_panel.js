/** What a facilitator can change while the room runs. */
import { html, live, nothing, when } from "./lit.js";
import { t } from "../strings.js";
import { endStep, take } from "./next_step.js";
import { rememberKeys } from "./shortcuts.js";
import { allows, textForm } from "./themes_panel.js";

/** @typedef {import('./types.js').Room} Room */

export function settingsPanel(/** @type {Room} */ room) {
  const { view } = room;
  return html`
    ${
      allows(room, "set_on_call")
        ? textForm({
            id: "on-call",
            label: t("On call today, and how to reach them"),
            button: t("Save"),
            value: view.on_call ?? "",
            send: (text) => room.act("set_on_call", { text }),
          })
        : nothing
    }
    ${allows(room, "set_limit") ? limit(room) : nothing}
    ${choice(room, "set_stepping", t("The next person is called"), view.stepping === "by-hand", [
      [t("by itself, after a pause"), { stepping: "auto" }],
      [t("by hand"), { stepping: "by-hand" }],
    ])}
    ${choice(room, "set_doors", t("Doors"), view.doors === "knock", [
      [t("open"), { doors: "open" }],
      [t("people knock"), { doors: "knock" }],
    ])}
    ${choice(room, "set_observers", t("Observers"), view.observers_allowed === false, [
      [t("may see the stage and the clock"), { allowed: true }],
      [t("none"), { allowed: false }],
    ])}
    ${allows(room, "set_script") && view.script?.length ? script(room) : nothing}
    ${when(
      room.may("end_session") && view.stage !== "close",
      () => html`<p class="buttons"><button class="button" type="button"
      aria-haspopup="dialog" @click=${() => take(room, endStep())}>${t("End the session")}</button></p>`,
    )}
    <label class="check"><input type="checkbox" .checked=${live(room.ui.keys)}
      @change=${(/** @type {Event} */ event) => keys(room, event)}> ${t("Single-letter shortcuts")}</label>`;
}

/** @param {Room} room @param {Event} event */
function keys(room, event) {
  const on = /** @type {HTMLInputElement} */ (event.currentTarget).checked;
  rememberKeys(on);
  room.set({ keys: on });
}

/** The script of this stage: one line to say in each line of the field. */
function script(/** @type {Room} */ room) {
  const save = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const text = String(
      new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get("script") ?? "",
    );
    void room.act("set_script", {
      lines: text
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean),
    });
  };
  return html`<form class="field" @submit=${save}>
    <label for="script">${t("What you say in this part, one line at a time")}</label>
    <textarea class="textarea" id="script" name="script" rows="5"
      .value=${(room.view.script ?? []).map((line) => t(line)).join("\n")}></textarea>
    <p class="buttons"><button class="button" type="submit">${t("Save")}</button></p>
  </form>`;
}

/** The limits a discussion turn may have; introductions and closing lines may be shorter. */
function limit(/** @type {Room} */ room) {
  const from = room.view.stage === "discussion" ? 60 : 30;
  const choices = [30, 45, 60, 75, 90, 105, 120].filter((s) => s >= from);
  const now = room.view.limit_s;
  if (now && !choices.includes(now)) choices.push(now);
  const choose = (/** @type {Event} */ event) => {
    const field = /** @type {HTMLSelectElement} */ (event.currentTarget);
    void room.act("set_limit", { seconds: Number(field.value) });
  };
  return html`<div class="field">
    <label for="limit">${t("Time for each, from the next turn on")}</label>
    <select class="select" id="limit" @change=${choose}>
      ${choices.map((n) => html`<option value=${n} ?selected=${n === now}>${t("{n} seconds", { n })}</option>`)}
    </select>
  </div>`;
}

/**
 * Two ways, of which one is on.
 * @param {Room} room @param {string} command @param {string} label @param {boolean} second
 * @param {[string, Record<string, unknown>][]} ways
 */
function choice(room, command, label, second, ways) {
  if (!allows(room, command)) return nothing;
  // What was pressed stands until a view says how it is: on a slow line it would jump back and forth.
  const { chosen } = room.ui;
  const choose = async (/** @type {number} */ at) => {
    room.set({ chosen: { ...chosen, [command]: at === 1 } });
    const answer = await room.act(command, ways[at][1]);
    if (answer.kind === "refused") room.set({ chosen: {} });
  };
  return html`<fieldset class="field choice"><legend>${label}</legend>
    ${ways.map(
      ([words], at) => html`<label class="check"><input type="radio" name=${command}
      .checked=${live((at === 1) === (chosen[command] ?? second))} @change=${() => choose(at)}> ${words}</label>`,
    )}
  </fieldset>`;
}
