"""A disk that fills up: commands are refused with the reason, and go on by themselves after."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.crowd import Crowd, seed, until
from tests.running_server import RunningServer

MEGABYTE = 1024 * 1024
ROUNDS = 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 96 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, left: int) -> None:
    """Take all of a disk but so many bytes."""
    with (disk / "filler").open("wb") as file:
        while (free := shutil.disk_usage(disk).free) > left:
            file.write(bytes(min(MEGABYTE, free - left)))
            file.flush()


def readiness(server: RunningServer) -> tuple[int, list[str]]:
    """Ask /readyz."""
    answer = httpx.get(f"{server.url}/readyz", timeout=10)
    return answer.status_code, answer.json()["reasons"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("left", [20 * MEGABYTE, 0], ids=["nearly full", "full at once"])
async def test_a_full_disk_is_said_and_survived(small_disk: Path, left: int) -> None:
    with RunningServer(small_disk / "data", workers=2, gather=False) as server:
        crowd = Crowd(server, seed())
        await crowd.fill(rooms=2, participants=2)
        for _ in range(ROUNDS):
            await crowd.act(1.0)
            fill(small_disk, left)
            await until(lambda: not_ready(server), 15)
            assert await still_reading(server, crowd)
            await until(lambda: all_refused(crowd), 15)
            (small_disk / "filler").unlink()
            await until(lambda: ready(server), 15)
            await until(lambda: all_done(crowd), 15)
            await crowd.act(1.0)
        assert await crowd.check() > 0
        await crowd.stop()
        assert (small_disk / "data" / "reserve").exists()


async def still_reading(server: RunningServer, crowd: Crowd) -> bool:
    """See that nobody lost the line, and that pages still come."""
    page = await asyncio.to_thread(httpx.get, f"{server.url}/join", timeout=10)
    return page.status_code == 200 and all(one.connected.is_set() for one in crowd.members)


async def answers(crowd: Crowd) -> list[dict[str, object]]:
    """Ask something of every room; the facilitators are on both workers."""
    asked = (one.facilitator.do("set_prompt", text=crowd.new_prompt()) for one in crowd.circles)
    return await asyncio.gather(*asked)


async def all_refused(crowd: Crowd) -> bool:
    """See that every worker knows by itself: facilitators of both are told why not."""
    return all(answer.get("code") == "cannot_store" for answer in await answers(crowd))


async def all_done(crowd: Crowd) -> bool:
    """See that every worker has recovered by itself."""
    return all(answer["type"] == "done" for answer in await answers(crowd))


async def not_ready(server: RunningServer) -> bool:
    status, reasons = await asyncio.to_thread(readiness, server)
    return status == 503 and bool(reasons)


async def ready(server: RunningServer) -> bool:
    status, _ = await asyncio.to_thread(readiness, server)
    return status == 200
