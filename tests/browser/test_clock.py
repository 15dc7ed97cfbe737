"""The pure parts of the screen, asked in a real browser: clock, words, geometry, back-off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.server.house import House

Ask = Callable[..., Any]
TURN = {"id": "t1", "limit_s": 60, "remaining_ms": None, "offer_ends_at": None}


@pytest.fixture(scope="module")
def ask(chromium: Browser, two_workers: House) -> Iterator[Ask]:
    """Call a function of a module: `ask("clock", "readTurn", turn, now)`."""
    page = chromium.new_page()
    page.goto(two_workers.workers[0].url + "/help")
    script = page.locator("script[type=module]").first.get_attribute("src") or ""
    folder = script.rpartition("/")[0] + "/room/"

    def call(module: str, function: str, *arguments: Any) -> Any:
        return page.evaluate(
            "async ([address, name, given]) => (await import(address))[name](...given)",
            [f"{folder}{module}.js", function, list(arguments)],
        )

    yield call
    page.close()


def test_who_knocks_again_keeps_the_number_of_their_seat(ask: Ask) -> None:
    asha = {"id": "asha", "name": "Asha"}
    other = {"id": "other", "name": "Asha", "seat": 4}
    ask("names", "meet", {"people": [{**asha, "seat": 3}, other]})
    ask("names", "meet", {"people": [other], "knocking": [asha]})
    assert ask("names", "nameOf", "asha") == "Asha 3"
    assert ask("names", "nameOf", "somebody") == ""


@pytest.mark.parametrize(
    ("state", "ends_at", "phase", "share"),
    [
        ("speaking", 60_000, "speaking", 1),
        ("speaking", 30_000, "speaking", 0.5),
        ("speaking", 15_000, "cue", 0.25),
        ("speaking", 0, "grace", 0),
        ("speaking", -500, "grace", 0),
        ("grace", 9_000, "grace", 0),
        ("offered", None, "offered", 1),
    ],
)
def test_one_function_says_what_the_clock_of_a_turn_shows(
    ask: Ask, state: str, ends_at: int | None, phase: str, share: float
) -> None:
    reading = ask("clock", "readTurn", {**TURN, "state": state, "ends_at": ends_at}, 0)
    assert (reading["phase"], reading["share"]) == (phase, share)


def test_a_held_turn_shows_what_is_left_of_it_however_late_it_is(ask: Ask) -> None:
    held = {**TURN, "state": "held", "ends_at": None, "remaining_ms": 33_000}
    assert ask("clock", "readTurn", held, 10**9)["left_ms"] == 33_000


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (120_000, "about two minutes"),
        (90_000, "about a minute and a half"),
        (61_000, "about a minute"),
        (30_000, "about half a minute"),
        (9_000, "a few seconds"),
        (0, "finish your sentence"),
    ],
)
def test_the_time_is_said_in_words(ask: Ask, ms: int, words: str) -> None:
    assert ask("clock", "inWords", ms) == words


@pytest.mark.parametrize(
    ("before", "after", "spoken"),
    [
        (60_400, 59_900, 60),
        (59_900, 59_400, None),
        (30_001, 30_000, 30),
        (15_200, 14_700, 15),
        (300, 0, 0),
        (70_000, 29_000, 30),
    ],
)
def test_a_screen_reader_hears_four_milestones_and_no_seconds(
    ask: Ask, before: int, after: int, spoken: int | None
) -> None:
    assert ask("clock", "milestone", before, after) == spoken


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Asha", "AS"), ("Rohan Deshmukh", "RD"), ("आशा पाटील", "आपा"), ("प्रिया", "प्रि"), ("Z", "Z")],
)
def test_initials_are_whole_letters_in_every_script(ask: Ask, name: str, letters: str) -> None:
    assert ask("circle_geometry", "initials", name) == letters


@pytest.mark.parametrize("count", range(1, 36))
def test_no_two_seats_touch(ask: Ask, count: int) -> None:
    layout = ask("circle_geometry", "layOut", count)
    places = [(place["x"], place["y"]) for place in layout["places"]]
    assert len(set(places)) == count
    for at, (x, y) in enumerate(places):
        assert layout["disc"] <= x <= 400 - layout["disc"] + 1e-6
        for other_x, other_y in places[:at]:
            assert ((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5 >= 2 * layout["disc"]


def test_coming_back_is_spread_out_and_never_slower_than_eight_seconds(ask: Ask) -> None:
    waits = [ask("live_socket", "backOff", tries) for tries in range(12)]
    assert all(125 <= wait <= 8_000 for wait in waits)
    assert waits[-1] >= 2_000


def test_a_loss_is_news_once_and_only_of_what_was_answered(ask: Ask) -> None:
    assert ask("room_store", "newlyLost", ["a", "b", "c"], ["a"], ["b"]) == ["c"]
