"""How fast sound is: rooms of 35 listeners with somebody talking in each of them.

    python -m benchmarks.voice [--rooms 20,80] [--seconds 15] [--workers 2] [--one-core]

A real server with its own store and, with several workers, live store, as
`thera-peer serve` runs it. Each room has a facilitator and 35 participants with live and
voice sockets, on the worker of their room; one participant holds the floor and sends a packet of
180 bytes every 60 ms. Meanwhile facilitators change the prompt, and the way of such a
command to the last of 36 screens is compared with the same commands in silence.
`--one-core` keeps all workers on the first processor and the clients off it. The
listeners run at a lower priority: in a real session they are other machines. While
nobody talks, a process uses as much of the machine as they do: else the comparison would
measure how busy these clients make the machine, not what sound does to the server.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import report
from benchmarks.people.ears import Report, Seats, run, spin
from benchmarks.processes import CLIENT_CORES, SERVER_CORES, cpu_seconds, pin
from benchmarks.report import SHORT, Section, Table, at
from benchmarks.rooms import BenchRoom, Site, close, give_floors
from server.serving.file_limit import raise_file_limit
from session_engine import Role
from tests.running_server import RunningServer

LISTENERS: Final = 35
CIRCLE: Final = [Role.FACILITATOR] + [Role.PARTICIPANT] * LISTENERS
COMMAND_EVERY_SECONDS: Final = 1.0 if SHORT else 4.0


@dataclass(frozen=True)
class Figure:
    """One number of rooms that talk; times in ms."""

    rooms: int
    heard: int
    heard_percent: float
    silent_cpu_percent: float
    cpu_percent: float
    delays: list[float]
    silent: list[float]
    loud: list[float]

    def row(self) -> Sequence[str]:
        """Shape it."""
        silent, loud = statistics.median(self.silent), statistics.median(self.loud)
        return (
            f"{self.rooms}",
            f"{self.rooms * LISTENERS:,}",
            f"{self.heard_percent:.3f}",
            f"{statistics.median(self.delays):.1f}",
            f"{at(0.99, self.delays):.1f}",
            f"{self.delays[-1]:.1f}",
            f"{self.silent_cpu_percent:.0f}",
            f"{self.cpu_percent:.0f}",
            f"{silent:.1f}",
            f"{loud:.1f}",
            f"{100 * (loud / silent - 1):+.0f}",
        )


async def command(room: BenchRoom, seconds: float, phase: float, word: str) -> None:
    """Change the prompt now and then; the way to the last screen is noted in the room."""
    loop = asyncio.get_running_loop()
    ends, number = loop.time() + seconds, 0
    await asyncio.sleep(phase)
    while loop.time() < ends:
        number += 1
        await room.see(f'"prompt":"{word} {number}"', "set_prompt", text=f"{word} {number}")
        await asyncio.sleep(COMMAND_EVERY_SECONDS)


async def commands(rooms: Sequence[BenchRoom], seconds: float, word: str) -> list[float]:
    """Send commands in all rooms; return how long each took, in ms."""
    every = COMMAND_EVERY_SECONDS / len(rooms)
    await asyncio.gather(*(command(one, seconds, n * every, word) for n, one in enumerate(rooms)))
    times = [1000 * took for room in rooms for took in room.times]
    for room in rooms:
        room.times.clear()
    return sorted(times)


async def measure(rooms: int, seconds: float, workers: int, one_core: bool) -> Figure:
    """Seat everybody, and compare."""
    here, there = Pipe()
    ears = get_context("spawn").Process(target=run, args=(there,), daemon=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningServer(Path(folder), workers=workers) as server,
    ):
        ears.start()
        assert ears.pid is not None
        try:
            if one_core:
                keep_apart(server.workers(), [os.getpid(), ears.pid, *stores(server, workers)])
            return await compare(server, here, rooms, seconds)
        finally:
            ears.kill()
            ears.join()


def stores(server: RunningServer, workers: int) -> list[int]:
    """Return the process ids of the stores; one worker alone relays in its memory."""
    return [server.store(name) for name in ("store", "live")[: min(workers, 2)]]


def keep_apart(workers: Sequence[int], others: Sequence[int]) -> None:
    """Put the workers on the first processor and everything else on the others."""
    for pid in workers:
        pin(pid, SERVER_CORES)
    for pid in others:
        pin(pid, CLIENT_CORES)


async def compare(server: RunningServer, ears: Connection, rooms: int, seconds: float) -> Figure:
    """Send commands in silence, then while somebody talks in every room."""
    loop = asyncio.get_running_loop()
    made = await Site.of_server(server).fill(rooms, CIRCLE)
    ears.send([Seats(room.session, server.port, room.passes) for room in made])
    await loop.run_in_executor(None, ears.recv)
    await give_floors(made)
    pids = server.workers()
    await asyncio.sleep(2.0)
    began, used = time.perf_counter(), cpu_seconds(pids)
    clients = get_context("spawn").Process(target=spin, daemon=True)
    clients.start()
    silent = await commands(made, seconds, "silence")
    clients.kill()
    idle = (cpu_seconds(pids) - used) / (time.perf_counter() - began)
    began, used = time.perf_counter(), cpu_seconds(pids)
    ears.send(seconds + COMMAND_EVERY_SECONDS)
    talking = loop.run_in_executor(None, ears.recv)
    loud = await commands(made, seconds, "sound")
    await talking
    busy = (cpu_seconds(pids) - used) / (time.perf_counter() - began)
    said: Report = await loop.run_in_executor(None, ears.recv)
    close(made)
    return Figure(
        rooms,
        said.heard,
        100 * said.heard / (said.sent * LISTENERS),
        100 * idle,
        100 * busy,
        sorted(said.delays),
        silent,
        loud,
    )


COLUMNS: Final = (
    *("rooms", "listeners", "delivered %", "median ms", "p99 ms", "max ms", "silent CPU %"),
    *("CPU %", "command, silent ms", "with sound ms", "change %"),
)
# Thousands of delays would fill the document; these tell their shape.
PARTS: Final = (0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0)
TEXT: Final = """\
Rooms with somebody talking in each, a packet every 60 ms to 35 listeners; two workers, all on
the same cores, listeners at a lower priority. A facilitator's command to the last of 36 screens
is compared with the same in silence. Processor time of both workers together."""


def section(figures: Sequence[Figure]) -> Section:
    """Shape the figures."""
    raw = [
        {**asdict(one), "delays": {str(part): at(part, one.delays) for part in PARTS}}
        for one in figures
    ]
    return Section("Sound", TEXT, [Table(COLUMNS, [one.row() for one in figures])], [], raw)


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--rooms", default="1" if SHORT else "20,80")
    parser.add_argument("--seconds", type=float, default=2.0 if SHORT else 15.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--one-core", action="store_true")
    chosen = parser.parse_args()
    started = report.Started()
    raise_file_limit()
    figures = [
        uvloop.run(measure(rooms, chosen.seconds, chosen.workers, chosen.one_core))
        for rooms in map(int, chosen.rooms.split(","))
    ]
    started.finish(section(figures), chosen.json)


if __name__ == "__main__":
    main()
