"""The store breaks, stands still, forgets its tail, fills its disk: nobody is told a lie."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from server.store.position import numbered
from server.store.room_log import log_key
from tests.faults.checker import Story
from tests.faults.conftest import LONG, NewCrowd, times
from tests.faults.crowd import Crowd, until
from tests.faults.member import Member

pytestmark = pytest.mark.alone

STANDSTILL_SECONDS = 60 if LONG else 8


def heard_of(members: list[Member], away: bool) -> bool:
    """Say whether everybody's last word about the store is this."""
    return all(
        [frame["away"] for frame in member.told if frame["type"] == "store"][-1:] == [away]
        for member in members
    )


@pytest.mark.timeout(180)
async def test_a_store_that_stands_still_is_noticed_and_costs_nobody_anything(
    new_crowd: NewCrowd,
) -> None:
    crowd = await new_crowd(rooms=4, participants=3)
    await crowd.act(2)
    await crowd.settled()
    before = [await Story.read(crowd.store, circle.session) for circle in crowd.circles]
    store = crowd.server.store()
    os.kill(store, signal.SIGSTOP)
    try:
        await until(lambda: _holds(heard_of(crowd.members, away=True)), 5.0)
        asked = [
            await circle.facilitator.send("set_prompt", text=f"frozen {number}")
            for number, circle in enumerate(crowd.circles)
        ]
        await asyncio.sleep(STANDSTILL_SECONDS)
        for circle, name in zip(crowd.circles, asked, strict=True):
            assert circle.facilitator.sent[name].answer is None, "a false answer"
    finally:
        os.kill(store, signal.SIGCONT)
    await until(lambda: _holds(heard_of(crowd.members, away=False)), 5.0)
    await crowd.check()
    for circle, old in zip(crowd.circles, before, strict=True):
        new = await Story.read(crowd.store, circle.session)
        room, was = new.rooms[-1], old.rooms[-1]
        assert room is not None
        assert was is not None
        assert room.turns_offered == was.turns_offered, "an offer was spent"
        assert all(person.present for person in room.people.values())


async def _holds(true: bool) -> bool:
    return true


@pytest.mark.timeout(1800)
async def test_a_log_that_lost_its_tail_is_noticed_and_shown(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=5, participants=2)
    for _ in range(times(3, 40)):
        await crowd.act(1.5)
        await crowd.settled()
        for circle in crowd.circles:
            await cut_the_tail(crowd, circle.members, log_key(circle.session))


async def cut_the_tail(crowd: Crowd, members: list[Member], key: str) -> None:
    """Cut up to five elements off a log; every screen then shows what the log holds."""
    length = await crowd.store.llen(key)
    lost = crowd.dice.randint(1, 5)
    kept: list[Any] = await crowd.store.lrange(key, 0, length - lost - 1)
    await crowd.store.ltrim(key, 0, length - lost - 1)
    head = numbered(len(kept) - 1, [kept[-1]])[0][0].head

    async def shown() -> bool:
        position = members[0].latest["position"]
        now: list[Any] = await crowd.store.lrange(key, 0, -1)
        grown = numbered(0, now)
        assert grown[len(kept) - 1][0].head == head
        return bool(position["version"] == len(now) and position["head"] == grown[-1][0].head)

    await until(shown, 5.0)
    facilitator = members[0]
    lost_ids = {
        name
        for name, sent in facilitator.sent.items()
        if sent.answer is not None and sent.answer.get("version", 0) > len(kept)
    }
    told = {name for frame in facilitator.told if frame["type"] == "lost" for name in frame["ids"]}
    assert lost_ids <= told, f"{lost_ids - told} were acknowledged, lost, and nobody said so"
    for member in members:  # what they knew is of a history that is gone
        member.views.clear()
        member.sent.clear()
