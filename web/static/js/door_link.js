/**
 * The link's secret: read from the fragment, then gone from the address bar.
 *
 * It stays with the tab, so that a reload or another language does not lose it; quick exit
 * clears it. Somebody who looks over a shoulder, or at the history, does not see it.
 */

const KEY = "tp-link";

/** Is there a secret in the address? A place of this page is none: the skip link names one. */
export const isGiven = () => location.hash.length > 1 && !document.getElementById(location.hash.slice(1));

/** @returns {string} the secret, or "" when this tab has none */
export function takeLink() {
  const secret = location.hash.slice(1);
  if (!isGiven()) return sessionStorage.getItem(KEY) ?? "";
  sessionStorage.setItem(KEY, secret);
  history.replaceState(null, "", location.pathname + location.search);
  return secret;
}

/** The same browser gets the same seat again; the string says nothing about anybody. */
export function browserMark() {
  try {
    const known = localStorage.getItem("tp-browser");
    if (known) return known;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const fresh = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    localStorage.setItem("tp-browser", fresh);
    return fresh;
  } catch {
    return ""; // storage is switched off: a reload will then be a new seat
  }
}
