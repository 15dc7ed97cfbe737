/**
 * Words in the language of the page.
 *
 * English source text is the key, as in gettext; `{name}` marks a placeholder. Catalogues are made
 * from web/locales at build time. A missing word stays English: nobody meets an empty button.
 *
 * `t` for a text, `tn` for one with a number (singular, plural, n), `mark` for a text in a table
 * that is translated later with `t(table[key])`.
 *
 * The first argument must be a string literal, or a text that `mark` named: that is how it is found.
 */

/** @typedef {Record<string, string | number>} Params */
/** @typedef {Record<string, string | string[]>} Catalogue */

/** Language of the page: "en", "hi" or "mr". */
export const language = document.documentElement.lang || "en";

const catalogue = await load();
const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

/** @returns {Promise<Catalogue>} the one that the page loads already; English has none */
async function load() {
  const words = document.querySelector("link[as=fetch]");
  if (!(words instanceof HTMLLinkElement)) return {};
  try {
    const answer = await fetch(words.href);
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

/**
 * Names a text for translation without translating it yet.
 * @param {string} message
 */
export const mark = (message) => message;

/**
 * @param {string} message English source text
 * @param {Params} [params] numbers are written as the language writes them
 */
export function t(message, params = {}) {
  const found = catalogue[message];
  return fill(typeof found === "string" && found ? found : message, params);
}

/**
 * @param {string} singular
 * @param {string} plural
 * @param {number} n also the placeholder {n}
 * @param {Params} [params]
 */
export function tn(singular, plural, n, params = {}) {
  const found = catalogue[singular];
  const one = plurals.select(n) === "one";
  const english = n === 1 ? singular : plural;
  const text = Array.isArray(found) ? found[one ? 0 : 1] || english : english;
  return fill(text, { n, ...params });
}

/** @param {string} text @param {Params} params */
function fill(text, params) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => {
    const value = params[key];
    if (value === undefined) return whole;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

// English is India's here: the day before the month.
const locale = language === "en" ? "en-IN" : language;
const clock = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
/** @type {Intl.DateTimeFormatOptions} */
const DAY = { weekday: "long", day: "numeric", month: "long" };
const day = new Intl.DateTimeFormat(locale, DAY);
const dayOfAnotherYear = new Intl.DateTimeFormat(locale, { ...DAY, year: "numeric" });

/** Time of day where the reader is. @param {number} ms epoch milliseconds */
export const formatTime = (ms) => clock.format(ms);

/** Weekday and date where the reader is. @param {number} ms epoch milliseconds */
export const formatDay = (ms) =>
  (new Date(ms).getFullYear() === new Date().getFullYear() ? day : dayOfAnotherYear).format(ms);

/** A length of time as a person would say it, never to the second. @param {number} ms */
export function formatMinutes(ms) {
  if (ms < 45_000) return t("less than a minute");
  if (ms < 90_000) return t("about a minute");
  const n = Math.round(ms / 60_000);
  return tn("about {n} minute", "about {n} minutes", n);
}
