"""How fast sound is: rooms of 35 listeners with somebody talking in each of them.

    python benchmarks/voice.py [--rooms 1,20,80] [--seconds 15] [--one-core]

A real server with two workers, its own store and live store, as `thera-peer serve`
runs it. Each room has a facilitator and 35 participants with live and voice sockets,
on whatever worker they come; one participant holds the floor and sends a packet of
180 bytes every 60 ms. Meanwhile facilitators change the prompt, and the way of such a
command to the last of 36 screens is compared with the same commands in silence.
`--one-core` keeps both workers on the first processor and the clients off it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import struct
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.room import TICKS_PER_SECOND, BenchRoom, Screen
from server.new_session import create_session
from server.pages.guidelines import GUIDELINES_VERSION
from tests.running_server import RunningServer

LISTENERS: Final = 35
FRAME_SECONDS: Final = 0.060
OPUS_BYTES: Final = 180
MESSAGE_BYTES: Final = 4 + 19 + OPUS_BYTES
DOORS_AT_ONCE: Final = 24
COMMAND_EVERY_SECONDS: Final = 4.0
CHOICES: Final = {"on_call": "Dr. Rao", "accept_window_s": 0, "introduction_s": 120}


class Ear(Screen):
    """A voice socket: it counts the frames that it hears and how late some of them are."""

    path = "/voice"
    delays: list[float] | None = None
    heard = 0

    def data_received(self, data: bytes) -> None:
        """Count whole frames of sound at once; anything else is read as it should be."""
        count, rest = divmod(len(data), MESSAGE_BYTES)
        if rest or self._data or data[0] != 0x82:
            super().data_received(data)
            return
        self.heard += count
        if self.delays is not None:
            now = time.perf_counter()
            for start in range(0, len(data), MESSAGE_BYTES):
                self.delays.append(now - struct.unpack_from("!d", data, start + 23)[0])

    def _take(self, first: int, payload: bytearray) -> None:
        if first != 0x82:
            if first == 0x81:
                self.up.set_result(None)
            else:
                super()._take(first, payload)
            return
        self.heard += 1
        if self.delays is not None:
            self.delays.append(time.perf_counter() - struct.unpack_from("!d", payload, 19)[0])

    def talk(self, number: int, sequence: int) -> None:
        """Send one packet, with the moment in it."""
        opus = struct.pack("!d", time.perf_counter()) + b"\x5a" * (OPUS_BYTES - 8)
        frame = struct.pack("!BQII", 1, number, sequence, 0) + opus
        self.write(b"\x82\xfe" + len(frame).to_bytes(2) + b"\0\0\0\0" + frame)


@dataclass(eq=False)
class VoiceRoom(BenchRoom):
    """A room with ears; the first participant to come is the one who talks."""

    ears: list[Ear] = field(default_factory=list)
    sent: int = 0

    @property
    def heard(self) -> int:
        """How many frames all its ears have heard."""
        return sum(ear.heard for ear in self.ears)


async def enter(
    client: httpx.AsyncClient, server: RunningServer, room: VoiceRoom, link: str, name: str
) -> None:
    """Bring one person in, with both sockets."""
    body = {"link": link.partition("#")[2], "name": name, "consent": GUIDELINES_VERSION}
    answer = await client.post(f"{server.url}/api/enter", json=body)
    answer.raise_for_status()
    token, loop = str(answer.json()["pass"]), asyncio.get_running_loop()
    for kind, sockets in ((Screen, room.screens), (Ear, room.ears)):
        _, socket = await loop.create_connection(
            lambda kind=kind: kind(room, token, f"127.0.0.1:{server.port}"),  # type: ignore[misc]
            "127.0.0.1",
            server.port,
        )
        await socket.up
        sockets.append(socket)


async def fill(server: RunningServer, rooms: int) -> list[VoiceRoom]:
    """Create rooms, bring 36 people into each, give the first participant the floor."""
    made: list[VoiceRoom] = []
    store = f"unix://{server.directory}/store.sock"
    secret = (server.directory / "secret-key").read_text().strip()
    limit = asyncio.Semaphore(DOORS_AT_ONCE)
    async with httpx.AsyncClient(timeout=60) as client:
        for number in range(rooms):
            new = await create_session(store, secret, server.url, {"title": "Talk", **CHOICES})
            room = VoiceRoom(new.session)
            made.append(room)
            await enter(client, server, room, new.facilitator, "Facilitator")
            await enter(client, server, room, new.participant, "Talker")

            async def come(room: VoiceRoom, link: str, name: str) -> None:
                async with limit:
                    await enter(client, server, room, link, name)

            names = [f"Listener {number}" for number in range(LISTENERS - 1)]
            await asyncio.gather(*(come(room, new.participant, name) for name in names))
    for number, room in enumerate(made):
        for marker, command in (
            (b'"stage":"welcome"', '"do":"begin"'),
            (b'"stage":"introductions"', '"do":"advance","from":"welcome"'),
            (b'"state":"speaking"', '"do":"next","turn":null'),
        ):
            room.begin(marker)
            room.screens[0].send(f'{{"id":"{number}-{room.missing}-{len(marker)}",{command}}}')
            await asyncio.wait_for(room.done.wait(), 30)
        room.times.clear()
    return made


async def talk(room: VoiceRoom, seconds: float, phase: float) -> None:
    """Talk for a while: a packet every 60 ms."""
    loop = asyncio.get_running_loop()
    began = loop.time() + phase
    for sequence in range(int(seconds / FRAME_SECONDS)):
        await asyncio.sleep(began + sequence * FRAME_SECONDS - loop.time())
        room.ears[1].talk(1, sequence)
        room.sent += 1


async def command(room: VoiceRoom, seconds: float, phase: float, word: str) -> None:
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


async def commands(rooms: Sequence[VoiceRoom], seconds: float, word: str) -> list[float]:
    """Send commands in all rooms; return how long each took, in ms."""
    every = COMMAND_EVERY_SECONDS / len(rooms)
    await asyncio.gather(*(command(one, seconds, n * every, word) for n, one in enumerate(rooms)))
    times = [1000 * took for room in rooms for took in room.times]
    for room in rooms:
        room.times.clear()
    return sorted(times)


async def measure(rooms: int, seconds: float, one_core: bool) -> str:
    """Return one row of the table."""
    with tempfile.TemporaryDirectory() as folder, RunningServer(Path(folder), workers=2) as server:
        pids = server.workers()
        if one_core:
            others = os.sched_getaffinity(0) - {0}
            for pid in [os.getpid(), server.store(), server.store("live")]:
                os.sched_setaffinity(pid, others)
            for pid in pids:
                os.sched_setaffinity(pid, {0})
        made = await fill(server, rooms)
        await asyncio.sleep(2.0)
        silent = await commands(made, seconds, "silence")
        delays: list[float] = []
        for room in made:
            for ear in room.ears[2::7]:  # A look at every seventh is enough for a percentile.
                ear.delays = delays
        used = cpu_seconds(pids)
        began = time.perf_counter()
        talking = [talk(one, seconds, n * FRAME_SECONDS / rooms) for n, one in enumerate(made)]
        loud = asyncio.create_task(commands(made, seconds, "sound"))
        await asyncio.gather(*talking)
        used = (cpu_seconds(pids) - used) / (time.perf_counter() - began)
        times = silent, await loud
        await asyncio.sleep(1.0)
        for room in made:
            for socket in [*room.screens, *room.ears]:
                socket.close()
        return row(made, delays, used, times)


def at(part: float, times: Sequence[float]) -> float:
    """Return a percentile of sorted times."""
    return times[min(len(times) - 1, int(len(times) * part))]


def row(
    rooms: Sequence[VoiceRoom], delays: list[float], cpu: float, commands: tuple[list[float], ...]
) -> str:
    """Shape one measurement."""
    sent = sum(room.sent for room in rooms) * LISTENERS
    heard = sum(room.heard for room in rooms)
    times = sorted(1000 * delay for delay in delays)
    silent, loud = (statistics.median(times) for times in commands)
    return (
        f"{len(rooms):5} {len(rooms) * LISTENERS:9} {heard:9} {100 * heard / max(1, sent):8.3f}"
        f" {statistics.median(times):9.1f} {at(0.99, times):7.1f} {times[-1]:7.1f}"
        f" {100 * cpu:6.0f} {silent:10.1f} {loud:9.1f} {100 * (loud / silent - 1):+8.0f}"
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rooms", default="1,20,80")
    options.add_argument("--seconds", type=float, default=15.0)
    options.add_argument("--one-core", action="store_true")
    chosen = options.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(
        "rooms listeners delivered  percent median_ms  p99_ms  max_ms  cpu_%"
        " silent_ms  sound_ms   change_%"
    )
    for rooms in map(int, chosen.rooms.split(",")):
        print(uvloop.run(measure(rooms, chosen.seconds, chosen.one_core)), flush=True)


if __name__ == "__main__":
    main()
