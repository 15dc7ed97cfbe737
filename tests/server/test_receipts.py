"""Who was told "done" is told when it is gone: also on a new line, and only of what is gone."""

from __future__ import annotations

from typing import cast

from redis.asyncio import Redis

from server.rooms.receipts import KEPT, PEOPLE_KEPT, Receipts
from server.sockets import frames
from server.sockets.audience import Audience
from server.sockets.listener import Listener
from server.sockets.outbox import Outbox
from server.sockets.protocol import RoomSocketProtocol
from server.store.room_log import log_key
from session_engine import ConnectionId, PersonId
from tests.server.one_room import Sink, enter, opened

ANA, BEN = PersonId("ana"), PersonId("ben")


class Heard(Sink):
    """A line that keeps all that is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[bytes] = []

    def write_frames(self, sent: tuple[bytes, ...]) -> bool:
        self.all.append(b"".join(sent))
        return self.is_open


def out(line: Heard) -> Outbox:
    return Outbox(cast(RoomSocketProtocol, line))


async def test_who_comes_back_is_told_what_was_lost_meanwhile(
    store_url: str, client: Redis
) -> None:
    replica, rooms = await opened(store_url, client)
    for person in (ANA, BEN):
        await rooms.submit(replica, enter(person))
    audience = Audience(replica, rooms.clock, lambda *_: None)
    bens = Heard()
    audience.join(Listener(ConnectionId("w:2"), BEN, out(bens)))
    replica.receipts.note(ANA, "c1", replica.position.version - 1)
    replica.receipts.note(ANA, "c2", replica.position.version)
    await client.ltrim(log_key(replica.session), 0, replica.position.version - 2)
    await rooms.compare()  # she has no line now
    comes, again = Heard(), Heard()
    for number, line in enumerate((comes, again)):
        audience.join(Listener(ConnectionId(f"w:{3 + number}"), ANA, out(line)))
    assert comes.all == [frames.message(b'{"type":"lost","ids":["c2"]}')]
    assert again.all == []
    assert not any(b"lost" in sent for sent in bens.all)


def test_a_second_cut_goes_on_where_the_first_ended() -> None:
    receipts = Receipts()
    for version in (1, 2, 3):
        receipts.note(ANA, f"c{version}", version)
    receipts.cut(2)
    receipts.note(ANA, "c4", 3)
    receipts.cut(1)
    assert receipts.take_lost(ANA) == ["c3", "c2", "c4"]
    assert receipts.take_lost(ANA) == []
    receipts.cut(0)
    assert receipts.take_lost(ANA) == ["c1"]


def test_the_newest_of_those_who_acted_last_are_kept() -> None:
    receipts = Receipts()
    receipts.note(BEN, "old", 1)
    for number in range(KEPT + 1):
        receipts.note(ANA, f"c{number}", number)
    for number in range(PEOPLE_KEPT - 1):
        receipts.note(PersonId(f"p{number}"), "c", 1)
    receipts.cut(-1)
    assert receipts.take_lost(BEN) == []
    assert receipts.take_lost(ANA) == [f"c{number}" for number in range(1, KEPT + 1)]
