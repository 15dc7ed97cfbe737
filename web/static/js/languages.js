/**
 * The language switch changes the words and nothing else: whoever is on a page stays on it.
 */

/** Lets the links of the switch keep the other parameters and the fragment of the address. */
export function keepAddress() {
  for (const link of document.querySelectorAll("a[data-language]")) {
    if (!(link instanceof HTMLAnchorElement)) continue;
    link.addEventListener("click", () => {
      const address = new URL(location.href);
      address.searchParams.set("lang", link.hreflang);
      link.href = address.href;
    });
  }
}
