"""Stores that are killed under load, half of the time beside a busy disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from redis.exceptions import RedisError

from tests.faults.checker import Story
from tests.faults.conftest import LONG, NewCrowd, Note, times
from tests.faults.crowd import Circle, Crowd, stopped, until
from tests.running_server import runs

pytestmark = pytest.mark.alone

# From the moment in which the store answers again.
BACK_SECONDS = 2.0
WHAT = ("everyone back", "every answer there")
ASK_EVERY_SECONDS = 0.1
# A store that died again and again is started after two seconds; then it reads its files.
ANSWERS_SECONDS = 15.0

# Writes and syncs without a pause; the file stays small.
DISK_LOAD = """
import os, sys
block = os.urandom(1 << 20)
while True:
    with open(sys.argv[1], "wb") as file:
        for _ in range(64):
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
"""


@contextlib.contextmanager
def busy_disk(directory: Path) -> Iterator[None]:
    """Keep the disk under a directory busy."""
    load = subprocess.Popen([sys.executable, "-c", DISK_LOAD, str(directory / "load")])
    try:
        yield
    finally:
        load.kill()
        load.wait()


@pytest.mark.timeout(1800)
async def test_a_killed_store_loses_nothing_and_everyone_is_back(
    new_crowd: NewCrowd, tmp_path: Path, note: Note
) -> None:
    crowds = await asyncio.gather(*(new_crowd(rooms=3, participants=3) for _ in range(2)))
    stories = [await crowd.stories() for crowd in crowds]
    rounds = times(2, 100)
    took: list[tuple[float, float]] = []
    for number in range(rounds):
        load = busy_disk(tmp_path) if number % 2 else contextlib.nullcontext()
        with load:
            took += await asyncio.gather(*map(kill_once, crowds, stories))
            assert max(took)[0] <= BACK_SECONDS, took
    assert sum([await crowd.check() for crowd in crowds]) > 5 * len(took)
    turns = sum(crowd.by_limit for crowd in crowds)
    assert turns or not LONG, "no turn was long enough for its limit"
    note("kills", len(took))
    note("with a busy disk", len(took) // 2)
    for what, seconds in zip(WHAT, zip(*took, strict=True), strict=True):
        note(f"{what} after (s: median, last)", [round(f(seconds), 2) for f in (median, max)])
    note("turns by limit", turns)


async def kill_once(crowd: Crowd, stories: list[Story]) -> tuple[float, float]:
    """Kill a store while people act.

    Return how long after its return everyone was back, and every command was answered.
    """
    acting = asyncio.create_task(crowd.act(3600))
    await asyncio.sleep(crowd.dice.uniform(0.2, 1.2))
    victim = crowd.server.store()
    os.kill(victim, signal.SIGKILL)
    await until(lambda: _answers_again(crowd, victim), ANSWERS_SECONDS, 0.02)
    began = time.monotonic()
    await stopped(acting)
    await until(lambda: everybody_is_back(crowd, stories), 10 * BACK_SECONDS, 0.02)
    await asyncio.gather(*(see_something_new(crowd, circle) for circle in crowd.circles))
    back = time.monotonic() - began
    await until(lambda: nothing_is_open(crowd), 10 * BACK_SECONDS, 0.02)
    return back, time.monotonic() - began


async def _answers_again(crowd: Crowd, victim: int) -> bool:
    if runs(victim):
        return False
    try:
        return bool(await crowd.store.ping())
    except (RedisError, OSError):
        return False


async def see_something_new(crowd: Crowd, circle: Circle) -> None:
    """Set prompts until one is on every screen of a room: lines, log and fan-out are back."""
    new: set[str] = set()
    async with asyncio.timeout(10 * BACK_SECONDS):
        while not all(member.latest["view"]["prompt"] in new for member in circle.members):
            new.add(await crowd.set_prompt(circle.facilitator))
            await asyncio.sleep(ASK_EVERY_SECONDS)


async def nothing_is_open(crowd: Crowd) -> bool:
    """Say whether every command has a certain answer."""
    return not any(member.open_commands for member in crowd.members)


async def everybody_is_back(crowd: Crowd, stories: list[Story]) -> bool:
    """Say whether nobody is told that the store is away, and every screen shows its log's end.

    A command without a certain answer is asked again a second later, as a page does, and
    may take longer: crowd.check waits for it.
    """
    for member in crowd.members:
        if [frame["away"] for frame in member.told if frame["type"] == "store"][-1:] == [True]:
            return False
    return await crowd.are_current(stories)
