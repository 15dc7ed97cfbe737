"""The ends of views are put together from parts; together they are the engine's `you`."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import orjson
import pytest
from hypothesis import settings
from hypothesis.stateful import initialize, invariant
from websockets.frames import Opcode

import session_engine.commands as c
from server.sockets import tails
from server.sockets.listener import Listener
from server.sockets.outbox import Outbox
from server.sockets.protocol import RoomSocketProtocol
from server.sockets.tails import Tails, encode_whom
from session_engine import (
    ConnectionId,
    PassKind,
    PersonId,
    Role,
    Room,
    SupportKind,
    ground,
    you,
)
from session_engine.ids import ThemeId
from tests.engine.test_random_sessions import Session
from tests.engine.world import ANA, BEN, CAI, DEV, FAY, OLI, World, discussion, speaking
from tests.server.one_room import Sink, read_frames


def payload(ending: bytes) -> bytes:
    """Take the head off a last fragment."""
    (frame,) = read_frames(ending)
    assert frame.opcode is Opcode.CONT
    assert frame.fin
    return bytes(frame.data)


class Circle:
    """Everybody of a room with a screen, all of one role as far as their tails are concerned."""

    def __init__(self) -> None:
        """Nobody is here yet."""
        self.tails = Tails()
        self.screens: dict[PersonId, Listener] = {}

    def listeners(self, room: Room) -> list[Listener]:
        """Return them, with who they are now, as `Audience` does."""
        for name, person in room.people.items():
            one = self.screens.get(name)
            if one is None or one.name != person.name:
                outbox = Outbox(cast(RoomSocketProtocol, Sink()))
                one = one or Listener(ConnectionId(f"w.{name}"), name, outbox)
                one.name, one.who = person.name, encode_whom(person)
                self.screens[name] = one
        return list(self.screens.values())

    def assert_right(self, room: Room, now: int) -> None:
        """Compare what everybody gets with what they are to see."""
        listeners = self.listeners(room)
        for one, end in zip(listeners, self.tails.at(room, now, listeners), strict=True):
            tail = b'{"you":' + payload(end)
            expected = orjson.loads(orjson.dumps(you(room, one.person, now)))
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
    world, circle = make(), Circle()
    circle.assert_right(world.room, world.now)
    circle.assert_right(world.room, world.now + 7_500)


def test_somebody_at_a_place_sees_how_long_they_wait() -> None:
    world, circle = called(), Circle()
    listeners = [one for one in circle.listeners(world.room) if one.person == DEV]
    (end,) = circle.tails.at(world.room, world.now, listeners)
    tail = orjson.loads(b'{"you":' + payload(end))["you"]
    assert tail["position"] == 1
    assert tail["wait_ms"] > 0


def test_the_widest_wait_has_its_room_in_a_frame() -> None:
    world, circle = called(), Circle()
    circle.assert_right(world.room, world.now)
    circle.assert_right(world.room, 0)  # a clock that has all of it still before it


def test_what_they_may_do_is_shown_when_nothing_else_has_changed() -> None:
    world, circle = called(), Circle()
    circle.assert_right(world.room, world.now)
    before = ground(world.room)
    world.wait(61_000)  # a call for support grows louder, and cannot be undone any more
    assert ground(world.room) != before
    circle.assert_right(world.room, world.now)


def test_nobody_is_shown_anothers_end_after_something_went_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, circle = called(), Circle()
    listeners = circle.listeners(world.room)
    circle.tails.at(world.room, world.now, listeners[:2])
    with monkeypatch.context() as broken:
        broken.setattr(tails, "from_stance", lambda *_: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                circle.tails.at(world.room, world.now, listeners[2:4])
    circle.assert_right(world.room, world.now)


def test_a_name_may_look_like_a_pattern_and_another_is_shown_at_once() -> None:
    world, circle = called(), Circle()
    for name in ("%d %", "%13d%%", "Dev"):
        world.do(c.Enter(person=DEV, role=Role.PARTICIPANT, name=name, browser="browser-of-dev"))
        assert world.room.people[DEV].name == name
        circle.assert_right(world.room, world.now)


def test_who_takes_a_call_may_have_such_a_name_too() -> None:
    world, circle = called(), Circle()
    world.do(c.Enter(person=FAY, role=Role.FACILITATOR, name="%s", browser="browser-of-fay"))
    world.do(c.TakeAlert(by=FAY, alert=world.room.alerts[0].id))
    assert you(world.room, DEV, world.now)["support"]["by"] == "%s"
    circle.assert_right(world.room, world.now)


def test_an_end_may_be_of_any_length() -> None:
    world, circle = called(), Circle()
    listeners = [one for one in circle.listeners(world.room) if one.person == DEV]
    for length in range(256):
        listeners[0].who = b'{"who":"%b",' % (b"x" * length)
        (end,) = Tails().at(world.room, world.now, listeners)
        assert orjson.loads(b'{"you":' + payload(end))["you"]["who"] == "x" * length


def test_a_hand_is_shown_when_others_are_up_already() -> None:
    world, circle = discussion(ANA, BEN, CAI, DEV), Circle()
    for who in (ANA, BEN, CAI):
        world.do(c.RaiseHand(by=who))
        circle.assert_right(world.room, world.now)
    world.do(c.LowerHand(by=BEN))
    circle.assert_right(world.room, world.now)


def test_everybody_gets_their_own_when_only_some_are_shown() -> None:
    world, circle = called(), Circle()
    listeners = circle.listeners(world.room)
    whole = circle.tails.at(world.room, world.now, listeners)
    for one, end in zip(listeners, whole, strict=True):
        assert circle.tails.at(world.room, world.now, [one]) == [end]


class ShownSession(Session):
    """Random sessions: what is kept of the ends of views from change to change is right."""

    @initialize()
    def nobody_is_shown_anything(self) -> None:
        """Begin with nothing kept."""
        self.circle = Circle()

    @invariant()
    def everybody_is_shown_what_is_theirs(self) -> None:
        """Compare with the engine after every step, and a moment later."""
        self.circle.assert_right(self.world.room, self.world.now)
        self.circle.assert_right(self.world.room, self.world.now + 1_234)


ShownSession.TestCase.settings = settings(Session.TestCase.settings, max_examples=20)
TestShownSessions = ShownSession.TestCase
