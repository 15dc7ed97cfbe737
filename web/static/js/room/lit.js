/** The one place that knows where lit-html lives. */
export { html, svg, nothing, render } from "../../vendor/lit-html/lit-html.js";
export { cache } from "../../vendor/lit-html/directives/cache.js";
export { live } from "../../vendor/lit-html/directives/live.js";
export { repeat } from "../../vendor/lit-html/directives/repeat.js";
export { when } from "../../vendor/lit-html/directives/when.js";
