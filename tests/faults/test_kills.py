"""Processes that die under load: nothing acknowledged is lost, nothing acts twice."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from tests.faults.checker import Story, is_here
from tests.faults.conftest import LONG, NewCrowd, Note, times
from tests.faults.crowd import Circle, Crowd, stopped, until
from tests.faults.floor import take_the_floor
from tests.running_server import runs

pytestmark = pytest.mark.alone

# A lease of ten seconds, and the looks at it.
GHOST_SECONDS = 12.0
# Whose worker was killed tries again after 0.1 to 0.6 s, once more if that one is not up yet.
BACK_SECONDS = 2.0


async def killed_again_and_again(crowd: Crowd, number: int) -> None:
    """Kill one worker after another while people act."""
    for _ in range(number):
        victim = crowd.dice.choice(crowd.server.workers())
        os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(_wait_for_two, crowd, victim)
        await asyncio.sleep(crowd.dice.uniform(0.2, 1.2))


def _wait_for_two(crowd: Crowd, victim: int) -> None:
    """Wait until two workers live: with more of them nobody waits."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        time.sleep(0.05)
        if not runs(victim) and len(crowd.server.workers()) >= 2:
            return
    raise AssertionError("no other worker came")


@pytest.mark.timeout(1200)
async def test_what_was_acknowledged_survives_kills(new_crowd: NewCrowd, note: Note) -> None:
    number = times(8, 500)
    crowd = await new_crowd(rooms=times(6, 12), participants=3, workers=times(2, 4))
    acting = asyncio.create_task(crowd.act(seconds=3600))
    try:
        await killed_again_and_again(crowd, number)
    finally:
        await stopped(acting)
    assert await crowd.check() > 10 * number
    assert crowd.by_limit or not LONG, "no turn was long enough for its limit"
    note("kills", number)


@pytest.mark.timeout(600)
async def test_the_ghosts_of_a_killed_worker_are_gone_within_12_s(
    new_crowd: NewCrowd, note: Note
) -> None:
    crowd = await new_crowd(rooms=4, participants=4)
    took = []
    for number in range(times(1, 10)):
        if number:
            await asyncio.to_thread(_wait_for_two, crowd, -1)
            await crowd.fill(rooms=4, participants=4)
        took.append(await ghosts_last(crowd, crowd.circles[-4:]))
    await crowd.check()
    note("gone after (s)", [round(seconds, 1) for seconds in took])


async def ghosts_last(crowd: Crowd, circles: list[Circle]) -> float:
    """Kill a worker while its people leave for good; return how long the log had them here."""
    stories = [await Story.read(crowd.store, circle.session) for circle in circles]
    gone = [circle.members[1:] for circle in circles]
    os.kill(crowd.dice.choice(crowd.server.workers()), signal.SIGKILL)
    began = time.monotonic()
    # About half of them were on the other worker: a plain drop.
    await asyncio.gather(*(member.stop() for members in gone for member in members))

    async def no_ghosts() -> bool:
        for story in stories:
            await story.read_on(crowd.store)
        return not any(
            is_here(story, member.person)
            for story, members in zip(stories, gone, strict=True)
            for member in members
        )

    await until(no_ghosts, GHOST_SECONDS - (time.monotonic() - began))
    took = time.monotonic() - began
    assert took > BACK_SECONDS, "nobody was on the killed worker"
    for circle in circles:
        del circle.members[1:]
    return took


@pytest.mark.timeout(600)
async def test_turns_outlive_the_worker_of_their_holder_and_of_others(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=0, participants=0, workers=3)
    moved, stayed, kills = 0, 0, 0
    while kills < times(2, 40) or not (moved and stayed):
        if kills % 4 == 0:  # turns last 90 s, four kills not half of it
            await crowd.fill(rooms=6, participants=2, accept_window_s=60)
            circles = crowd.circles[-6:]
            for circle in circles:
                await take_the_floor(circle)
        kills += 1
        lost = await kill_under(crowd, circles)
        moved, stayed = moved + lost, stayed + len(circles) - lost
    print(f"{kills} kills, {moved} holders moved, {stayed} saw nothing")  # noqa: T201
    await crowd.check()


async def kill_under(crowd: Crowd, circles: list[Circle]) -> int:
    """Kill a worker; no turn notices. Return how many holders were on it."""
    turns = [circle.facilitator.latest["view"]["turn"] for circle in circles]
    began = time.monotonic()
    os.kill(crowd.dice.choice(crowd.server.workers()), signal.SIGKILL)
    await asyncio.sleep(BACK_SECONDS)
    holders = [circle.members[1] for circle in circles]
    for circle, holder, turn in zip(circles, holders, turns, strict=True):
        assert holder.connected.is_set(), "the holder did not come back in time"
        for member in circle.members:
            shown = [frame["view"]["turn"] for at, frame in member.views if at > began]
            assert all(one == turn for one in shown), "a turn was interrupted"
        assert holder.latest["view"]["turn"] == turn
    await asyncio.to_thread(_wait_for_two, crowd, -1)
    return sum(any(at > began for at in holder.lost) for holder in holders)
