/** What the door asks of the server. */

/**
 * @typedef {object} Session
 * @property {string} session
 * @property {string} title
 * @property {"participant" | "facilitator" | "observer"} role
 * @property {number} starts_at
 * @property {number} opens_at
 * @property {string} stage
 * @property {boolean} closed nobody comes in by this link any more
 * @property {"open" | "knock"} doors
 * @property {number} observers how many are there now
 * @property {boolean} observers_allowed
 * @property {"voice" | "text" | "hall"} mode
 * @property {string} guidelines
 * @property {boolean} full
 * @property {number} now
 */
/** @typedef {{ code: string, message: string, field?: string, opens_at?: number, now?: number }} Problem */
/** @typedef {{ pass: string, session: string, person: string, role: string }} Entered */

const PATIENCE_MS = 12_000; // campus Wi-Fi is slow; longer, and people believe that nothing happens

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<{ ok: true, answer: any } | { ok: false, problem: Problem }>}
 */
async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout?.(PATIENCE_MS),
    });
    const answer = await response.json();
    if (response.ok) return { ok: true, answer };
    return { ok: false, problem: { code: answer.error ?? "away", ...answer } };
  } catch {
    return { ok: false, problem: { code: "away", message: "" } };
  }
}

/** What the session is, before anybody enters. @param {string} link */
export const lookAt = (link) => post("/api/door", { link });

/** @param {{ link: string, name: string, consent: string, browser: string }} who */
export const enter = (who) => post("/api/enter", who.browser ? who : { ...who, browser: undefined });
