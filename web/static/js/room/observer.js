/** The observer's page: stage, clock and progress, large and calm; it can stand on a projector. */
import { html, svg, when } from "./lit.js";
import { formatTime, t } from "../strings.js";
import { inWords, readTurn } from "./clock.js";
import { clockRing } from "./clock_ring.js";
import { stageName, stepper } from "./stepper.js";
import { layOut, SIZE } from "./circle_geometry.js";
import { isCalm } from "./notices.js";
import { observers } from "./sheet.js";
import { icon } from "./icon.js";

/** @typedef {import('./types.js').Room} Room */

export function observerScreen(/** @type {Room} */ room) {
  const { view } = room;
  return html`<div class="observe">
    ${stepper(room)}
    <h1 class="observe-stage">${stageName(view.stage)}</h1>
    ${dots(room)}
    ${when(counts(view), () => html`<p class="observe-progress">${t("{done} of {of} done", view.progress)}</p>`)}
    ${when(view.stage_ends_at, (ends) => {
      const time = formatTime(ends);
      return html`<p class="soft">${t("This part is planned until {time}", { time })}</p>`;
    })}
    ${observers(room)}
    <button class="button plain" type="button" aria-haspopup="dialog"
      @click=${() => room.set({ dialog: "guidelines" })}>${icon("list")} ${t("Guidelines")}</button>
  </div>`;
}

/** Before the first round there is nothing to count. */
const counts = (/** @type {import('./types.js').View} */ { stage }) => stage !== "lobby" && stage !== "welcome";

/** The circle without people: as many dots as seats, filled as the round goes on. */
function dots(/** @type {Room} */ room) {
  const { done, of } = room.view.progress;
  const reading = readTurn(room.view.turn, room.now);
  const { places, disc, ring } = layOut(of);
  return html`<figure class="circle ${room.view.held ? "is-held" : ""}">
    <svg viewBox="0 0 ${SIZE} ${SIZE}" aria-hidden="true">
      ${clockRing(ring, reading)}
      ${places.map(
        (place, at) => svg`<circle class="dot ${at < done ? "is-done" : ""}"
        cx=${place.x} cy=${place.y} r=${disc * 0.74}></circle>`,
      )}
    </svg>
    <figcaption class="circle-middle">
      <p class="middle-name">${middleWords(room, reading !== null)}</p>
      ${when(!isCalm(room) && reading, (reading) => html`<p class="middle-time" aria-hidden="true">${inWords(reading.left_ms)}</p>`)}
    </figcaption>
  </figure>`;
}

/** @param {Room} room @param {boolean} heard */
function middleWords(room, heard) {
  if (isCalm(room)) return t("The room is held");
  if (heard) return t("Somebody is being heard");
  if (room.view.stage === "lobby") return t("We begin soon");
  return room.view.stage === "welcome" ? t("Welcome") : t("A moment of quiet");
}
