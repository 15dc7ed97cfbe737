"""Who was told "done" is told when it is gone: also on a new line, and only of what is gone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import pytest
from redis.asyncio import Redis

from server.rooms.receipts import KEPT, LOST_SECONDS, PEOPLE_KEPT, Receipts
from server.sockets import frames
from server.sockets.audience import Audience
from server.sockets.flood import BURST, RATE_PER_SECOND
from server.sockets.listener import Listener
from server.sockets.outbox import Outbox
from server.sockets.protocol import RoomSocketProtocol
from server.store.position import Position
from server.store.room_log import log_key
from session_engine import ConnectionId, PersonId, Role
from session_engine.commands import SetPrompt
from tests.faults.stores import MAX_LAG_SECONDS
from tests.server.one_room import Sink, enter, opened

ANA, BEN, FAY = PersonId("ana"), PersonId("ben"), PersonId("fay")


class Heard(Sink):
    """A line that keeps all that is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[bytes] = []

    def write_frames(self, frames: Sequence[bytes]) -> bool:
        self.all.append(b"".join(frames))
        return self.is_open


def out(line: Heard) -> Outbox:
    return Outbox(cast(RoomSocketProtocol, line))


async def test_who_comes_back_is_told_what_was_lost_meanwhile(
    store_url: str, client: Redis
) -> None:
    replica, rooms = await opened(store_url, client)
    await rooms.submit(replica, enter(FAY, Role.FACILITATOR))
    for person in (ANA, BEN):
        await rooms.submit(replica, enter(person))
    audience = Audience(replica, rooms.clock, lambda *_: None)
    bens = Heard()
    audience.join(Listener(ConnectionId("w:2"), BEN, out(bens)))
    before = replica.position
    await rooms.submit(replica, SetPrompt(by=FAY, text="What helped this week?"))
    replica.receipts.note(ANA, "c1", before)
    replica.receipts.note(ANA, "c2", replica.position)
    old = Heard()  # may be dead, without anybody knowing
    audience.join(Listener(ConnectionId("w:3"), ANA, out(old)))
    await client.ltrim(log_key(replica.session), 0, before.version - 1)
    await rooms.compare()
    new = Heard()
    audience.join(Listener(ConnectionId("w:4"), ANA, out(new)))
    lost = frames.message(b'{"type":"lost","ids":["c2"]}')
    assert old.all.count(lost) == new.all.count(lost) == 1
    assert not any(b"lost" in sent for sent in bens.all)
    replica.receipts.note(ANA, "c2", replica.position)  # she has said it again
    last = Heard()
    audience.join(Listener(ConnectionId("w:5"), ANA, out(last)))
    assert not any(b"lost" in sent for sent in last.all)


def at(version: int, history: str = "a") -> Position:
    """Name a place in one of several histories."""
    return Position(version, f"{history}{version}")


def test_lost_is_what_another_history_does_not_hold() -> None:
    receipts = Receipts()
    for version in (1, 2, 3):
        receipts.note(ANA, f"c{version}", at(version))
    receipts.note(BEN, "b4", at(4, "b"))  # an answer of the new history came before the history
    assert receipts.cut(dict([at(1), at(2), at(3, "b"), at(4, "b")])) == {ANA: ["c3"]}
    receipts.note(ANA, "c4", at(3, "b"))
    assert receipts.cut(dict([at(1)])) == {ANA: ["c2", "c4"], BEN: ["b4"]}
    assert receipts.lost(ANA) == ["c3", "c2", "c4"]
    assert receipts.cut(dict([at(1)])) == {}


def test_after_a_while_nobody_is_told_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    receipts = Receipts()
    receipts.note(ANA, "c1", at(1))
    receipts.cut({})
    assert receipts.lost(ANA) == ["c1"]
    later = time.monotonic() + LOST_SECONDS
    monkeypatch.setattr("server.rooms.receipts.time.monotonic", lambda: later)
    assert receipts.lost(ANA) == []


def test_the_newest_of_those_who_acted_last_are_kept() -> None:
    receipts = Receipts()
    receipts.note(BEN, "old", at(1))
    for number in range(KEPT + 1):
        receipts.note(ANA, f"c{number}", at(number))
    for number in range(PEOPLE_KEPT - 1):
        receipts.note(PersonId(f"p{number}"), "c", at(1))
    lost = receipts.cut({})
    assert BEN not in lost
    assert lost[ANA] == [f"c{number}" for number in range(1, KEPT + 1)]


def test_as_much_is_kept_as_a_person_may_say_while_a_master_goes_on_alone() -> None:
    assert KEPT >= BURST + RATE_PER_SECOND * (MAX_LAG_SECONDS + 1)
