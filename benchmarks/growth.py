"""From one room to 250 on two workers, and on to 10,000 sockets: what each costs.

    python -m benchmarks.growth [--rooms 1,10,50,125,250] [--sockets 10000] [--seconds 10]

`thera-peer serve --workers 2` with its embedded store. Rooms of 35 people with a
facilitator who changes the prompt once in 4 s, which 36 screens show. Processor time of
workers and stores is read over each step, less what the empty server uses. At the end rooms
are added until the sockets are there, and the growth of the workers' memory since they were
empty is divided by them; what the kernel holds for a socket is not in it.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import report
from benchmarks.commands import stores
from benchmarks.processes import cpu_seconds, memory_bytes
from benchmarks.report import SHORT, Aim, Section, Table
from benchmarks.rooms import BenchRoom, Site, at_rate, close
from server.serving.file_limit import raise_file_limit
from session_engine import Role
from tests.running_server import RunningServer

WORKERS: Final = 2
CIRCLE: Final = [Role.FACILITATOR] + [Role.PARTICIPANT] * 35
CHANGE_SECONDS: Final = 0.5 if SHORT else 4.0
# Presence and what came with it are written, garbage is collected.
SETTLE_SECONDS: Final = 0.5 if SHORT else 5.0
AIM_KB: Final = 40.0
# Flat: what a room costs among the most is at most so much more than among fewest that can
# be told from an empty server (one room is a tenth of a percent of a core).
FLAT_FROM_ROOMS: Final = 10
FLAT: Final = 1.2


@dataclass(frozen=True)
class Figure:
    """One number of rooms; processor time in percent of one core, less the empty server's."""

    rooms: int
    filled_s: float
    workers_percent: float
    stores_percent: float
    frames_per_second: float

    @property
    def room_percent(self) -> float:
        """What one room takes."""
        return (self.workers_percent + self.stores_percent) / self.rooms

    def row(self) -> Sequence[str]:
        """Shape it."""
        change_us = 1e4 * self.room_percent * CHANGE_SECONDS
        return (
            f"{self.rooms}",
            f"{self.rooms * len(CIRCLE):,}",
            f"{self.workers_percent:.1f}",
            f"{self.stores_percent:.1f}",
            f"{self.frames_per_second:,.0f}",
            f"{self.room_percent:.3f}",
            f"{change_us:,.0f}",
        )


@dataclass(frozen=True)
class Held:
    """All the sockets at once."""

    sockets: int
    connected_s: float
    rss_bytes: int
    pss_bytes: int
    empty_rss_bytes: int
    empty_pss_bytes: int
    idle_percent: float
    file_limit: int

    @property
    def kb(self) -> float:
        """Growth of the proportional memory for each socket, in KB of 1,024."""
        return (self.pss_bytes - self.empty_pss_bytes) / 1024 / self.sockets


class Growing:
    """A server that more and more people come to."""

    def __init__(self, server: RunningServer) -> None:
        """Take it empty."""
        self.server = server
        self.rooms: list[BenchRoom] = []
        self.filling_s = 0.0
        self.empty = (0.0, 0.0)
        self._changes = 0

    def used(self) -> tuple[float, float]:
        """Return the processor time of workers and stores so far."""
        return cpu_seconds(self.server.workers()), cpu_seconds(stores(self.server))

    async def fill(self, rooms: int, circle: Sequence[Role] = CIRCLE) -> None:
        """Add rooms until there are so many."""
        began = time.perf_counter()
        site = Site.of_server(self.server)
        for room in await site.fill(rooms - len(self.rooms), circle):
            await room.see('"stage":"welcome"', "begin")
            self.rooms.append(room)
        self.filling_s += time.perf_counter() - began
        await asyncio.sleep(SETTLE_SECONDS)

    async def percents(self, seconds: float) -> tuple[float, float]:
        """Let rooms change for a while; return what workers and stores use of a core."""
        began, before = time.perf_counter(), self.used()
        if self.rooms:
            await at_rate(self._change, len(self.rooms) / CHANGE_SECONDS, seconds)
        await asyncio.sleep(max(0.0, began + seconds - time.perf_counter()))
        lasted, after = time.perf_counter() - began, self.used()
        workers, kept = (
            100 * (now - then) / lasted for now, then in zip(after, before, strict=True)
        )
        return workers, kept

    def _change(self, _: int) -> None:
        self._changes += 1
        room = self.rooms[self._changes % len(self.rooms)]
        text = f"Prompt {self._changes}"
        room.screens[0].send(f'{{"id":"{self._changes}","do":"set_prompt","text":"{text}"}}')

    def views(self) -> int:
        """Count what everybody was shown so far."""
        return sum(screen.views for room in self.rooms for screen in room.screens)

    async def step(self, rooms: int, seconds: float) -> Figure:
        """Grow to so many rooms and look."""
        await self.fill(rooms)
        views = self.views()
        workers, kept = await self.percents(seconds)
        rate = (self.views() - views) / seconds
        return Figure(rooms, self.filling_s, workers - self.empty[0], kept - self.empty[1], rate)


async def measure(rooms: Sequence[int], sockets: int, seconds: float) -> tuple[list[Figure], Held]:
    """Grow, and hold all at the end."""
    limit = raise_file_limit()
    with (
        tempfile.TemporaryDirectory() as folder,
        RunningServer(Path(folder), workers=WORKERS) as server,
    ):
        growing = Growing(server)
        await asyncio.sleep(SETTLE_SECONDS)
        empty = memory_bytes(server.workers())
        growing.empty = await growing.percents(seconds)
        figures = [await growing.step(count, seconds) for count in rooms]
        more, rest = divmod(sockets - len(growing.rooms) * len(CIRCLE), len(CIRCLE))
        await growing.fill(len(growing.rooms) + more)
        if rest:
            await growing.fill(len(growing.rooms) + 1, CIRCLE[:rest])
        full = memory_bytes(server.workers())
        used, began = sum(growing.used()), time.perf_counter()
        await asyncio.sleep(seconds)
        idle = 100 * (sum(growing.used()) - used) / (time.perf_counter() - began)
        open_ = sum(not one.closed for room in growing.rooms for one in room.screens)
        close(growing.rooms)
        return figures, Held(open_, growing.filling_s, *full, *empty, idle, limit)


def section(figures: Sequence[Figure], held: Held, wanted: int) -> Section:
    """Shape the figures."""
    columns = (
        *("rooms", "sockets", "workers CPU %", "stores CPU %", "frames/s", "CPU % a room"),
        "CPU µs a room and change",
    )
    held_columns = (
        *("sockets", "all came within", "RSS grew by", "PSS grew by", "PSS a socket"),
        *("idle CPU %", "open files allowed"),
    )
    held_row = (
        f"{held.sockets:,}",
        f"{held.connected_s:.0f} s",
        f"{(held.rss_bytes - held.empty_rss_bytes) / 2**20:.0f} MiB",
        f"{(held.pss_bytes - held.empty_pss_bytes) / 2**20:.0f} MiB",
        f"{held.kb:.1f} KB",
        f"{held.idle_percent:.0f}",
        f"{held.file_limit:,}",
    )
    aims = [
        Aim(
            "sockets held by 2 workers", f"{wanted:,}", f"{held.sockets:,}", held.sockets >= wanted
        ),
        Aim("memory of a socket", "at most 40 KB", f"{held.kb:.1f} KB", held.kb <= AIM_KB),
    ]
    many = [one for one in figures if one.rooms >= FLAT_FROM_ROOMS]
    if len(many) > 1:
        times = many[-1].room_percent / many[0].room_percent
        what = f"a room's cost, {many[-1].rooms} rooms against {many[0].rooms}"
        aims.append(Aim(what, "flat (at most 1.2 ×)", f"{times:.2f} ×", times <= FLAT))
    return Section(
        "Growth: rooms and sockets",
        TEXT,
        [
            Table(columns, [figure.row() for figure in figures]),
            Table(held_columns, [held_row], "Sockets held"),
        ],
        aims,
        {"rooms": [asdict(figure) for figure in figures], "held": asdict(held)},
    )


TEXT: Final = """\
Two workers, rooms of 35 and a facilitator whose command changes all 36 screens once in 4 s;
processor time less what the empty server uses, pings of the sockets included. Then rooms are
added until all sockets are there: memory is the growth of both workers since they were empty.
Clients share the cores; the time in which all came is mostly theirs and that of the door,
which writes each of them to the disk."""


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--rooms", default="1,3" if SHORT else "1,10,50,125,250")
    parser.add_argument("--sockets", type=int, default=150 if SHORT else 10_000)
    parser.add_argument("--seconds", type=float, default=1.0 if SHORT else 10.0)
    chosen = parser.parse_args()
    started = report.Started()
    rooms = [int(count) for count in chosen.rooms.split(",")]
    figures, held = uvloop.run(measure(rooms, chosen.sockets, chosen.seconds))
    started.finish(section(figures, held, chosen.sockets), chosen.json)


if __name__ == "__main__":
    main()
