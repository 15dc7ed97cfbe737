/**
 * Quick exit: one press, or Escape three times, and a neutral page stands where this one stood.
 *
 * The tab's storage is cleared and the entry in the history replaced. Nothing is announced: to the
 * room it is a lost connection like any other.
 */

const PRESSES = 3;
const WITHIN_MS = 2000;

/** Leaves at once. The address comes from the page (`<body data-exit>`). */
function leaveNow() {
  document.documentElement.hidden = true; // gone before the network answers
  document.title = "";
  try {
    sessionStorage.clear();
  } finally {
    location.replace(document.body.dataset.exit || "/timetable");
  }
}

/** Makes every `[data-quick-exit]` and three times Escape leave. */
export function watchForExit() {
  /** @type {number[]} */
  let presses = [];
  // Something in between: somebody opens and closes dialogs.
  const startAnew = () => (presses = []);
  window.addEventListener("pointerdown", startAnew, { capture: true });
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key === "Enter" || event.key === " ") startAnew();
      if (event.key !== "Escape" || event.repeat) return;
      presses = [...presses.filter((at) => event.timeStamp - at < WITHIN_MS), event.timeStamp];
      if (presses.length >= PRESSES) leaveNow();
    },
    { capture: true },
  );
  document.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element && event.target.closest("[data-quick-exit]");
    if (!pressed) return;
    event.preventDefault();
    leaveNow();
  });
}
