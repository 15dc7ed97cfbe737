/** Icons for screens drawn with lit-html; web/icons.txt names those that exist. */
import { html } from "../vendor/lit-html/lit-html.js";

const sprite = new URL("../vendor/icons.svg", import.meta.url).href;

/**
 * An icon is a picture beside a word, never alone.
 * @param {string} name a name of web/icons.txt
 */
export const icon = (name) =>
  html`<svg class="icon" aria-hidden="true" focusable="false"><use href="${sprite}#${name}"></use></svg>`;
