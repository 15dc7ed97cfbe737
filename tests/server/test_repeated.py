"""What is asked again: done where the log holds it, and called so only when it has been read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from server.rooms.outcomes import UNKNOWN, Done, NotDone
from server.store.position import Position
from server.store.room_log import Outcome, Repeated
from session_engine import PersonId, Role
from session_engine.commands import Begin, SetOnCall
from tests.server.one_room import enter, opened
from tests.server.test_meanwhile import Meanwhile


@pytest.fixture
def log(client: Redis) -> Meanwhile:
    return Meanwhile(client)


async def test_what_is_called_done_has_been_read(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    told: list[int] = []
    replica.watchers.append(lambda one: told.append(one.position.version))
    before = replica.position
    log.is_deaf = True
    assert await rooms.submit(replica, enter("ben"), "ben:1") is UNKNOWN
    assert replica.position == before  # nobody has told this copy
    answer = await rooms.submit(replica, enter("ben"), "ben:1")
    assert answer == Done(replica.position, repeated=True)
    assert replica.position.version == before.version + 1
    assert replica.room
    assert set(replica.room.people) == {"ben"}
    await asyncio.sleep(0)
    assert told == [replica.position.version]


async def test_an_answer_of_a_history_that_is_gone_is_no_answer(
    store_url: str, client: Redis, log: Meanwhile, caplog: pytest.LogCaptureFixture
) -> None:
    replica, rooms = await opened(store_url, client, log)
    log.rooms = rooms
    await rooms.submit(replica, enter("ana"))
    assert isinstance(await rooms.submit(replica, enter("ben"), "ben:1"), Done)
    log.cut_to, log.then = replica.position.version - 1, enter("cai")
    answer = await rooms.submit(replica, enter("ben"), "ben:1")
    assert answer == Done(replica.position, repeated=False)
    assert replica.room
    assert list(replica.room.people) == ["ana", "cai", "ben"]
    assert "defect" not in caplog.text


async def test_a_store_that_refuses_all_that_is_new_still_says_what_it_has(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    log.is_deaf = True
    assert await rooms.submit(replica, enter("ben"), "ben:1") is UNKNOWN
    log.refuses = True
    assert await rooms.submit(replica, enter("cai"), "cai:1") == NotDone("cannot_store")
    answer = await rooms.submit(replica, enter("ben"), "ben:1")
    assert answer == Done(replica.position, repeated=True)


async def test_what_such_a_store_has_from_a_history_that_is_gone_is_unknown(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    assert isinstance(await rooms.submit(replica, enter("ana"), "ana:1"), Done)
    log.finds, log.refuses = {"ana:1": Position(replica.position.version, "0" * 40)}, True
    assert await rooms.submit(replica, enter("ana"), "ana:1") is UNKNOWN


class Covered(Meanwhile):
    """A log with replicas that take their time, and one answer about the ids of another history."""

    is_replicated = True

    def __init__(self, client: Redis) -> None:
        super().__init__(client)
        self.reached = asyncio.Event()
        self.is_of_another = True

    async def covered(self, session: str, positions: Sequence[Position]) -> list[bool]:
        await self.reached.wait()
        return [True] * len(positions)

    async def append(self, session: str, expected: Position, *args: Any, **fields: Any) -> Outcome:
        outcome = await super().append(session, expected, *args, **fields)
        if isinstance(outcome, Repeated) and self.is_of_another:
            self.is_of_another = False
            return Repeated({0: Position(expected.version, "0" * 40)})
        return outcome


async def test_who_waits_for_replicas_is_not_let_in_twice(store_url: str, client: Redis) -> None:
    log = Covered(client)
    replica, rooms = await opened(store_url, client, log)
    fay = PersonId("fay")
    log.reached.set()
    await rooms.submit(replica, enter(fay, Role.FACILITATOR))
    await rooms.submit(replica, SetOnCall(by=fay, text="Dr Rao"))
    await rooms.submit(replica, Begin(by=fay), "fay:1")
    log.reached.clear()
    entering = rooms.submit(replica, enter("ben"))
    again = rooms.submit(replica, Begin(by=fay), "fay:1")
    assert isinstance(await again, Done)
    assert not log.is_of_another
    assert not entering.done()
    log.reached.set()
    assert isinstance(await entering, Done)
