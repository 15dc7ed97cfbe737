"""How fast a room is: from a facilitator's command to the last of 40 screens.

    python benchmarks/room.py [--rooms 1,10,50] [--seconds 10] [--every 2] [--workers 1]

Real server processes on a real store that syncs every append to disk; 35
participants, 2 facilitators and 3 observers a room on real sockets. Every room
holds and resumes once in `--every` seconds, which changes all 40 screens. The
server's CPU time is read from the kernel and divided by the frames that arrived.
The clients share the machine with the server, so times are what a small campus
server would show under its own load test, not a lower bound.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from server.pages.guidelines import GUIDELINES_VERSION
from session_engine import Role
from tests.server.house import House, Worker

CIRCLE: Final = (
    [(Role.FACILITATOR, "Facilitator")] * 2
    + [(Role.PARTICIPANT, "Participant")] * 35
    + [(Role.OBSERVER, "Observer")] * 3
)
DOORS_AT_ONCE: Final = 16
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(eq=False)
class BenchRoom:
    """One room: its sockets, and the command that is under way."""

    session: str
    screens: list[Screen] = field(default_factory=list)
    marker: bytes = b""
    sent_at: float = 0.0
    missing: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)
    times: list[float] = field(default_factory=list)

    def begin(self, marker: bytes) -> None:
        """Wait for this marker on every screen from now on."""
        self.marker, self.missing = marker, len(self.screens)
        self.done.clear()
        for screen in self.screens:
            screen.shown = False
        self.sent_at = time.perf_counter()

    def shown(self) -> None:
        """Count one more screen."""
        self.missing -= 1
        if self.missing == 0:
            self.times.append(time.perf_counter() - self.sent_at)
            self.done.set()


class Screen(asyncio.Protocol):
    """A socket that costs little: it looks for a marker in whole messages."""

    path = ""

    def __init__(self, room: BenchRoom, token: str, host: str) -> None:
        """Take whose screen it is."""
        self.room = room
        self.views = 0
        self.frames = 0
        self.shown = True
        self.up = asyncio.get_running_loop().create_future()
        self._token = token
        self._host = host
        self._data = bytearray()
        self._message = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /ws/rooms/{self.room.session}{self.path} HTTP/1.1\r\nHost: {self._host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def send(self, text: str) -> None:
        """Send a text frame; a mask of zeros is a mask too."""
        data = text.encode()
        size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        self.write(b"\x81" + size + b"\0\0\0\0" + data)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self._transport is not None
        self._transport.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody waits for a screen that was refused."""
        if not self.up.done():
            self.up.set_exception(error or ConnectionError("closed"))

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read the answer to the upgrade, then frames."""
        self._data += data
        if not self.frames and self._data.startswith(b"HTTP/1.1 101"):
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            del self._data[: end + 4]
            self.frames = 1
            self.send(json.dumps({"pass": self._token}))
        self._read_frames()

    def _read_frames(self) -> None:
        data, start = self._data, 0
        while len(data) - start >= 2:
            size, head = data[start + 1], 2
            if size == 126:
                if len(data) - start < 4:
                    break
                size, head = int.from_bytes(data[start + 2 : start + 4]), 4
            if len(data) - start < head + size:
                break
            first = data[start]
            payload = data[start + head : start + head + size]
            start += head + size
            self._take(first, payload)
        del data[:start]

    def _take(self, first: int, payload: bytearray) -> None:
        if first & 0x0F == 0x9:  # A ping.
            assert self._transport is not None
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
            return
        if first & 0x0F == 0x8 and not self.up.done():
            self.up.set_exception(ConnectionError(payload.decode(errors="replace")))
            return
        self._message += payload
        if not first & 0x80:
            return
        if self._message.startswith(b'{"type":"view"'):
            self.views += 1
            if not self.up.done():
                self.up.set_result(None)
            if not self.shown and self.room.marker in self._message:
                self.shown = True
                self.room.shown()
        self._message.clear()


def cpu_seconds(worker: Worker) -> float:
    """Return the processor time that a server process has used."""
    stat = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS_PER_SECOND


async def fill(house: House, rooms: int) -> list[BenchRoom]:
    """Create rooms and bring 40 people into each."""
    limit = asyncio.Semaphore(DOORS_AT_ONCE)
    made = [BenchRoom(await house.create(title=f"Room {number}")) for number in range(rooms)]
    async with httpx.AsyncClient(timeout=60) as client:

        async def enter(room: BenchRoom, number: int, role: Role, name: str) -> None:
            worker = house.workers[number % len(house.workers)]
            async with limit:
                body = {
                    "link": house.link(room.session, role),
                    "name": f"{name} {number}",
                    "consent": GUIDELINES_VERSION,
                }
                answer = await client.post(f"{worker.url}/api/enter", json=body)
                answer.raise_for_status()
                loop = asyncio.get_running_loop()
                token = str(answer.json()["pass"])
                _, screen = await loop.create_connection(
                    lambda: Screen(room, token, f"127.0.0.1:{worker.port}"),
                    "127.0.0.1",
                    worker.port,
                )
                await screen.up
                if role is Role.FACILITATOR and number == 0:
                    room.screens.insert(0, screen)
                else:
                    room.screens.append(screen)

        for room in made:
            await asyncio.gather(*(enter(room, number, *who) for number, who in enumerate(CIRCLE)))
            room.begin(b'"stage":"welcome"')
            room.screens[0].send('{"id":"begin","do":"begin"}')
            await asyncio.wait_for(room.done.wait(), 30)
            room.times.clear()
    return made


async def drive(room: BenchRoom, seconds: float, every: float, phase: float) -> None:
    """Hold and resume, again and again."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    await asyncio.sleep(phase)
    number, held = 0, False
    while loop.time() < ends:
        held, number = not held, number + 1
        room.begin(b'"held":true' if held else b'"held":false')
        word = "hold" if held else "resume"
        room.screens[0].send(json.dumps({"id": f"{id(room)}-{phase}-{number}", "do": word}))
        await asyncio.wait_for(room.done.wait(), 30)
        await asyncio.sleep(max(0.0, every - (time.perf_counter() - room.sent_at)))


async def measure(rooms: int, seconds: float, every: float, workers: int) -> str:
    """Return one row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            for _ in range(workers):
                house.start_worker()
            made = await fill(house, rooms)
            await asyncio.sleep(1.0)
            before = sum(map(cpu_seconds, house.workers))
            views = sum(screen.views for room in made for screen in room.screens)
            await asyncio.gather(
                *(drive(room, seconds, every, every * n / rooms) for n, room in enumerate(made))
            )
            used = sum(map(cpu_seconds, house.workers)) - before
            delivered = sum(screen.views for room in made for screen in room.screens) - views
            times = sorted(1000 * one for room in made for one in room.times)
            for room in made:
                for screen in room.screens:
                    screen.close()
            return row(rooms, times, delivered, used, seconds)
        finally:
            house.close()


def row(rooms: int, times: Sequence[float], delivered: int, used: float, seconds: float) -> str:
    """Shape one measurement."""
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    return (
        f"{rooms:5} {rooms * len(CIRCLE):7} {len(times):8} {delivered:9}"
        f" {statistics.median(times):9.1f} {p99:9.1f} {times[-1]:9.1f}"
        f" {1e6 * used / max(1, delivered):11.1f} {100 * used / seconds:7.0f}"
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rooms", default="1,10,50")
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--every", type=float, default=2.0)
    options.add_argument("--workers", type=int, default=1)
    chosen = options.parse_args()
    print("rooms sockets commands delivered median_ms    p99_ms    max_ms us/delivery  cpu_%")
    for rooms in map(int, chosen.rooms.split(",")):
        print(uvloop.run(measure(rooms, chosen.seconds, chosen.every, chosen.workers)), flush=True)


if __name__ == "__main__":
    main()
