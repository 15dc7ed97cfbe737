"""How many commands a server acknowledges: small rooms in which everybody does something.

    python -m benchmarks.commands [--rooms 100] [--seconds 6] [--workers 1,2,3,4]

100 rooms with a facilitator and 3 participants each, `thera-peer serve` with its embedded
store, every append synced to disk; server, store and clients share the same cores. The
facilitator changes the prompt, participants raise and lower their hands: each is a fact in
the log and changes all 4 screens. Commands are offered at a fixed rate, spread over all
sockets; at most 4 of a socket are under way, and what would be more is not sent.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import report
from benchmarks.processes import CORES, MEMORY_DISK, cpu_seconds
from benchmarks.report import SHORT, Aim, Section, Table, at
from benchmarks.rooms import BenchRoom, Screen, Site, at_rate, close
from server.serving.file_limit import raise_file_limit
from session_engine import Role
from tests.running_server import RunningServer, children, command_of

CIRCLE: Final = [Role.FACILITATOR] + [Role.PARTICIPANT] * 3
OUTSTANDING: Final = 4
# A socket may send 20 frames a second; 400 sockets 8,000, less what a clock may be off.
OFFERED: Final = (1500.0, 3000.0, 4000.0, 5000.0, 6000.0, 7600.0)
AIM_A_SECOND: Final = 3000.0
# For each worker, when they grow in number: four of them need more than two cores.
OFFERED_EACH: Final = 1500.0
OFFERED_IN_MEMORY: Final = (1500.0, 3000.0, 4000.0)
# "Near-linear": a command costs no more than this times what it costs with one worker.
FLAT: Final = 1.2
AIM_MS: Final = 15.0
# A rate that is not kept up with says nothing by its times: what would wait is not sent.
KEEPS_UP: Final = 0.99
# From this part of the cores on, they are what bounds it.
BUSY: Final = 0.9


class Doer(Screen):
    """Somebody who does one thing after another, and notes how long each took."""

    def __init__(self, room: BenchRoom, token: str, port: int) -> None:
        """Have done nothing yet."""
        super().__init__(room, token, port)
        self.took_ms: list[float] = []
        self.refused = 0
        self.held_back = 0
        self._number = 0
        self._sent: dict[str, float] = {}

    def act(self) -> None:
        """Send the next command, unless too many are under way."""
        if len(self._sent) >= OUTSTANDING:
            self.held_back += 1
            return
        self._number += 1
        name = f"a{self._number}"
        command: dict[str, str] = {"id": name, "do": "raise_hand"}
        if self is self.room.screens[0]:
            command |= {"do": "set_prompt", "text": f"Prompt {self._number}"}
        elif self._number % 2 == 0:
            command["do"] = "lower_hand"
        self._sent[name] = time.perf_counter()
        self.send(json.dumps(command))

    def answer(self, message: bytearray) -> None:
        """Note how long it took."""
        said = json.loads(message)
        sent = self._sent.pop(said.get("id") or "", None)
        if sent is None:
            return
        if said["type"] == "done":
            self.took_ms.append(1000 * (time.perf_counter() - sent))
        else:
            self.refused += 1


@dataclass(frozen=True)
class Figure:
    """One rate with so many workers; processor time in percent of one core."""

    workers: int
    offered: float
    acknowledged: float
    p50_ms: float
    p99_ms: float
    refused: int
    held_back: int
    workers_percent: float
    stores_percent: float
    clients_percent: float

    @property
    def keeps_up(self) -> bool:
        """Whether what was offered was done."""
        return self.acknowledged >= KEEPS_UP * self.offered

    @property
    def percent(self) -> float:
        """All of it."""
        return self.workers_percent + self.stores_percent + self.clients_percent

    @property
    def command_us(self) -> float:
        """Microseconds of the workers' processor time for each command."""
        return 1e4 * self.workers_percent / self.acknowledged

    def row(self) -> Sequence[str]:
        """Shape it."""
        return (
            f"{self.workers}",
            f"{self.offered:,.0f}",
            f"{self.acknowledged:,.0f}",
            f"{self.p50_ms:.1f}",
            f"{self.p99_ms:.1f}",
            f"{self.held_back}",
            f"{self.refused}",
            f"{self.workers_percent:.0f}",
            f"{self.stores_percent:.0f}",
            f"{self.clients_percent:.0f}",
            f"{self.percent / len(CORES):.0f}",
            f"{self.command_us:.0f}",
        )


def stores(server: RunningServer) -> list[int]:
    """Return the process ids of the embedded stores."""
    return [pid for pid in children(server.pid) if b".sock" in command_of(pid)]


async def ready(server: RunningServer, rooms: int) -> list[Doer]:
    """Fill the rooms and go on to the discussion, where hands go up and stay up."""
    doers: list[Doer] = []

    def make(room: BenchRoom, token: str, port: int) -> Doer:
        doers.append(Doer(room, token, port))
        return doers[-1]

    for room in await Site.of_server(server).fill(rooms, CIRCLE, make, stepping="by-hand"):
        await room.see('"stage":"welcome"', "begin")
        await room.see('"stage":"introductions"', "advance", **{"from": "welcome"})
        word = {"from": "introductions", "confirm": True}
        await room.see('"stage":"discussion"', "advance", **word)
    return doers


async def step(
    server: RunningServer, doers: Sequence[Doer], offered: float, seconds: float
) -> Figure:
    """Offer commands at one rate."""
    groups = (server.workers(), stores(server), [os.getpid()])
    await at_rate(lambda n: doers[n % len(doers)].act(), offered, seconds / 4)
    for doer in doers:
        doer.took_ms.clear()
        doer.refused = doer.held_back = 0
    began, used = time.perf_counter(), [cpu_seconds(pids) for pids in groups]
    await at_rate(lambda n: doers[n % len(doers)].act(), offered, seconds)
    lasted = time.perf_counter() - began
    parts = [
        100 * (cpu_seconds(pids) - before) / lasted
        for pids, before in zip(groups, used, strict=True)
    ]
    done = sum(len(doer.took_ms) for doer in doers)
    await asyncio.sleep(1.0)  # what is under way is answered, and counts as late as it is
    times = [one for doer in doers for one in doer.took_ms]
    return Figure(
        len(groups[0]),
        offered,
        done / lasted,
        at(0.50, times),
        at(0.99, times),
        sum(doer.refused for doer in doers),
        sum(doer.held_back for doer in doers),
        *parts,
    )


async def measure(
    workers: int, rooms: int, seconds: float, offered: Sequence[float], disk: Path | None = None
) -> list[Figure]:
    """Climb the rates, or take the one; the store keeps its log on this disk."""
    with (
        tempfile.TemporaryDirectory(dir=disk) as folder,
        RunningServer(Path(folder), workers=workers) as server,
    ):
        doers = await ready(server, rooms)
        figures = [await step(server, doers, one, seconds) for one in offered]
        close({doer.room.session: doer.room for doer in doers}.values())
        return figures


def bound(figure: Figure) -> str:
    """Say what bounds the highest rate, from what used the processors."""
    names = ("workers", "store", "clients")
    parts = (figure.workers_percent, figure.stores_percent, figure.clients_percent)
    shares = ", ".join(f"{name} {part:.0f} %" for name, part in zip(names, parts, strict=True))
    if figure.percent >= 100 * BUSY * len(CORES):
        return f"The processors bound it: of {len(CORES)} cores' {100 * len(CORES)} %, {shares}."
    if figure.held_back == 0:
        return f"Nothing bounded it: all that was offered was acknowledged ({shares})."
    return f"Waiting bounds it, for the disk or for each other: the processors had time ({shares})."


COLUMNS: Final = (
    *("workers", "offered/s", "acknowledged/s", "p50 ms", "p99 ms", "not sent", "refused"),
    *("workers CPU %", "stores CPU %", "clients CPU %", "of all cores %"),
    "workers' µs a command",
)
TEXT: Final = """\
100 rooms with a facilitator and 3 participants, 2 workers of `thera-peer serve`, server, store
and clients on the same cores. Every command is stored and synced to disk before it is
acknowledged, and changes 4 screens. Offered at a fixed rate over all sockets, at most {most}
of a socket under way; times are from sending to the answer, measured by clients that share the
processors. {bound}

The second table is the same with the log on a disk of memory: what is more in the first table
than there is the disk's, whose syncs now and then stand still for tens of milliseconds when
machines share it."""


def growth_aim(growth: Sequence[Figure]) -> Aim:
    """Compare what a command costs with one worker, and with more while there are cores."""
    free = [one for one in growth[1:] if one.percent < 100 * BUSY * len(CORES)]
    most = max((one.command_us / growth[0].command_us for one in free), default=math.inf)
    figure = f"{most:.2f} × with {free[-1].workers}" if free else "no core was left"
    met = most <= FLAT and all(one.keeps_up for one in free)
    return Aim("a command, more workers against one", "flat (at most 1.2 ×)", figure, met)


def section(
    climb: Sequence[Figure],
    memory: Sequence[Figure],
    growth: Sequence[Figure],
    full: Sequence[Figure],
) -> Section:
    """Shape the figures."""
    good = [one for one in climb if one.p99_ms <= AIM_MS and one.keeps_up]
    best = max(good or climb, key=lambda one: one.acknowledged)
    figure = f"{best.acknowledged:,.0f}/s, p99 {best.p99_ms:.1f} ms"
    met = bool(good) and best.acknowledged >= AIM_A_SECOND * KEEPS_UP
    aim = Aim("acknowledged commands", "at least 3,000/s, p99 at most 15 ms", figure, met)
    return Section(
        "Acknowledged commands",
        TEXT.format(most=OUTSTANDING, bound=bound(climb[-1])),
        [
            Table(COLUMNS, [one.row() for one in climb]),
            Table(COLUMNS, [one.row() for one in memory], "The log on a disk of memory"),
            Table(
                COLUMNS, [one.row() for one in growth], "More workers, as many commands for each"
            ),
            Table(COLUMNS, [one.row() for one in full], "More workers, all that may be offered"),
        ],
        [aim, growth_aim(growth)],
        {
            "climb": [asdict(one) for one in climb],
            "memory": [asdict(one) for one in memory],
            "workers": [asdict(one) for one in growth],
            "full": [asdict(one) for one in full],
        },
    )


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--rooms", type=int, default=3 if SHORT else 100)
    parser.add_argument("--seconds", type=float, default=1.0 if SHORT else 6.0)
    parser.add_argument("--workers", default="1,2" if SHORT else "1,2,3,4")
    chosen = parser.parse_args()
    started = report.Started()
    raise_file_limit()
    part = chosen.rooms / 100
    each = OFFERED_EACH * part
    offered = [one * part for one in (OFFERED[:2] if SHORT else OFFERED)]
    climb = uvloop.run(measure(2, chosen.rooms, chosen.seconds, offered))
    in_memory = [one * part for one in (OFFERED_IN_MEMORY[:1] if SHORT else OFFERED_IN_MEMORY)]
    memory = []
    if MEMORY_DISK:
        memory = uvloop.run(measure(2, chosen.rooms, chosen.seconds, in_memory, MEMORY_DISK))
    grown = [
        uvloop.run(measure(workers, chosen.rooms, chosen.seconds, (each * workers, offered[-1])))
        for workers in map(int, chosen.workers.split(","))
    ]
    growth, full = zip(*grown, strict=True)
    started.finish(section(climb, memory, growth, full), chosen.json)


if __name__ == "__main__":
    main()
