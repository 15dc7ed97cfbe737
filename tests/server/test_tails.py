"""The ends of views are put together from parts; together they are the engine's `you`."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

import session_engine.commands as c
from server.sockets.tails import encode_whom, tails
from session_engine import PassKind, Role, SupportKind, you
from session_engine.ids import ThemeId
from tests.engine.world import ANA, BEN, CAI, DEV, FAY, OLI, World, discussion, speaking


def assert_right(world: World) -> None:
    """Compare what everybody gets with what they are to see."""
    people = world.room.people
    ends = tails(world.room, world.now, ((one.id, encode_whom(one)) for one in people.values()))
    for person, end in zip(people, ends, strict=True):
        tail = b'{"you":' + end
        expected = orjson.loads(orjson.dumps(you(world.room, person, world.now)))
        assert orjson.loads(tail) == {"you": expected}
        assert tail.count(b'"position":') == ("position" in expected)


def called() -> World:
    """Somebody speaks, somebody went to the end, somebody is away, one calls for support."""
    world = speaking(ANA, BEN, CAI, DEV)
    world.enter(OLI, Role.OBSERVER)
    world.do(c.Pass(by=BEN, kind=PassKind.LATER, turn=None))
    world.drop(CAI)
    world.do(c.AskSupport(by=DEV, kind=SupportKind.AFTER))
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.Resonate(by=DEV, theme=ThemeId("th1")))
    return world


def knocked() -> World:
    world = discussion(ANA, BEN)
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(CAI, connect=False)
    return world


def left() -> World:
    world = discussion(ANA, BEN)
    world.do(c.RaiseHand(by=BEN))
    world.do(c.Leave(by=ANA))
    return world


def held() -> World:
    world = called()
    world.do(c.Hold(by=FAY), after=500)
    return world


@pytest.mark.parametrize("make", [called, knocked, left, held])
def test_everybody_is_shown_what_is_theirs(make: Callable[[], World]) -> None:
    world = make()
    assert_right(world)
    world.now += 7_500
    assert_right(world)


def test_somebody_at_a_place_sees_how_long_they_wait() -> None:
    world = called()
    (end,) = tails(world.room, world.now, [(DEV, encode_whom(world.room.people[DEV]))])
    tail = orjson.loads(b'{"you":' + end)["you"]
    assert tail["position"] == 1
    assert tail["wait_ms"] > 0
