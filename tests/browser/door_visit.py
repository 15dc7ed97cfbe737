"""A visit to the door in a real browser: what tests of pages share."""

from __future__ import annotations

from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from hatch_build import WEB

AXE: Final = WEB / "node_modules" / "axe-core" / "axe.min.js"
PHONE: Final = {"width": 360, "height": 640}
NARROW: Final = {"width": 320, "height": 568}
DESK: Final = {"width": 1280, "height": 800}

# A refusal is an answer with a status; Chromium notes every such answer by itself.
EXPECTED: Final = "Failed to load resource"


class Visit:
    """One person with a browser of their own, and what its console said."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        chosen = {"viewport": PHONE, "locale": "en-IN", **options}
        self.context: BrowserContext = browser.new_context(**chosen)
        self.console: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda message: self._note(message.text))
        self.page.on("pageerror", lambda error: self._note(str(error)))

    def _note(self, words: str) -> None:
        if not words.startswith(EXPECTED):
            self.console.append(words)

    def to_the_door(self, link: str) -> Page:
        """Open a link and wait until the door says what it leads to."""
        self.page.goto(link)
        self.page.wait_for_selector("#door-form:not([hidden]), #door-problem:not([hidden])")
        return self.page

    def agree(self) -> None:
        """Tick the box and go on to the name."""
        self.page.check("#consent")
        self.page.click("#to-name")

    def enter(self, link: str, name: str) -> None:
        """Come in: consent, name, door."""
        self.to_the_door(link)
        self.agree()
        self.page.fill("#name", name)
        self.page.click("#enter")

    def violations(self) -> list[str]:
        """Return what axe finds wrong with the page as it is now."""
        session = self.context.new_cdp_session(self.page)
        # Not as a script element: the page's policy rightly refuses those.
        session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
        found: list[str] = self.page.evaluate(
            """async () => {
              // Text has 7:1 here, which axe asks for only when told so.
              const rules = { "color-contrast-enhanced": { enabled: true } };
              const { violations } = await axe.run({ rules });
              return violations.map(v => v.id + ' ' + v.nodes[0].html);
            }"""
        )
        return found

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the screen."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.body.clientWidth")
        )

    def close(self) -> None:
        """Leave, and insist that nothing was said on the console."""
        self.context.close()
        assert self.console == []
