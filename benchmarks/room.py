"""How fast a room is: from a facilitator's command to the last of 40 screens.

    python -m benchmarks.room [--rooms 1,10,50] [--seconds 15] [--every 2] [--workers 1]

Real server processes on a real store that syncs every append to disk; 35
participants, 2 facilitators and 3 observers a room on real sockets. Every room
holds and resumes once in `--every` seconds, which changes all 40 screens. The
server's CPU time is read from the kernel and divided by the frames that arrived.
The clients share the machine with the server, so times are what a small campus
server would show under its own load test, not a lower bound.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import report
from benchmarks.processes import MEMORY_DISK, cpu_seconds
from benchmarks.report import SHORT, Aim, Section, Table, at
from benchmarks.rooms import BenchRoom, Site, close
from server.serving import huge_pages
from server.serving.file_limit import raise_file_limit
from session_engine import Role
from tests.server.house import House

CIRCLE: Final = [Role.FACILITATOR] * 2 + [Role.PARTICIPANT] * 35 + [Role.OBSERVER] * 3
# The aims are for this many rooms.
AIM_ROOMS: Final = 50
P50_MS: Final = 4.0
P99_MS: Final = 20.0


@dataclass(frozen=True)
class Figure:
    """One number of rooms."""

    rooms: int
    times_ms: list[float]  # of every command, in order of size
    delivered: int
    cpu_s: float
    took_s: float

    def row(self) -> Sequence[str]:
        """Shape it."""
        return (
            f"{self.rooms}",
            f"{self.rooms * len(CIRCLE):,}",
            f"{len(self.times_ms)}",
            f"{statistics.median(self.times_ms):.1f}",
            f"{at(0.99, self.times_ms):.1f}",
            f"{self.times_ms[-1]:.1f}",
            f"{1e6 * self.cpu_s / max(1, self.delivered):.1f}",
            f"{100 * self.cpu_s / self.took_s:.0f}",
        )


async def drive(room: BenchRoom, seconds: float, every: float, phase: float) -> None:
    """Hold and resume, again and again."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    await asyncio.sleep(phase)
    words = cycle((("hold", '"held":true'), ("resume", '"held":false')))
    while loop.time() < ends:
        do, marker = next(words)
        await room.see(marker, do)
        await asyncio.sleep(max(0.0, every - (time.perf_counter() - room.sent_at)))


async def measure(
    rooms: int, seconds: float, every: float, workers: int, disk: Path | None = None
) -> Figure:
    """Fill that many rooms, and look at how long commands take; the log lies on this disk."""
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        house = House(Path(folder))
        try:
            pids = [house.start_worker().process.pid for _ in range(workers)]
            made = await Site.of_house(house).fill(rooms, CIRCLE)
            for room in made:
                await room.see('"stage":"welcome"', "begin")
                room.times.clear()
            await asyncio.sleep(1.0)
            screens = [screen for room in made for screen in room.screens]
            used, began = cpu_seconds(pids), time.perf_counter()
            views = sum(screen.views for screen in screens)
            await asyncio.gather(
                *(drive(room, seconds, every, every * n / rooms) for n, room in enumerate(made))
            )
            used, took = cpu_seconds(pids) - used, time.perf_counter() - began
            views = sum(screen.views for screen in screens) - views
            close(made)
            times = sorted(1000 * one for room in made for one in room.times)
            return Figure(rooms, times, views, used, took)
        finally:
            house.close()


def section(figures: Sequence[Figure], memory: Sequence[Figure]) -> Section:
    """Shape the figures."""
    columns = (
        *("rooms", "sockets", "commands", "median ms", "p99 ms", "max ms"),
        *("CPU µs a delivery", "CPU %"),
    )
    aims = []
    for figure in figures:
        if figure.rooms == AIM_ROOMS:
            for part, least in ((0.50, P50_MS), (0.99, P99_MS)):
                ms, name = at(part, figure.times_ms), f"p{100 * part:.0f}, {AIM_ROOMS} rooms"
                aims.append(Aim(name, f"at most {least:.0f} ms", f"{ms:.1f} ms", ms <= least))
    tables = [
        Table(columns, [figure.row() for figure in figures]),
        Table(columns, [figure.row() for figure in memory], "The log on a disk of memory"),
    ]
    raw = {"disk": [asdict(one) for one in figures], "memory": [asdict(one) for one in memory]}
    return Section("From a command to the last of 40 screens", TEXT, tables, aims, raw)


TEXT: Final = """\
A facilitator's command until the last of 40 screens of the room (35 participants, 2
facilitators, 3 observers) has what it changed; all rooms active, each with a command every
2 s. The store syncs every append to disk. Server, store and all clients on the same cores; the
clients are one process, its memory on pages of 2 MB like the server's: no phone reads for 2,000
people.

The second table is the same with the log on a disk of memory: the rest is the disk's."""


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--rooms", default="1,3" if SHORT else "1,10,50")
    parser.add_argument("--seconds", type=float, default=1.0 if SHORT else 15.0)
    parser.add_argument("--every", type=float, default=0.5 if SHORT else 2.0)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    started = report.Started()
    raise_file_limit()
    rooms = [int(one) for one in chosen.rooms.split(",")]
    how = (chosen.seconds, chosen.every, chosen.workers)
    figures = [uvloop.run(measure(one, *how)) for one in rooms]
    memory = [uvloop.run(measure(rooms[-1], *how, MEMORY_DISK))] if MEMORY_DISK else []
    started.finish(section(figures, memory), chosen.json)


if __name__ == "__main__":
    huge_pages.start_again_on_huge_pages()  # it reads for 2,000 people, as no phone does
    main()
