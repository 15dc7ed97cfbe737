/** The ring around the middle of the circle, which drains with the clock of the turn. */
import { svg, when } from "./lit.js";
import { SIZE } from "./circle_geometry.js";
import { readTurn } from "./clock.js";

/** @typedef {import('./clock.js').Reading} Reading */
/** @typedef {import('./types.js').Turn} Turn */

const CENTRE = SIZE / 2;

const drained = (/** @type {Reading} */ reading) => 1 - reading.share;

/** @param {number} radius @param {Reading|null} reading */
export function clockRing(radius, reading) {
  const lit = reading && reading.phase !== "offered" ? reading : null;
  return svg`<g class="ring is-${reading?.phase ?? "idle"}" transform="rotate(-90 ${CENTRE} ${CENTRE})">
    <circle class="ring-track" cx=${CENTRE} cy=${CENTRE} r=${radius}></circle>
    ${when(lit, (lit) => ["ring-edge", "ring-left"].map((name) => arc(name, radius, lit)))}
  </g>`;
}

/** @param {string} name @param {number} radius @param {Reading} reading */
const arc = (name, radius, reading) => svg`<circle class=${name} cx=${CENTRE} cy=${CENTRE} r=${radius}
  pathLength="1" stroke-dasharray="1 1" stroke-dashoffset=${drained(reading)}></circle>`;

/**
 * Moves the ring on between two drawings of the page. (A transition would keep a phone drawing
 * sixty frames a second as long as somebody speaks.)
 * @param {ParentNode} root @param {Turn|null|undefined} turn @param {number} now
 */
export function drain(root, turn, now) {
  const reading = readTurn(turn, now);
  if (!reading) return;
  for (const ring of root.querySelectorAll(".ring-edge, .ring-left"))
    ring.setAttribute("stroke-dashoffset", String(drained(reading)));
}
