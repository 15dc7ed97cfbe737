"""The people of a room are brought to one worker, and nothing depends on it."""

from __future__ import annotations

import os
import signal

import pytest

from server.rooms.watch import worker_of
from tests.faults.checker import Story
from tests.faults.conftest import NewCrowd
from tests.faults.crowd import Circle, Crowd, until

pytestmark = pytest.mark.alone

WORKERS = 3


async def workers_of(crowd: Crowd, circle: Circle) -> set[str]:
    """Return the workers that the people of a room are on, as its log has it."""
    room = (await Story.read(crowd.store, circle.session)).rooms[-1]
    assert room is not None
    return {worker_of(person.connection or "") for person in room.people.values()}


@pytest.mark.timeout(180)
async def test_a_room_is_on_one_worker_and_survives_it(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=12, participants=3, workers=WORKERS, gathered=True)
    used = [await workers_of(crowd, circle) for circle in crowd.circles]
    assert all(len(workers) == 1 for workers in used)
    assert len(set.union(*used)) > 1
    victim = crowd.dice.choice(crowd.server.workers())
    os.kill(victim, signal.SIGKILL)

    async def all_connected() -> bool:
        return all(member.connected.is_set() for member in crowd.members)

    await crowd.act(3.0)
    await until(all_connected, 10)
    for circle in crowd.circles:
        assert "" not in await workers_of(crowd, circle)
    assert await crowd.check() > 20
