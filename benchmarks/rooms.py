"""Rooms full of people on a running server: what most measures begin with."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import httpx

from benchmarks.sockets import Socket
from server.new_session import create_session
from server.pages.guidelines import GUIDELINES_VERSION
from session_engine import Role
from tests.running_server import RunningServer
from tests.server.house import SECRET, House

# Who is offered the floor has it at once, for as long as a turn may last.
CHOICES: Final[dict[str, Any]] = {
    "title": "Exam stress",
    "on_call": "Dr. Rao",
    "accept_window_s": 0,
    "introduction_s": 120,
}
# The door reads and writes the store for each: more at once only wait.
DOORS_AT_ONCE: Final = 24
# Under the load of others a machine may take its time; a server that takes longer is broken.
PATIENCE_SECONDS: Final = 60.0


@dataclass(eq=False)
class BenchRoom:
    """One room: its sockets, the facilitator's first, and the command that is under way."""

    session: str
    links: dict[str, str] = field(default_factory=dict)  # by role
    screens: list[Screen] = field(default_factory=list)
    passes: list[str] = field(default_factory=list)
    entered: int = 0
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

    async def see(self, marker: str, do: str, **fields: Any) -> None:
        """Send a facilitator's command; wait until every screen shows the marker."""
        self.begin(marker.encode())
        self.screens[0].send(json.dumps({"id": f"{do}-{self.sent_at}", "do": do, **fields}))
        await asyncio.wait_for(self.done.wait(), PATIENCE_SECONDS)

    def shown(self) -> None:
        """Count one more screen."""
        self.missing -= 1
        if self.missing == 0:
            self.times.append(time.perf_counter() - self.sent_at)
            self.done.set()


class Screen(Socket):
    """A live socket: it counts views, and looks for a marker in them."""

    part = ""
    latest: bytes | None = None  # the newest view, when somebody wants it

    def __init__(self, room: BenchRoom, token: str, port: int) -> None:
        """Take whose screen it is."""
        super().__init__(f"/ws/rooms/{room.session}{self.part}", port)
        self.room = room
        self.views = 0
        self.shown = True
        self._token = token

    def opened(self) -> None:
        """Show the pass."""
        self.send(json.dumps({"pass": self._token}))

    def take(self, message: bytearray) -> None:
        """Count views; hand on the rest."""
        if not message.startswith(b'{"type":"view"'):
            self.answer(message)
            return
        self.views += 1
        if not self.up.done():
            self.up.set_result(None)
        if self.latest is not None:
            self.latest = bytes(message)
        if not self.shown and self.room.marker in message:
            self.shown = True
            self.room.shown()

    def answer(self, message: bytearray) -> None:
        """Read what is not a view."""


@dataclass(frozen=True)
class Site:
    """A running server: its ports, one a worker or one for all, and how sessions are made."""

    ports: Sequence[int]
    store_url: str
    secret: str

    @classmethod
    def of_house(cls, house: House) -> Self:
        """Return the site of single workers."""
        return cls([worker.port for worker in house.workers], house.store.url, SECRET)

    @classmethod
    def of_server(cls, server: RunningServer) -> Self:
        """Return the site of `thera-peer serve`."""
        secret = (server.directory / "secret-key").read_text().strip()
        return cls([server.port], f"unix://{server.directory}/store.sock", secret)

    async def fill(
        self,
        rooms: int,
        circle: Sequence[Role],
        make: Callable[[BenchRoom, str, int], Screen] = Screen,
        **choices: Any,
    ) -> list[BenchRoom]:
        """Create rooms and bring a circle of people, a facilitator first, into each.

        The second is there before the others, and so is the first to be offered the floor.
        """
        limit = asyncio.Semaphore(DOORS_AT_ONCE)
        made: list[BenchRoom] = []
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:

            async def enter(room: BenchRoom, number: int) -> None:
                async with limit:
                    await self.enter(client, room, circle[number], make)

            for _ in range(rooms):
                address = f"http://127.0.0.1:{self.ports[0]}"
                given = {**CHOICES, **choices}
                new = await create_session(self.store_url, self.secret, address, given)
                room = BenchRoom(new.session, new.to_dict())
                first = min(2, len(circle))
                for number in range(first):
                    await enter(room, number)
                await asyncio.gather(*(enter(room, number) for number in range(first, len(circle))))
                made.append(room)
        return made

    async def enter(
        self,
        client: httpx.AsyncClient,
        room: BenchRoom,
        role: Role,
        make: Callable[[BenchRoom, str, int], Screen] = Screen,
    ) -> None:
        """Bring one more person into a room, over the next of the ports."""
        number = room.entered
        room.entered += 1
        port = self.ports[number % len(self.ports)]
        token = await let_in(client, port, room.links[role], f"{role} {number}".title())
        screen = make(room, token, port)
        room.screens.append(screen)
        room.passes.append(token)
        await screen.connect()


async def let_in(client: httpx.AsyncClient, port: int, link: str, name: str) -> str:
    """Go through the door; return the pass."""
    secret = link.partition("#")[2]
    body = {"link": secret, "name": name, "consent": GUIDELINES_VERSION, "browser": name}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await client.post(f"http://127.0.0.1:{port}/api/enter", json=body)
            if answer.status_code != 503:
                break
            await asyncio.sleep(1.0)  # a disk that stood still for 2 s: come again, as one would
    answer.raise_for_status()
    return str(answer.json()["pass"])


async def give_floors(rooms: Sequence[BenchRoom]) -> None:
    """Begin every session; the first participant has the floor for two minutes."""
    for room in rooms:
        await room.see('"stage":"welcome"', "begin")
        await room.see('"stage":"introductions"', "advance", **{"from": "welcome"})
        await room.see('"state":"speaking"', "next", turn=None)
        room.times.clear()


async def at_rate(act: Callable[[int], None], per_second: float, seconds: float) -> None:
    """Do something again and again, `per_second` evenly, catching up when late."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(int(per_second * seconds)):
        if (wait := began + number / per_second - loop.time()) > 0:
            await asyncio.sleep(wait)
        elif number % 100 == 0:
            await asyncio.sleep(0)  # who is late must read too
        act(number)
    await asyncio.sleep(max(0.0, began + seconds - loop.time()))


def close(rooms: Iterable[BenchRoom]) -> None:
    """Send everybody home."""
    for room in rooms:
        for screen in room.screens:
            screen.close()
