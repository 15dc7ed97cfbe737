"""A full room on every screen, in every language and in both themes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from session_engine import Role
from tests.browser.conftest import Newcomer, OpenSession
from tests.browser.visitor import Visitor
from tests.server.house import House

SEATS = 35


@dataclass(frozen=True)
class Look:
    """One way to look at the room."""

    width: int
    height: int
    language: str
    media: dict[str, Any]

    def __str__(self) -> str:
        """Name the test."""
        return f"{self.width}x{self.height}-{self.language}-{'-'.join(self.media.values())}"


LOOKS = [
    Look(320, 568, "hi", {"color_scheme": "light"}),
    Look(360, 640, "mr", {"color_scheme": "dark"}),
    Look(360, 640, "en", {"forced_colors": "active"}),
    Look(640, 400, "en", {"reduced_motion": "reduce"}),  # 1280 x 800 at 200 % zoom
    Look(820, 1180, "en", {"color_scheme": "light"}),
    Look(1280, 800, "hi", {"color_scheme": "dark"}),
]

PLAIN: dict[str, Any] = {
    "color_scheme": "light",
    "forced_colors": "none",
    "reduced_motion": "no-preference",
}

# Discs that touch, or are too small to read, among all seats of the circle.
CROWDED = """() => {
  const discs = [...document.querySelectorAll('.seat-disc')].map((disc) => {
    const box = disc.getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2, r: box.width / 2 };
  });
  const small = discs.filter((disc) => disc.r < 9).length;
  const near = discs.flatMap((a, at) => discs.slice(at + 1).filter((b) =>
    Math.hypot(a.x - b.x, a.y - b.y) < a.r + b.r - 1)).length;
  return { discs: discs.length, small, near };
}"""


@contextmanager
def company(link: str, size: int) -> Iterator[None]:
    """Let simulated people in, who do what people do, as long as the test looks."""
    command = [sys.executable, "-m", "server.cli", "rehearse", link, "--participants", str(size)]
    people = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        people.terminate()
        people.wait(30)


def look_at(visitor: Visitor, look: Look) -> None:
    """See the room as this look has it."""
    visitor.page.set_viewport_size({"width": look.width, "height": look.height})
    visitor.page.emulate_media(**{**PLAIN, **look.media})
    visitor.page.goto(f"{visitor.page.url.split('?')[0]}?lang={look.language}")
    expect(visitor.page.locator(".circle")).to_be_visible()


@pytest.mark.parametrize("size", [3, 12, SEATS])
def test_a_circle_of_any_size_is_legible_everywhere(
    two_workers: House, newcomer: Newcomer, size: int
) -> None:
    session = OpenSession(two_workers, seats=SEATS)
    link = session.link(Role.PARTICIPANT, 1)
    meera = newcomer().take_a_seat(session.link(Role.FACILITATOR, 0), "Meera")
    asha = newcomer().take_a_seat(link, "Asha Kulkarni")
    with company(link, size - 1):
        meera.see(f"{size} participants here")
        meera.press("Begin the session")
        meera.press("Move to introductions")
        asha.moment("It is your turn, whenever you are ready.")
        for look in LOOKS if size == SEATS else LOOKS[:1]:
            for visitor in (asha, meera):
                look_at(visitor, look)
                expect(visitor.page.locator(".seat")).to_have_count(size)
                visitor.check(str(look))
                crowded = visitor.page.evaluate(CROWDED)
                assert crowded == {"discs": size, "small": 0, "near": 0}, str(look)


@pytest.mark.parametrize("percent", [130, 200])
def test_with_large_letters_the_name_of_the_circle_can_be_read(
    two_workers: House, newcomer: Newcomer, percent: int
) -> None:
    session = OpenSession(two_workers)
    page = newcomer().take_a_seat(session.link(Role.PARTICIPANT, 0), "Asha").page
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".circle")).to_be_visible()
    page.evaluate(f"document.documentElement.style.fontSize = '{percent}%'")
    name, head = page.locator(".room-name h1").bounding_box(), page.locator(".room-head")
    assert name
    assert name["width"] >= 100
    whole = head.bounding_box()
    assert whole
    assert whole["height"] < 220
    for way in ("Leave", "Quick exit"):
        expect(page.get_by_role("button", name=way)).to_be_in_viewport(ratio=1)


def test_with_large_letters_the_step_of_now_is_named_in_one_line(
    two_workers: House, newcomer: Newcomer
) -> None:
    session = OpenSession(two_workers)
    asha = newcomer().take_a_seat(session.link(Role.PARTICIPANT, 0), "Asha")
    meera = newcomer().take_a_seat(session.link(Role.FACILITATOR, 0), "Meera")
    meera.press("Begin the session")
    meera.press("Move to introductions")
    for language in ("en", "mr"):
        look_at(asha, Look(390, 844, language, {}))
        asha.page.evaluate("document.documentElement.style.fontSize = '200%'")
        now = asha.page.locator(".steps .is-now .step-name")
        expect(now).to_be_in_viewport(ratio=1)
        line = now.evaluate("one => parseFloat(getComputedStyle(one).lineHeight)")
        box = now.bounding_box()
        assert box
        assert box["height"] < 1.5 * line
        for name in asha.page.locator(".steps li:not(.is-now) .step-name").all():
            box = name.bounding_box()
            assert box
            assert box["width"] <= 1


def test_the_newest_line_of_a_long_text_is_in_view(two_workers: House, newcomer: Newcomer) -> None:
    session = OpenSession(two_workers, mode="text", pause_s=1)
    meera = newcomer().take_a_seat(session.link(Role.FACILITATOR, 0), "Meera")
    asha = newcomer().take_a_seat(session.link(Role.PARTICIPANT, 0), "Asha")
    asha.see("You are here.")
    ben = newcomer().take_a_seat(session.link(Role.PARTICIPANT, 1), "Ben").page
    meera.press("Begin the session")
    meera.press("Move to introductions")
    asha.press("Start")
    field = asha.page.get_by_label("Write here; everybody reads along")
    field.fill("I want to say something longer. " * 9)
    expect(ben.locator(".words-text")).to_contain_text("longer.")
    for width, height in ((320, 568), (360, 640)):
        ben.set_viewport_size({"width": width, "height": height})
        words = ben.locator(".words-text").bounding_box()
        card = ben.locator(".moment").bounding_box()
        assert words
        assert card
        assert words["y"] + words["height"] <= card["y"], height
