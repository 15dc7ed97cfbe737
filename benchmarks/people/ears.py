"""The listeners of benchmarks/voice.py.

A process of its own: counting frames must not make a command look late.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Final

import uvloop

from benchmarks.rooms import BenchRoom, Screen

FRAME_SECONDS: Final = 0.060
OPUS_BYTES: Final = 180
MESSAGE_BYTES: Final = 4 + 19 + OPUS_BYTES
OPEN_AT_ONCE: Final = 50
# A look at every seventh listener is enough for a percentile.
LOOK_EVERY: Final = 7


@dataclass(frozen=True)
class Seats:
    """A room to listen in: its people's passes; the second of them talks."""

    session: str
    port: int
    passes: Sequence[str]


@dataclass
class Report:
    """What was heard: frames sent and delivered, and the delays of some, in ms."""

    sent: int = 0
    heard: int = 0
    delays: list[float] = field(default_factory=list)


class Ear(Screen):
    """A voice socket: it counts the frames that it hears and how late some of them are."""

    part = "/voice"
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
            for start in range(4 + 19, len(data), MESSAGE_BYTES):
                self.delays.append(1000 * (now - struct.unpack_from("!d", data, start)[0]))

    def frame(self, first: int, payload: bytearray) -> None:
        """Count a frame of sound; a text says that the socket is ready."""
        if first == 0x82:
            self.heard += 1
        elif first == 0x81:
            self.up.set_result(None)
        else:
            super().frame(first, payload)

    def say(self, number: int, sequence: int) -> None:
        """Send one packet, with the moment in it."""
        opus = struct.pack("!d", time.perf_counter()) + b"\x5a" * (OPUS_BYTES - 8)
        frame = struct.pack("!BQII", 1, number, sequence, 0) + opus
        self.write(b"\x82\xfe" + len(frame).to_bytes(2) + b"\0\0\0\0" + frame)


async def sit(rooms: Sequence[Seats]) -> list[list[Ear]]:
    """Open all voice sockets."""
    limit = asyncio.Semaphore(OPEN_AT_ONCE)

    async def one(seats: Seats, token: str) -> Ear:
        async with limit:
            ear = Ear(BenchRoom(seats.session), token, seats.port)
            await ear.connect()
        return ear

    return [await asyncio.gather(*(one(seats, token) for token in seats.passes)) for seats in rooms]


async def talk(ear: Ear, seconds: float, phase: float) -> int:
    """Talk for a while, a packet every 60 ms; return how many."""
    loop = asyncio.get_running_loop()
    began, packets = loop.time() + phase, int(seconds / FRAME_SECONDS)
    for sequence in range(packets):
        await asyncio.sleep(began + sequence * FRAME_SECONDS - loop.time())
        ear.say(1, sequence)
    return packets


async def listen(pipe: Connection) -> None:
    """Sit down, say so, talk when told to, report."""
    loop = asyncio.get_running_loop()
    rooms = await sit(await loop.run_in_executor(None, pipe.recv))
    pipe.send("here")
    seconds = await loop.run_in_executor(None, pipe.recv)
    report = Report()
    for ears in rooms:
        for ear in ears[2::LOOK_EVERY]:
            ear.delays = report.delays
    step = FRAME_SECONDS / len(rooms)
    talking = (talk(ears[1], seconds, n * step) for n, ears in enumerate(rooms))
    report.sent = sum(await asyncio.gather(*talking))
    pipe.send("silent")
    await asyncio.sleep(1.0)
    report.heard = sum(ear.heard for ears in rooms for ear in ears)
    pipe.send(report)
    for ears in rooms:
        for ear in ears:
            ear.close()


def run(pipe: Connection) -> None:
    """Be the process of the listeners."""
    os.nice(10)  # in a real session these are other machines
    uvloop.run(listen(pipe))


def spin() -> None:
    """Use a processor as much as 2,800 listeners do, at the same low priority."""
    os.nice(10)
    while True:
        ends = time.perf_counter() + 0.004
        while time.perf_counter() < ends:
            pass
        time.sleep(0.006)
