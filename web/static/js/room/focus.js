/** Focus is never stolen by an update, and never lost to one either. */

/**
 * Remembers where the focus is. Called before drawing; the answer is called after it, and when
 * the focused control went away it gives the focus to the part of the screen it was in.
 * @param {HTMLElement} root
 */
export function keepFocus(root) {
  const focused = document.activeElement;
  const region = focused && root.contains(focused) ? focused.closest("[data-region]") : null;
  return () => {
    if (!(focused instanceof HTMLElement) || document.activeElement !== document.body) return;
    // Moved with its row to another place in a list: a browser lets go of it then.
    if (focused.isConnected) return focused.focus({ preventScroll: true });
    const stays = region?.isConnected ? region : root.querySelector(".room-body [data-region]");
    if (stays instanceof HTMLElement) stays.focus({ preventScroll: true });
  };
}
