"""Fixtures of the faults: how long they run, and a crowd on a server of its own."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.faults.crowd import Crowd, seed
from tests.faults.others import Others
from tests.running_server import RunningServer
from tests.server.house import House

LONG: Final = bool(os.environ.get("THERA_PEER_LONG_FAULTS"))

Note = Callable[[str, object], None]
NewCrowd = Callable[..., Awaitable[Crowd]]


def times(short: int, long: int) -> int:
    """Return how often something happens in this run."""
    return long if LONG else short


@pytest.fixture
def note(record_property: Note) -> Note:
    """Say at the end of the run how much was done: kills, cuts, frames, commands."""
    return record_property


@pytest.fixture
async def new_crowd(tmp_path: Path, note: Note) -> AsyncIterator[NewCrowd]:
    """Make crowds; each has a server of its own, and all go home at the end."""
    async with AsyncExitStack() as stack:
        chosen = seed()
        note("seed", chosen)
        numbers = itertools.count(1)

        async def make(
            rooms: int,
            participants: int,
            workers: int = 2,
            *,
            gathered: bool = False,
            **choices: object,
        ) -> Crowd:
            directory = tmp_path / f"server{next(numbers)}"
            server = RunningServer(directory, workers=workers, gather=gathered)
            await asyncio.to_thread(stack.enter_context, server)
            crowd = Crowd(server, chosen)
            stack.push_async_callback(crowd.stop)
            await crowd.fill(rooms, participants, **choices)
            return crowd

        yield make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what each test did and with which seed, also what ran in other processes."""
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: "
        + ", ".join(f"{name} {value}" for name, value in report.user_properties)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call" and "tests/faults/" in report.nodeid and report.user_properties
    ]
    if lines:
        terminalreporter.section("what was done (THERA_PEER_SEED plays a seed again)")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
async def others(tmp_path: Path) -> AsyncIterator[Others]:
    """Two workers, and people on them who behave."""
    house = House(tmp_path)
    try:
        for _ in range(2):
            house.start_worker()
        others = Others(house)
        yield others
        others.go()
    finally:
        house.close()
