"""How fast sound is: rooms of 35 listeners with somebody talking in each of them.

    python benchmarks/voice.py [--rooms 1,20,80] [--seconds 15] [--workers 2] [--one-core]

A real server with its own store and, with several workers, live store, as
`thera-peer serve` runs it. Each room has a facilitator and 35 participants with live and
voice sockets, on whatever worker they come; one participant holds the floor and sends a packet of
180 bytes every 60 ms. Meanwhile facilitators change the prompt, and the way of such a
command to the last of 36 screens is compared with the same commands in silence.
`--one-core` keeps all workers on the first processor and the clients off it. The
listeners run at a lower priority: in a real session they are other machines. While
nobody talks, a process uses as much of the machine as they do: else the comparison would
measure how busy these clients make the machine, not what sound does to the server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.people.ears import Report, Seats, run, spin
from benchmarks.room import TICKS_PER_SECOND, BenchRoom, Screen
from server.new_session import create_session
from server.pages.guidelines import GUIDELINES_VERSION
from tests.running_server import RunningServer

LISTENERS: Final = 35
DOORS_AT_ONCE: Final = 24
COMMAND_EVERY_SECONDS: Final = 4.0
CHOICES: Final = {"on_call": "Dr. Rao", "accept_window_s": 0, "introduction_s": 120}


async def enter(
    client: httpx.AsyncClient, server: RunningServer, room: BenchRoom, link: str, name: str
) -> str:
    """Bring one person in, with a live socket; return their pass."""
    body = {"link": link.partition("#")[2], "name": name, "consent": GUIDELINES_VERSION}
    answer = await client.post(f"{server.url}/api/enter", json=body)
    answer.raise_for_status()
    token = str(answer.json()["pass"])
    _, screen = await asyncio.get_running_loop().create_connection(
        lambda: Screen(room, token, f"127.0.0.1:{server.port}"), "127.0.0.1", server.port
    )
    await screen.up
    room.screens.append(screen)
    return token


async def fill(server: RunningServer, rooms: int) -> tuple[list[BenchRoom], list[Seats]]:
    """Create rooms and bring 36 people into each."""
    made: list[BenchRoom] = []
    seats: list[Seats] = []
    store = f"unix://{server.directory}/store.sock"
    secret = (server.directory / "secret-key").read_text().strip()
    limit = asyncio.Semaphore(DOORS_AT_ONCE)
    async with httpx.AsyncClient(timeout=60) as client:

        async def come(room: BenchRoom, link: str, name: str) -> str:
            async with limit:
                return await enter(client, server, room, link, name)

        for _ in range(rooms):
            new = await create_session(store, secret, server.url, {"title": "Talk", **CHOICES})
            room = BenchRoom(new.session)
            made.append(room)
            first = await come(room, new.facilitator, "Facilitator")
            second = await come(room, new.participant, "Talker")
            names = [f"Listener {number}" for number in range(LISTENERS - 1)]
            others = await asyncio.gather(*(come(room, new.participant, name) for name in names))
            seats.append(Seats(new.session, server.port, [first, second, *others]))
    return made, seats


async def give_floors(rooms: Sequence[BenchRoom]) -> None:
    """Begin every session; the first participant has the floor for two minutes."""
    for room in rooms:
        for marker, words in (
            (b'"stage":"welcome"', '"do":"begin"'),
            (b'"stage":"introductions"', '"do":"advance","from":"welcome"'),
            (b'"state":"speaking"', '"do":"next","turn":null'),
        ):
            room.begin(marker)
            room.screens[0].send(f'{{"id":"floor-{len(marker)}",{words}}}')
            await asyncio.wait_for(room.done.wait(), 30)
        room.times.clear()


async def command(room: BenchRoom, seconds: float, phase: float, word: str) -> None:
    """Change the prompt now and then; the way to the last screen is noted in the room."""
    loop = asyncio.get_running_loop()
    ends, number = loop.time() + seconds, 0
    await asyncio.sleep(phase)
    while loop.time() < ends:
        number += 1
        room.begin(f'"prompt":"{word} {number}"'.encode())
        room.screens[0].send(
            f'{{"id":"{word}-{number}","do":"set_prompt","text":"{word} {number}"}}'
        )
        await asyncio.wait_for(room.done.wait(), 30)
        await asyncio.sleep(COMMAND_EVERY_SECONDS)


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the processor time that these processes have used."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS_PER_SECOND


async def commands(rooms: Sequence[BenchRoom], seconds: float, word: str) -> list[float]:
    """Send commands in all rooms; return how long each took, in ms."""
    every = COMMAND_EVERY_SECONDS / len(rooms)
    await asyncio.gather(*(command(one, seconds, n * every, word) for n, one in enumerate(rooms)))
    times = [1000 * took for room in rooms for took in room.times]
    for room in rooms:
        room.times.clear()
    return sorted(times)


async def measure(rooms: int, seconds: float, workers: int, one_core: bool) -> str:
    """Return one row of the table."""
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
        os.sched_setaffinity(pid, {0})
    for pid in others:
        os.sched_setaffinity(pid, os.sched_getaffinity(pid) - {0})


async def compare(server: RunningServer, ears: Connection, rooms: int, seconds: float) -> str:
    """Send commands in silence, then while somebody talks in every room."""
    loop = asyncio.get_running_loop()
    made, seats = await fill(server, rooms)
    ears.send(seats)
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
    report = await loop.run_in_executor(None, ears.recv)
    for room in made:
        for screen in room.screens:
            screen.close()
    return row(rooms, report, (idle, busy), (silent, loud))


def at(part: float, times: Sequence[float]) -> float:
    """Return a percentile of sorted times."""
    return times[min(len(times) - 1, int(len(times) * part))]


def row(
    rooms: int, report: Report, cpu: tuple[float, float], commands: tuple[list[float], ...]
) -> str:
    """Shape one measurement."""
    delays, sent = sorted(report.delays), report.sent * LISTENERS
    silent, loud = (statistics.median(times) for times in commands)
    return (
        f"{rooms:5} {rooms * LISTENERS:9} {report.heard:9} {100 * report.heard / sent:8.3f}"
        f" {statistics.median(delays):9.1f} {at(0.99, delays):7.1f} {delays[-1]:7.1f}"
        f" {100 * cpu[0]:11.0f} {100 * cpu[1]:6.0f}"
        f" {silent:10.1f} {loud:9.1f} {100 * (loud / silent - 1):+8.0f}"
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rooms", default="1,20,80")
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--one-core", action="store_true")
    chosen = options.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(
        "rooms listeners delivered  percent median_ms  p99_ms  max_ms silent_cpu_%  cpu_%"
        " silent_ms  sound_ms   change_%"
    )
    for rooms in map(int, chosen.rooms.split(",")):
        print(
            uvloop.run(measure(rooms, chosen.seconds, chosen.workers, chosen.one_core)), flush=True
        )


if __name__ == "__main__":
    main()
