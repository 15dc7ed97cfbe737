"""What a session is created with; every number has its bounds."""

import json
from typing import Any

import pytest

from session_engine import Settings, create, evolve, from_dict, to_dict
from tests.engine.world import MINUTE, T0


def settings(**chosen: Any) -> Settings:
    values: dict[str, Any] = {"title": "Exam stress", "starts_at_ms": T0}
    return Settings(**values | chosen)


def test_the_defaults_are_those_of_the_programme() -> None:
    chosen = settings()
    assert (chosen.seats, chosen.discussion_s, chosen.introduction_s, chosen.closing_s) == (
        35,
        90,
        60,
        30,
    )
    assert (chosen.accept_window_s, chosen.grace_s, chosen.pause_s, chosen.drop_hold_s) == (
        15,
        10,
        3,
        20,
    )
    assert chosen.absence_s == (180, 900)
    assert (chosen.doors, chosen.stepping, chosen.queue) == ("open", "auto", "fair")
    assert chosen.observers


def test_a_session_takes_ninety_minutes() -> None:
    assert settings().planned_end_ms == T0 + 90 * MINUTE


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("seats", 1, 35),
        ("discussion_s", 60, 120),
        ("introduction_s", 30, 120),
        ("closing_s", 30, 120),
        ("accept_window_s", 0, 120),
        ("grace_s", 0, 15),
        ("pause_s", 0, 60),
        ("drop_hold_s", 0, 120),
    ],
)
def test_every_number_stays_within_its_bounds(name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert getattr(settings(**{name: value}), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=f"^{name}: choose a number from {low} to {high}$"):
            settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("doors", "ajar"), ("stepping", "never"), ("queue", "loudest")]
)
def test_a_choice_is_one_of_those_offered(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: choose "):
        settings(**{name: value})


@pytest.mark.parametrize("title", ["", "  ", "x" * 121])
def test_a_title_has_one_to_a_hundred_and_twenty_characters(title: str) -> None:
    with pytest.raises(ValueError, match=r"^title: "):
        settings(title=title)


def test_the_contact_on_call_is_short() -> None:
    with pytest.raises(ValueError, match=r"^on_call: "):
        settings(on_call="x" * 201)


@pytest.mark.parametrize("absence_s", [(0, 900), (180, 180), (900, 180), (180, 86_401)])
def test_screens_become_calm_before_the_session_ends(absence_s: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"^absence_s: "):
        settings(absence_s=absence_s)


def test_a_session_comes_back_from_its_log_with_the_same_settings() -> None:
    chosen = settings(seats=12, absence_s=(60, 120), doors="knock", queue="first_come")
    (first,) = create(chosen, "s1", "log-1", T0)
    stored = from_dict(json.loads(json.dumps(to_dict(first))))
    assert evolve(None, stored).settings == chosen
