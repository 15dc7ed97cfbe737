"""Voice sockets for tests: real ones, that note what they hear and when."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from dataclasses import dataclass
from typing import ClassVar, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from session_engine import Role
from tests.server.house import House, Worker
from tests.server.people import PATIENCE_SECONDS, Person

FRAME_SECONDS = 0.06


def sound(turn: int, sequence: int = 0, opus: bytes = b"an opus packet", version: int = 1) -> bytes:
    """Return a speaker's frame."""
    return struct.pack("!BQII", version, turn, sequence, 1234) + opus


@dataclass(frozen=True)
class Heard:
    """A frame as a listener got it."""

    at: float
    version: int
    seat: int
    turn: int
    sequence: int
    timestamp: int
    opus: bytes


class Line:
    """One person's voice socket."""

    here: ClassVar[set[Line]] = set()

    def __init__(self, socket: ClientConnection) -> None:
        """Begin to read."""
        self.socket = socket
        self.heard: list[Heard] = []
        self.texts: list[str] = []
        self.close_code: int | None = None
        self._news = asyncio.Event()
        self.reader = asyncio.create_task(self._read())
        Line.here.add(self)

    @classmethod
    async def open(cls, person: Person, worker: Worker | None = None) -> Self:
        """Open a person's voice socket and wait until it is ready."""
        line = await cls.knock(
            person.session, json.dumps({"pass": person.pass_}), worker or person.worker
        )
        await line.until(lambda: line.texts or line.close_code is not None)
        assert line.texts == ['{"type":"ready"}'], line.close_code
        return line

    @classmethod
    async def knock(cls, session: str, first: str | None, worker: Worker) -> Self:
        """Connect and send a first frame, if any."""
        socket = await connect(
            f"ws://127.0.0.1:{worker.port}/ws/rooms/{session}/voice",
            compression=None,
            ping_interval=None,
            close_timeout=1,
            max_queue=None,
        )
        line = cls(socket)
        if first is not None:
            await socket.send(first)
        return line

    async def _read(self) -> None:
        try:
            async for message in self.socket:
                if isinstance(message, bytes):
                    version, seat, turn, sequence, at = struct.unpack("!BHQII", message[:19])
                    now = time.monotonic()
                    self.heard.append(Heard(now, version, seat, turn, sequence, at, message[19:]))
                else:
                    self.texts.append(message)
                self._news.set()
        except ConnectionClosed:
            pass
        self.close_code = self.socket.close_code
        self._news.set()

    async def until(self, condition: object, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until something is so."""
        assert callable(condition)
        async with asyncio.timeout(seconds):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def hears(self, opus: bytes, seconds: float = PATIENCE_SECONDS) -> Heard:
        """Wait for a frame with this sound."""
        await self.until(lambda: any(one.opus == opus for one in self.heard), seconds)
        return next(one for one in self.heard if one.opus == opus)

    async def closed(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the close and return its code."""
        await self.until(lambda: self.close_code is not None, seconds)
        assert self.close_code is not None
        return self.close_code

    async def say(self, frame: bytes) -> None:
        """Send a frame as it is."""
        await self.socket.send(frame)

    async def go(self) -> None:
        """Close."""
        Line.here.discard(self)
        await self.socket.close()
        await self.reader


@dataclass
class Circle:
    """A facilitator and Ana on one worker, Ben and Cai on the other; Ana has the floor."""

    house: House
    session: str
    meera: Person
    ana: Person
    ben: Person
    cai: Person

    @property
    def people(self) -> tuple[Person, ...]:
        """Return everybody."""
        return self.meera, self.ana, self.ben, self.cai

    def seat(self, person: Person) -> int:
        """Return a person's seat."""
        return next(int(one["seat"]) for one in self.meera.view["people"] if one["id"] == person.id)

    @property
    def number(self) -> int:
        """Return the number of the open turn."""
        return int(self.meera.view["turn"]["number"])

    @property
    def turn(self) -> str:
        """Return the id of the open turn."""
        return str(self.meera.view["turn"]["id"])


async def circle(house: House, **choices: object) -> Circle:
    """Fill a room; Ana, who came first, has the floor."""
    session = await house.create(accept_window_s=0, stepping="by-hand", **choices)
    meera = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    cai = await Person.enter(house, session, Role.PARTICIPANT, "Cai", 1)
    made = Circle(house, session, meera, ana, ben, cai)
    await meera.see(lambda view, you: sum(one["present"] for one in view["people"]) == 4)
    await meera.done("begin")
    await meera.done("advance", from_="welcome")
    await meera.done("next", turn=None)
    for person in made.people:
        await person.see(lambda view, you: (view["turn"] or {}).get("person") == ana.id)
    return made
