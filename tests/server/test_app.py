"""How a worker's loops end: noticed at once, and surely."""

from __future__ import annotations

import asyncio
import logging

import pytest

from server.app import Application
from server.rooms.ending import end_all
from server.settings import read_settings
from tests.server.house import SECRET


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end_all({task})
    assert (task.cancelled(), swallowed) == (True, 1)


async def test_a_loop_that_ends_by_a_defect_is_said_and_begun_again(
    store_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.app.BEGIN_AGAIN_SECONDS", 0.01)
    settings = read_settings(
        redis_url=store_url, secret_key=SECRET, public_url="http://127.0.0.1", live_redis_url=""
    )
    parts = Application(settings)
    del parts.rooms.watch  # what every turn of the loop looks at first
    with caplog.at_level(logging.ERROR, logger="thera_peer"):
        async with parts.running(), asyncio.timeout(10):
            while caplog.text.count("defect in a loop") < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
