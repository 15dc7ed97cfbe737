"""What becomes of a command that nobody waits for."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from server.rooms.decisions import DecisionFailed
from server.rooms.draft import Job
from session_engine import Tick


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
