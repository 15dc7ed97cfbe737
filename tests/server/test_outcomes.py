"""What becomes of a command that nobody waits for, and who hears first of one that acted."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from redis.asyncio import Redis

from server.rooms.decisions import DecisionFailed
from server.rooms.draft import Job
from server.rooms.outcomes import UNKNOWN, Done, NotDone
from server.rooms.presence import Presence
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.store.life import AWAY_SECONDS, Life
from server.store.position import Position
from server.store.room_log import Late, Outcome, RoomLog
from session_engine import Arrive, ConnectionId, PersonId, Tick
from tests.server.one_room import enter, opened


async def test_a_defect_that_nobody_waits_for_is_said_once_only() -> None:
    loop = asyncio.get_running_loop()
    said: list[dict[str, Any]] = []
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: said.append(context))
    try:
        Job(Tick(), "", loop.create_future()).fail(DecisionFailed())
        gc.collect()
    finally:
        loop.set_exception_handler(before)
    assert said == []


class SlowAnswers(RoomLog):
    """A log whose channel is faster than the answer to an append, as it may be."""

    rooms: Rooms

    async def append(self, session: str, expected: Position, *args: Any, **kwargs: Any) -> Outcome:
        """Store; let the rooms hear of it; only then give the answer."""
        outcome = await super().append(session, expected, *args, **kwargs)
        replica = self.rooms.find(session)
        assert replica is not None
        await self.rooms.repair(replica)
        return outcome


async def test_the_answer_comes_before_the_change_is_shown(store_url: str, client: Redis) -> None:
    log = SlowAnswers(client, replicated=False)
    replica, rooms = await opened(store_url, client, log)
    log.rooms = rooms
    heard: list[str] = []
    replica.watchers.append(lambda _: heard.append("change"))

    async def come(person: str) -> None:
        assert isinstance(await rooms.submit(replica, enter(person)), Done)
        heard.append(person)

    async with asyncio.TaskGroup() as together:
        together.create_task(come("ana"))
        await asyncio.sleep(0)
        together.create_task(come("ben"))  # a second batch, at the heels of the first
    await asyncio.sleep(0)
    assert heard == ["ana", "change", "ben", "change"]


class RefusedMeanwhile(RoomLog):
    """A log of a store that has stopped taking anything by the time it answers."""

    rooms: Rooms

    async def append(self, session: str, expected: Position, *args: Any, **kwargs: Any) -> Outcome:
        """Have the watch find out what the next attempt would."""
        self.rooms.watch.away, self.rooms.watch.refusal = True, "no memory"
        return Late(0)


async def test_a_store_that_refuses_between_two_attempts_is_said_to_refuse(
    store_url: str, client: Redis
) -> None:
    log = RefusedMeanwhile(client, replicated=False)
    replica, rooms = await opened(store_url, client, log)
    log.rooms = rooms
    assert await rooms.submit(replica, enter("ana"), "ana:1") == NotDone("cannot_store")
    rooms.watch.refusal = ""
    assert await rooms.submit(replica, enter("ana"), "ana:1") == UNKNOWN


async def test_who_fails_at_a_change_keeps_nobody_else_from_it(
    store_url: str, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    replica, rooms = await opened(store_url, client)
    shown: list[int] = []

    def fail(_: Replica) -> None:
        raise RuntimeError("what anybody said")

    replica.watchers[:0] = [fail]
    replica.watchers.append(lambda changed: shown.append(changed.position.version))
    assert isinstance(await rooms.submit(replica, enter("ana")), Done)
    assert isinstance(await rooms.submit(replica, enter("ben")), Done)
    await asyncio.sleep(0)
    assert shown[-1] == replica.position.version
    assert caplog.text.count("defect in a change: RuntimeError") == 2
    assert "what anybody said" not in caplog.text


async def test_an_outage_that_no_pulse_has_told_of_is_known_to_the_next_decision(
    store_url: str, client: Redis
) -> None:
    replica, rooms = await opened(store_url, client)
    assert isinstance(await rooms.submit(replica, enter("ana")), Done)
    await asyncio.sleep(AWAY_SECONDS + 0.1)  # a process that stood still, or its store
    assert rooms.watch.may_decide
    assert isinstance(await rooms.submit(replica, enter("ben")), Done)
    assert replica.room is not None
    assert len(rooms.watch.outages) == 1
    assert replica.room.lost_until == rooms.watch.outages[0].until


async def test_nobody_is_judged_absent_within_one_lease_after_an_outage(
    store_url: str, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.rooms.watch.LEASE_SECONDS", 1.0)
    replica, rooms = await opened(store_url, client)
    presence = Presence(rooms, Life(client))
    ana, connection = PersonId("ana"), ConnectionId("w2.1")  # that worker has no lease
    await rooms.submit(replica, enter("ana"))
    await rooms.submit(replica, Arrive(person=ana, connection=connection))
    await asyncio.sleep(AWAY_SECONDS + 0.1)
    await rooms.submit(replica, enter("ben"))  # learns of the outage

    async def seen_after_a_judgement() -> str | None:
        await presence.judge([replica])
        await rooms.drained()
        assert replica.room is not None
        return replica.room.people[ana].connection

    assert await seen_after_a_judgement() == connection
    await asyncio.sleep(1.0)
    assert await seen_after_a_judgement() is None
