/** Keeps the screen on while the room is open: nobody should tap a phone to see their turn. */

/** Asks for it, and again whenever the page comes back to the front; refusals do not matter. */
export function keepAwake() {
  const ask = () => {
    if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}
