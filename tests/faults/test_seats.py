"""Many people who want the last seat at once: exactly one gets it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from server.pages.guidelines import GUIDELINES_VERSION
from tests.faults.conftest import times
from tests.running_server import RunningServer

AT_ONCE = 40
SEATS = 3


@pytest.mark.timeout(3000)
async def test_nobody_gets_a_seat_that_is_not_there(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        async with httpx.AsyncClient(timeout=60) as client:
            for _ in range(times(5, 1_000)):
                links = server.create("--starts", "now", "--seats", str(SEATS))
                body = {
                    "link": links["participant"].partition("#")[2],
                    "consent": GUIDELINES_VERSION,
                }

                async def knock(number: int, body: dict[str, str] = body) -> int:
                    named = {**body, "name": f"P{number}"}
                    while True:
                        answer = await client.post(f"{server.url}/api/enter", json=named)
                        if answer.status_code != 503:
                            return answer.status_code

                codes = await asyncio.gather(*(knock(number) for number in range(AT_ONCE)))
                assert sorted(codes) == [200] * SEATS + [409] * (AT_ONCE - SEATS)
