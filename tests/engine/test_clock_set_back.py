"""The store's clock was ahead for a while, and then set right: nothing stands still."""

from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from session_engine import ClockSetBack, SupportKind, TimeLost
from session_engine import commands as c
from session_engine.evolve_time import MOMENTS
from session_engine.room import Alert, Person, Room, Turn, Undo
from tests.engine.world import ANA, BEN, FAY, SECOND, World, introductions, speaking

# A machine whose own clock is in India's time, taken for UTC until the network says better.
AHEAD = 19_800 * SECOND


def clock_ahead(world: World) -> None:
    """Let the service come back with a wrong clock, and somebody drop and return then."""
    since = world.now
    world.do(TimeLost(since=since, until=since + AHEAD), after=AHEAD)
    world.drop(BEN)
    world.connect(BEN)


def set_right(world: World, ahead: int = AHEAD) -> None:
    world.now -= ahead
    world.do(ClockSetBack(to=world.now))


def test_a_turn_ends_when_it_would_have() -> None:
    world = speaking(ANA, BEN)
    world.wait(20 * SECOND)
    clock_ahead(world)
    set_right(world)
    assert world.turn.ends_at == world.now + 40 * SECOND
    world.wait(40 * SECOND)
    assert world.turn.phase == "grace"


def test_who_is_away_is_judged_as_if_nothing_had_been() -> None:
    world = speaking(ANA, BEN)
    clock_ahead(world)
    world.drop(BEN)
    due = world.room.people[BEN].absent_at
    assert due is not None
    left = due - world.now
    set_right(world)
    world.wait(left - 1)
    assert world.room.people[BEN].present
    world.wait(1)
    assert not world.room.people[BEN].present


def test_the_stage_has_lasted_as_long_as_it_had() -> None:
    world = introductions(ANA, BEN)
    began = world.room.stage_started_at
    world.wait(5 * SECOND)
    clock_ahead(world)
    set_right(world)
    room = world.room
    assert world.now - room.stage_started_at - room.stage_lost_ms == 5 * SECOND
    assert room.stage_started_at == began - AHEAD


def test_every_moment_of_a_room_goes_back_and_nothing_else_changes() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.AskSupport(by=BEN, kind=SupportKind.NOW))
    world.do(c.Hold(by=FAY))
    clock_ahead(world)
    world.drop(ANA)
    world.drop(FAY)
    before = world.room
    assert {type(part) for part in parts(before)} == set(MOMENTS)
    set_right(world)
    for was, now in zip(parts(before), parts(world.room), strict=True):
        for field in fields(was):
            if field.name in MOMENTS[type(was)]:
                at = getattr(was, field.name)
                assert getattr(now, field.name) == (None if at is None else at - AHEAD)
            elif not holds_parts(getattr(was, field.name)) and field.name not in (
                "last_at",
                "order",
            ):
                assert getattr(now, field.name) == getattr(was, field.name)


def parts(room: Room) -> list[Any]:
    """List a room and all in it that has moments."""
    more = [part for part in (room.turn, room.undo) if part is not None]
    return [room, *room.people.values(), *room.alerts, *more]


def holds_parts(value: Any) -> bool:
    return is_dataclass(value) or isinstance(value, dict | tuple)


@pytest.mark.parametrize("part", [Room, Person, Turn, Undo, Alert])
def test_no_moment_is_forgotten(part: type[Any]) -> None:
    """Moments end in `_at` or `_until`, says room.py; a new one must be named here, too."""
    named = {"until", "at", "quiet_since"}
    moments = {
        field.name
        for field in fields(part)
        if field.name.endswith(("_at", "_until")) or field.name in named
    }
    assert moments - {"last_at"} == set(MOMENTS[part])


def test_a_clock_that_is_not_behind_is_nothing_to_follow() -> None:
    world = speaking(ANA)
    world.wait(SECOND)
    assert world.do(ClockSetBack(to=world.now)) == []
    assert world.do(ClockSetBack(to=world.room.last_at)) == []
