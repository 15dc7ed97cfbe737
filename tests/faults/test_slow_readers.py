"""Clients that read nothing, or a kilobyte a second: little memory, soon gone, nobody waits."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import pytest

from benchmarks.rooms import Screen
from session_engine.limits import MAX_THEMES
from tests.faults.conftest import LONG, times
from tests.faults.crowd import stopped
from tests.faults.others import Others
from tests.server.house import Worker

pytestmark = pytest.mark.alone

MOST_BYTES = 256 * 1024
GONE_SECONDS = 20.0
# A short run, on a machine that may be busy, sees disasters: a worker that stands still.
MOST_SLOWER = 1.2 if LONG else 4.0
# A sip every half second is a kilobyte a second.
SIP_BYTES, SIP_SECONDS = 512, 0.5

PING = b"\x89\xfd" + bytes(4) + bytes(125)
PILED_UP_BYTES = 1024 * 1024

Line = tuple[int, int]  # the server's port and the client's


class Deaf(Screen):
    """Reads its first view, and then nothing any more."""

    transport: Any = None
    slow_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: it is what is not read from."""
        self.transport = transport
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Read until the first view has come."""
        super().data_received(data)
        if self.up.done() and not self.slow_since:
            self.slow_since = time.monotonic()
            self.slow_down()

    def slow_down(self) -> None:
        """Read nothing from now on."""
        self.transport.pause_reading()

    @property
    def line(self) -> Line:
        """The ports of this connection."""
        server, client = (
            self.transport.get_extra_info("peername"),
            self.transport.get_extra_info("sockname"),
        )
        return int(server[1]), int(client[1])


class Sipping(Deaf):
    """Reads a kilobyte a second, and answers the pings that it comes upon."""

    def slow_down(self) -> None:
        """Read a little from now on."""
        self.transport.max_size = SIP_BYTES  # what asyncio's transport reads at once
        self.transport.pause_reading()
        asyncio.get_running_loop().call_later(SIP_SECONDS, self._sip)

    def data_received(self, data: bytes) -> None:
        """Take a sip, and wait."""
        was_slow = bool(self.slow_since)
        super().data_received(data)
        if was_slow:
            self.slow_down()

    def _sip(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()


def connections(workers: Iterable[Worker]) -> dict[Line, int]:
    """Return what the kernel holds to be sent on each line, those that close included."""
    ports = " or ".join(f"sport = :{worker.port}" for worker in workers)
    command = ["ss", "--no-header", "-tanm", f"( {ports} )"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r":(\d+)\s+\S+:(\d+)\s+skmem:\(\S*?,w(\d+),", listed)
    return {(int(ours), int(theirs)): int(held) for ours, theirs, held in found}


def private_bytes(worker: Worker) -> int:
    """Return the memory that only this process uses."""
    text = Path(f"/proc/{worker.process.pid}/smaps_rollup").read_text()
    return 1024 * sum(map(int, re.findall(r"^Private_\w+: +(\d+) kB", text, re.MULTILINE)))


class SlowOnes:
    """Slow clients in every room, for as long as the server lets them."""

    def __init__(self, others: Others, each: int) -> None:
        """Let so many come into every room; every second one is deaf, the others sip."""
        self.others = others
        self.each = each
        self.here: list[Deaf] = []
        self._passes: dict[str, list[str]] = {}

    async def __aenter__(self) -> Self:
        for room in self.others.rooms:
            if room.session not in self._passes:
                self._passes[room.session] = await self.others.enter(room, self.each)
        kinds = itertools.cycle([Deaf, Sipping])
        coming = [
            self.others.seat(room, token, number, next(kinds))
            for room in self.others.rooms
            for number, token in enumerate(self._passes[room.session])
        ]
        self.here = [one for one in await asyncio.gather(*coming) if isinstance(one, Deaf)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in self.here:
            one.close()
        await asyncio.sleep(0.5)  # their drops are part of the fault, not of what follows


@pytest.mark.skipif(shutil.which("ss") is None, reason="Debian's package iproute2 is missing")
@pytest.mark.every_core  # its changes must come fast enough to fill 128 KB within seconds
@pytest.mark.timeout(300)
async def test_a_slow_reader_costs_256_kib_and_is_gone_within_20_s(others: Others) -> None:
    await others.fill(rooms=times(13, 26), people=2, themes=MAX_THEMES)
    before = sum(map(private_bytes, others.house.workers))
    async with SlowOnes(others, each=times(8, 4)) as slow:
        driving = asyncio.create_task(others.p99_ms(GONE_SECONDS + 1))
        left = {one.line: one for one in slow.here}
        assert len(left) == 104
        kernel, private, last = 0, 0, 0.0
        while left:
            listed = await asyncio.to_thread(connections, others.house.workers)
            now = time.monotonic()
            for line in set(left) - set(listed):
                last = max(last, now - left.pop(line).slow_since)
            kernel = max([kernel, *(listed[line] for line in left)])
            grown = sum(map(private_bytes, others.house.workers)) - before
            private = max(private, grown // len(slow.here))
            assert all(now - one.slow_since < GONE_SECONDS for one in left.values())
            await asyncio.sleep(0.25)
        await stopped(driving)
    held = f"kernel {kernel >> 10} KiB at most, worker {private >> 10} KiB each"
    print(f"\n{held}, gone after {last:.1f} s")  # noqa: T201
    assert kernel > 64 * 1024, "they were not slow"
    assert kernel + private <= MOST_BYTES


@pytest.mark.every_core
@pytest.mark.timeout(1800)
async def test_slow_readers_make_nobody_wait(others: Others) -> None:
    await others.fill(rooms=8, people=20)
    slow = SlowOnes(others, each=2)
    await others.check(slow, MOST_SLOWER, pairs=times(3, 16), seconds=times(3, 16))


class DeafPinger(Deaf):
    """Pings, and does not read the answers."""

    pong = b""  # the newest that was read
    pongs = 0

    def frame(self, first: int, payload: bytearray) -> None:
        """Keep pongs; else do what every socket does."""
        if first == 0x8A:
            self.pong = bytes(payload)
            self.pongs += 1
        super().frame(first, payload)


async def seat_pinger(others: Others) -> DeafPinger:
    """Seat somebody who pings; the kernel keeps little for them."""
    await others.fill(rooms=1, people=1)
    (room,) = others.rooms
    (token,) = await others.enter(room, 1)
    deaf = await others.seat(room, token, 0, DeafPinger)
    assert isinstance(deaf, DeafPinger)
    raw = deaf.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return deaf


async def test_answers_to_the_pings_of_a_deaf_client_pile_up_nowhere(others: Others) -> None:
    deaf = await seat_pinger(others)
    before, began = sum(map(private_bytes, others.house.workers)), time.monotonic()
    while not deaf.closed:  # its flood keeps it from answering our own pings
        assert time.monotonic() - began < GONE_SECONDS
        assert sum(map(private_bytes, others.house.workers)) - before < PILED_UP_BYTES
        if deaf.transport.get_write_buffer_size() < 100 * len(PING):
            deaf.write(100 * PING)
        await asyncio.sleep(0.01)


async def test_the_newest_ping_of_who_was_deaf_is_answered(others: Others) -> None:
    deaf = await seat_pinger(others)
    for _ in range(18):  # 230 KB of answers, more than its line holds, and too slow for a flood
        deaf.write(100 * PING)
        await asyncio.sleep(0.3)
    deaf.write(b"\x89\x84" + bytes(4) + b"last")
    await asyncio.sleep(0.2)
    deaf.transport.resume_reading()
    async with asyncio.timeout(10):
        while deaf.pong != b"last":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert deaf.pongs < 1_800, "nothing was held back"
    deaf.close()
