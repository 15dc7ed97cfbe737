"""Somebody at a browser: comes in by the door, presses what can be seen, hears the console."""

from __future__ import annotations

import json
import re
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, Self

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

AXE: Final = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE: Final = {"width": 360, "height": 640}
DESK: Final = {"width": 1280, "height": 800}
# Offers and turns come with clocks of seconds; two noisy cores need some patience.
PATIENCE_MS: Final = 20_000
# What slides in is judged when it has arrived.
SETTLED: Final = """() => Promise.allSettled(document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
  .map((each) => each.finished))"""

expect.set_options(timeout=PATIENCE_MS)


class Visitor:
    """A browser of its own: own storage, own sockets, own console."""

    def __init__(self, browser: Browser, size: dict[str, int] | None = None, **more: Any) -> None:
        """Open an empty tab."""
        self.context = browser.new_context(viewport=size or PHONE, **more)  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENCE_MS)
        self.noise: list[str] = []
        self.page = self.context.new_page()
        self._listen(self.page)

    def _listen(self, page: Page) -> None:
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.noise.append(f"{message.type}: {message.text} {message.location['url']}")

    def come_in(self, link: str, name: str = "", *, language: str = "en") -> Self:
        """Walk through the door: read, agree, choose a name. Observers have none."""
        address, _, secret = link.partition("#")
        self.page.goto(f"{address}?lang={language}#{secret}")
        self.page.locator("#consent").check()
        self.page.locator("#to-name").click()
        if name:
            self.page.locator("#name").fill(name)
        self.page.locator("#enter").click()
        self.page.wait_for_url(re.compile("/room/"))
        return self

    def take_a_seat(self, link: str, name: str = "", *, language: str = "en") -> Self:
        """Be in the room at once: asks the server as the door does, without its page.

        Who has pressed nothing on the page yet is asked to, for sound.
        """
        address, _, secret = link.partition("#")
        house = address.removesuffix("/join")
        ask = self.context.request
        door = ask.post(f"{house}/api/door", data={"link": secret})
        assert door.ok, door.text()
        consent = door.json()["guidelines"]
        who = {"link": secret, "name": name, "consent": consent, "browser": token_hex(16)}
        seat = ask.post(f"{house}/api/enter", data=who)
        assert seat.ok, seat.text()
        entered = seat.json()
        self.page.goto(f"{house}/healthz")  # any place of the server's
        self.page.evaluate(
            "([key, kept]) => sessionStorage.setItem(key, kept)",
            [f"tp-pass:{entered['session']}", json.dumps(entered)],
        )
        self.page.goto(f"{house}/room/{entered['session']}?lang={language}")
        return self

    def see(self, words: str | re.Pattern[str]) -> Locator:
        """Wait until these words are on the screen."""
        found = self.page.get_by_text(words).filter(visible=True).first
        expect(found).to_be_visible()
        return found

    def not_see(self, words: str) -> None:
        """Wait until these words are nowhere on the screen."""
        expect(self.page.get_by_text(words).filter(visible=True)).to_have_count(0)

    def hear(self, words: str) -> None:
        """Wait until a screen reader is told this."""
        expect(self.page.locator("#spoken")).to_contain_text(words)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Find a button by what it is called, to the letter."""
        return self.page.get_by_role("button", name=name, exact=True).filter(visible=True)

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button once it is there."""
        self.button(name).first.click()

    def moment(self, words: str) -> None:
        """Wait until the sentence about me says this."""
        expect(self.page.locator(".moment-sentence")).to_have_text(words)

    def check_access(self, state: str) -> None:
        """Run axe on the screen as it stands: no violation, whatever the state."""
        wrong = self._violations() and self._violations()  # a colour may have been on its way
        assert not wrong, f"{state}:\n" + "\n".join(wrong)

    def _violations(self) -> list[str]:
        self.page.evaluate(SETTLED)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate(
            """async ([tags, rules]) =>
              axe.run(document, {runOnly: tags, rules, resultTypes: ['violations']})""",
            [RULES, {"color-contrast": {"enabled": not self.forced_colors()}}],
        )
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def forced_colors(self) -> bool:
        """Tell whether the system chooses the colours; axe cannot see which."""
        return bool(self.page.evaluate("matchMedia('(forced-colors: active)').matches"))

    def fits(self, state: str) -> None:
        """Nothing is cut off at the side, and every target is large enough."""
        over = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{state}: {over} px wider than the screen"
        small = self.page.evaluate(
            """() => [...document.querySelectorAll('button, [role=tab], summary, select')]
              .filter((e) => e.checkVisibility() && !e.closest('.visually-hidden'))
              .map((e) => [e.textContent.trim(), e.getBoundingClientRect()])
              .filter(([, box]) => box.width < 43.5 || box.height < 43.5)
              .map(([words, box]) => `${words} ${box.width} x ${box.height}`)"""
        )
        assert not small, f"{state}: too small for a finger: {small}"

    def check(self, state: str) -> None:
        """Check everything that holds for every screen."""
        self.check_access(state)
        self.fits(state)

    def close(self) -> None:
        """Close the browser."""
        self.context.close()
