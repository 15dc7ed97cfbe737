"""A log that somebody has made long is read without keeping the other rooms waiting."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from server.rooms.replica import encode_events
from server.store.position import START, Element, Position, Record
from server.store.room_log import READ_AT_ONCE, Appended, RoomLog
from session_engine.events import PersonRenamed
from tests.server.one_room import enter, opened, rooms_of

ELEMENTS = 20_000
AT_ONCE = 500


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """Collect no garbage: pytest's heap takes 80 ms, a worker's is frozen before it forks."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def longest_wait(task: asyncio.Task[object]) -> float:
    """Return for how many seconds nobody else had a turn while this was done.

    Of our own processor time: on a busy machine others have theirs meanwhile.
    """
    longest, before = 0.0, time.thread_time()
    while not task.done():
        await asyncio.sleep(0)
        now = time.thread_time()
        longest, before = max(longest, now - before), now
    return longest


class Changing(RoomLog):
    """A log that becomes another one while its first readings are under way."""

    changes = 2

    async def read(self, session: str, after: Position = START) -> list[Element] | None:
        if self.changes:
            self.changes -= 1
            return None
        return await super().read(session, after)


async def test_a_log_that_changes_while_it_is_read_is_read_again(
    store_url: str, client: Redis
) -> None:
    replica, rooms = await opened(store_url, client)
    await rooms.submit(replica, enter("ana"))
    log = Changing(client, replicated=False)
    copy = await rooms_of(client, log).open(replica.session)
    assert not log.changes
    assert (copy.position, copy.room) == (replica.position, replica.room)


async def test_a_long_log_is_read_in_parts(store_url: str, client: Redis) -> None:
    replica, rooms = await opened(store_url, client)
    await rooms.submit(replica, enter("ana"))
    room, now = replica.room, rooms.clock.now_ms()
    assert room is not None
    at = replica.position
    for first in range(0, ELEMENTS, AT_ONCE):
        renamed = [
            PersonRenamed(at=room.last_at, person="ana", name=f"Ana {number}")
            for number in range(first, first + AT_ONCE)
        ]
        answer = await rooms.log.append(
            replica.session,
            at,
            [Record("", encode_events([event])) for event in renamed],
            decided_at=rooms.clock.now_ms(),
            due_at=0,
            expires_at_ms=now + 3_600_000,
            wake_at=None,
        )
        assert isinstance(answer, Appended)
        at = answer.positions[-1]
    elsewhere = rooms_of(client)
    await elsewhere.clock.sync()
    began = time.thread_time()
    opening = asyncio.create_task(elsewhere.open(replica.session))
    waited = await longest_wait(opening)
    took = time.thread_time() - began
    copy = opening.result()
    assert (copy.position, at.version > 10 * READ_AT_ONCE) == (at, True)
    assert copy.room is not None
    assert copy.room.people[next(iter(copy.room.people))].name == f"Ana {ELEMENTS - 1}"
    assert waited < took / 5, (waited, took)
    # And what came while nobody looked, of the first copy.
    waited = await longest_wait(asyncio.create_task(rooms.catch_up(replica)))
    assert (replica.position, replica.room) == (at, copy.room)
    assert waited < took / 5, (waited, took)
