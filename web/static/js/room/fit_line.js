/** "23 of 35 to go, ends 18:41, 6 min over", and one press to make it fit. */
import { html, nothing, when } from "./lit.js";
import { formatTime, t, tn } from "../strings.js";
import { icon } from "./icon.js";
import { take } from "./next_step.js";

/** @typedef {import('./types.js').Room} Room */
/** @typedef {import('./types.js').Remedy} Remedy */

const ROUND_UP_MS = 59_999;

export function fitLine(/** @type {Room} */ room) {
  const fit = room.view.fit;
  if (!fit?.of) return nothing;
  const over = Math.floor((fit.over_ms + ROUND_UP_MS) / 60_000);
  const words = t("{to_go} of {of} to go, ends {time}", {
    to_go: fit.to_go,
    of: fit.of,
    time: formatTime(fit.ends_at),
  });
  const tooLong = tn("{n} min over", "{n} min over", over);
  return html`<section class="fit ${fit.over_ms > 0 ? "is-over" : ""}" aria-label=${t("Does it fit")}>
    <p class="fit-words">${icon("timer")} <span>${words}${when(over > 0, () => html`, <strong>${tooLong}</strong>`)}</span></p>
    ${when(
      fit.over_ms > 0 && fit.remedies.length,
      () => html`<div class="buttons">
      ${fit.remedies.map((remedy) => remedyButton(room, remedy))}</div>`,
    )}
  </section>`;
}

/** @param {Room} room @param {Remedy} remedy */
function remedyButton(room, { do: command, seconds }) {
  const label =
    command === "set_limit"
      ? t("{n} s each", { n: seconds ?? 0 })
      : command === "volunteers_only"
        ? t("Volunteers only")
        : t("Carry over");
  const fields = seconds === undefined ? {} : { seconds };
  return html`<button class="button" type="button" @click=${() => take(room, { label, command, fields })}>${label}</button>`;
}
