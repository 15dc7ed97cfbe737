/** An icon of the one set; always beside a word, so never read aloud. */
import { html, svg } from "./lit.js";

// The sprite is built by web/build.py from the icons that are in use.
const SPRITE = new URL("../../vendor/icons.svg", import.meta.url).pathname;

export function icon(/** @type {string} */ name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    ${svg`<use href="${SPRITE}#${name}"></use>`}
  </svg>`;
}

/** Words for a screen reader alone: which of many like buttons this one is. */
export function unseen(/** @type {string} */ words) {
  return html`<span class="visually-hidden">${words}</span>`;
}
