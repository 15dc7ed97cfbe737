"""Fixtures of the faults: how long they run, and a crowd on a server of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.faults.crowd import Crowd, seed
from tests.running_server import RunningServer

LONG: Final = bool(os.environ.get("THERA_PEER_LONG_FAULTS"))

NewCrowd = Callable[..., Awaitable[Crowd]]


def times(short: int, long: int) -> int:
    """Return how often something happens in this run."""
    return long if LONG else short


@pytest.fixture
async def new_crowd(tmp_path: Path) -> AsyncIterator[NewCrowd]:
    """Make crowds; each has a server of its own, and all go home at the end."""
    async with AsyncExitStack() as stack:

        async def make(rooms: int, participants: int, workers: int = 2, **choices: object) -> Crowd:
            server = RunningServer(tmp_path, workers=workers)
            stack.enter_context(server)
            crowd = Crowd(server, seed())
            stack.push_async_callback(crowd.stop)
            await crowd.fill(rooms, participants, **choices)
            return crowd

        yield make
