"""What becomes of a command that nobody waits for, and who hears first of one that acted."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from redis.asyncio import Redis

from server.new_session import create_session
from server.rooms.decisions import DecisionFailed, Decisions
from server.rooms.draft import Job
from server.rooms.outcomes import Done
from server.rooms.rooms import Rooms
from server.rooms.watch import StoreWatch
from server.store.life import Life
from server.store.position import Position
from server.store.redis_clock import RedisClock
from server.store.room_log import Outcome, RoomLog
from session_engine import Enter, PersonId, Role, Tick
from tests.server.house import SECRET


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
    new = await create_session(store_url, SECRET, "http://127.0.0.1", {"title": "Evening"})
    clock = RedisClock(client)
    await clock.sync()
    watch = StoreWatch(client, clock, Life(client), "w1")
    watch.away = False
    log = SlowAnswers(client)
    log.rooms = Rooms(log, clock, watch, "w1")
    replica = await log.rooms.open(new.session)
    heard: list[str] = []
    replica.watchers.append(lambda _: heard.append("change"))
    decisions = Decisions(replica, log, clock, watch, log.rooms.catch_up)

    async def come(person: str) -> None:
        command = Enter(person=PersonId(person), role=Role.PARTICIPANT, name=person, consent="1")
        assert isinstance(await decisions.submit(command, ""), Done)
        heard.append(person)

    async with asyncio.TaskGroup() as together:
        together.create_task(come("ana"))
        await asyncio.sleep(0)
        together.create_task(come("ben"))  # a second batch, at the heels of the first
    await asyncio.sleep(0)
    assert heard == ["ana", "change", "ben", "change"]
