/** How loud it is, as a picture of few steps. */

const QUIETEST_DB = -50;
const LOUDEST_DB = -14;
export const STEPS = 5;

/** How loud it is, in steps that a glance can tell apart. @param {number} loudness root mean square */
export function steps(loudness) {
  const share = (20 * Math.log10(loudness + 1e-6) - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB);
  return Math.round(Math.min(1, Math.max(0, share)) * STEPS);
}
