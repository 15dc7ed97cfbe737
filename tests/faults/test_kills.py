"""Processes that die under load: nothing acknowledged is lost, nothing acts twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from tests.faults.checker import Story, is_here
from tests.faults.conftest import NewCrowd, times
from tests.faults.crowd import Crowd, until
from tests.running_server import runs

pytestmark = pytest.mark.alone

# A lease of ten seconds, and the looks at it.
GHOST_SECONDS = 12.0


async def killed_again_and_again(crowd: Crowd, number: int, what: str) -> None:
    """Kill one process after another while people act."""
    for _ in range(number):
        victim = (
            crowd.dice.choice(crowd.server.workers())
            if what == "worker"
            else (crowd.server.store())
        )
        os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(_wait_for_another, crowd, victim, what)
        await asyncio.sleep(crowd.dice.uniform(0.2, 1.2))


def _wait_for_another(crowd: Crowd, victim: int, what: str) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if runs(victim):
            continue
        if what == "worker" and len(crowd.server.workers()) == 2:
            return
        if what == "store":
            try:
                crowd.server.store()
                return
            except ValueError:
                continue
    raise AssertionError(f"no other {what} came")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("what", "number"), [("worker", times(8, 500))])
async def test_what_was_acknowledged_survives_kills(
    new_crowd: NewCrowd, what: str, number: int
) -> None:
    crowd = await new_crowd(rooms=6, participants=3)
    acting = asyncio.create_task(crowd.act(seconds=3600))
    try:
        await killed_again_and_again(crowd, number, what)
    finally:
        acting.cancel()
        await asyncio.wait({acting})
    assert await crowd.check() > 10 * number


async def test_the_ghosts_of_a_killed_worker_are_gone_within_12_s(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=4, participants=4)
    os.kill(crowd.server.workers()[0], signal.SIGKILL)
    gone = [circle.members[-1] for circle in crowd.circles]
    for member in gone:
        await member.stop()  # about half of them were on the other worker: a plain drop

    async def no_ghosts() -> bool:
        stories = [await Story.read(crowd.store, circle.session) for circle in crowd.circles]
        return not any(
            is_here(story, member.person) for story, member in zip(stories, gone, strict=True)
        )

    await until(no_ghosts, GHOST_SECONDS)
    for circle, member in zip(crowd.circles, gone, strict=True):
        circle.members.remove(member)
    await crowd.check()
