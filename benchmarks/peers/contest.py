"""One contender after another does the same work: ours first, which leaves the payload."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Self, cast

import httpx

from benchmarks.peers.contenders import FAST, FULL, SLOW, Peer, PlainSeat
from benchmarks.processes import SERVER_CORES, cpu_seconds, kernel_seconds, pin
from benchmarks.report import SHORT
from benchmarks.rooms import (
    PATIENCE_SECONDS,
    BenchRoom,
    Screen,
    Site,
    at_rate,
    close,
    give_floors,
)
from server.store.client import open_client
from server.store.embedded_valkey import EmbeddedValkey
from session_engine import Role
from tests.server.house import House

PEOPLE: Final = 35
MORE: Final = 2  # facilitators, to send what one socket may not
OURS: Final = "Thera-Peer"
OURS_MOVING: Final = "Thera-Peer: everybody's place changes"
OURS_SLOW: Final = "Thera-Peer, fewer changes"
OURS_RELAYED: Final = "Thera-Peer: relayed, same for all"
WARM_SECONDS: Final = 0.5 if SHORT else 1.5
# Pings come every 5 s.
IDLE_SECONDS: Final = 0.5 if SHORT else 5.0
CONNECT_AT_ONCE: Final = 50
# As long as a view, and within the 2,000 characters of a turn's text.
WORDS: Final = "सुनना भी साथ है " * 124
# Every change is a new one, or a command of the same id would act once only.
NUMBERS: Final = count(1)
PROMPT: Final = "What would you tell a friend? (%06d)"


@dataclass(frozen=True)
class Figure:
    """One contender in one round."""

    name: str
    changes_per_second: float
    frames_per_second: float
    frame_bytes: float
    core_percent: float
    kernel_percent: float  # of a core, too
    idle_percent: float

    @property
    def frame_us(self) -> float:
        """Microseconds of processor time for each frame."""
        return 1e4 * self.core_percent / self.frames_per_second

    @property
    def kernel_us(self) -> float:
        """What of it the kernel used: to send, and to receive at the other end of the loopback."""
        return 1e4 * self.kernel_percent / self.frames_per_second

    @property
    def frame_us_less_idle(self) -> float:
        """The same without what the server uses when nothing happens."""
        return 1e4 * (self.core_percent - self.idle_percent) / self.frames_per_second


@dataclass(frozen=True)
class Round:
    """All contenders, by name: each at a given pace, and with more than its core can do."""

    paced: dict[str, Figure]
    full: dict[str, Figure]

    @classmethod
    def of(cls, figures: Iterable[tuple[Sequence[Figure], Sequence[Figure]]]) -> Self:
        """Join what the contenders have measured."""
        paced, full = zip(*figures, strict=True)
        return cls(
            {one.name: one for s in paced for one in s}, {one.name: one for s in full for one in s}
        )


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    rooms: int
    seconds: float


async def idle_percent(pid: int) -> float:
    """Look at what the server uses of a core while nothing happens."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(WARM_SECONDS / 2)
    used, began = cpu_seconds([pid]), loop.time()
    await asyncio.sleep(IDLE_SECONDS)
    return 100 * (cpu_seconds([pid]) - used) / (loop.time() - began)


async def cost(
    name: str,
    pid: int,
    people: Sequence[PlainSeat | Screen],
    change: Callable[[int], None],
    per_second: float,
    scale: Scale,
    idle: float,
) -> Figure:
    """Look at what the server uses while rooms change."""
    loop = asyncio.get_running_loop()

    def one_more(_: int) -> None:
        change(next(NUMBERS))

    await at_rate(one_more, per_second * scale.rooms, WARM_SECONDS)
    used, kernel, began = cpu_seconds([pid]), kernel_seconds(pid), loop.time()
    views = sum(one.views for one in people)
    size = sum(one.received_bytes for one in people)
    await at_rate(one_more, per_second * scale.rooms, scale.seconds)
    # In a short run on a busy machine nothing may have come yet.
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(one.views for one in people) == views:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    used, kernel = cpu_seconds([pid]) - used, kernel_seconds(pid) - kernel
    took = loop.time() - began
    views = sum(one.views for one in people) - views
    size = sum(one.received_bytes for one in people) - size
    busy, in_kernel = 100 * used / took, 100 * kernel / took
    return Figure(name, per_second, views / took, size / max(1, views), busy, in_kernel, idle)


def prompt(number: int) -> str:
    """Return the command that changes the prompt."""
    return json.dumps({"id": f"c{number}", "do": "set_prompt", "text": PROMPT % number})


# ---- Ours -------------------------------------------------------------------------------


class Reader(Screen):
    """A screen that counts the words of a turn among its views."""

    refused = 0

    def answer(self, message: bytearray) -> None:
        """Count them, and refusals: these would be measured as if they were changes."""
        self.views += message.startswith(b'{"type":"live","kind":"text"')
        self.refused += message.startswith(b'{"type":"refused"')


async def ours(scale: Scale, payload: Path) -> tuple[list[Figure], list[Figure]]:
    """Measure a real worker in several ways; leave what its people were shown for the peers."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        try:
            pid = house.start_worker().process.pid
            pin(pid, SERVER_CORES)
            circle = [Role.FACILITATOR, *[Role.PARTICIPANT] * PEOPLE]
            site = Site.of_house(house)
            rooms = await site.fill(scale.rooms, circle, Reader)
            await give_floors(rooms)
            facilitators = [[cast(Reader, room.screens[0])] for room in rooms]
            views = [(await leave_payload(room, payload)) for room in rooms]
            turns = [view["turn"]["id"] for view in views]
            # The holder waits for nothing.
            queues = [[one["id"] for one in view["people"][1:PEOPLE]] for view in views]

            def facilitator(number: int) -> Screen:
                turn, room = divmod(number, len(rooms))
                here = facilitators[room]
                return here[turn % len(here)]

            def change(number: int) -> None:
                facilitator(number).send(prompt(number))

            def move(number: int) -> None:
                """Put the last in the queue before all others."""
                queue = queues[number % len(rooms)]
                queue.insert(0, queue.pop())
                command = {"id": f"m{number}", "do": "move", "person": queue[0], "to": 0}
                facilitator(number).send(json.dumps(command))

            def relay(number: int) -> None:
                room, words = number % len(rooms), f"{number:06} {WORDS}"
                command = {"id": f"r{number}", "do": "write", "turn": turns[room], "text": words}
                facilitator(number).send(json.dumps(command, ensure_ascii=False))

            def people() -> list[Screen]:
                return [screen for room in rooms for screen in room.screens]

            idle = await idle_percent(pid)
            paced = [
                await cost(OURS, pid, people(), change, FAST, scale, idle),
                await cost(OURS_MOVING, pid, people(), move, FAST, scale, idle),
                await cost(OURS_SLOW, pid, people(), change, SLOW, scale, idle),
                await cost(OURS_RELAYED, pid, people(), relay, FAST, scale, idle),
            ]
            # What one socket may send is 20 messages a second.
            async with httpx.AsyncClient() as client:
                for room, here in zip(rooms * MORE, facilitators * MORE, strict=True):
                    await site.enter(client, room, Role.FACILITATOR, Reader)
                    here.append(cast(Reader, room.screens[-1]))
            full = [
                await cost(OURS, pid, people(), change, FULL, scale, idle),
                await cost(OURS_MOVING, pid, people(), move, FULL, scale, idle),
                await cost(OURS_RELAYED, pid, people(), relay, FULL, scale, idle),
            ]
            assert not any(screen.refused for here in facilitators for screen in here)
            close(rooms)
            return paced, full
        finally:
            house.close()


async def leave_payload(room: BenchRoom, folder: Path) -> dict[str, Any]:
    """Keep what 35 people are shown; return the view that they share.

    The part of all is left in the file `shared`, what differs in `tails`, a line each.
    """
    people = room.screens[1:]
    for screen in people:
        screen.latest = b""
    await room.see(PROMPT % 0, "set_prompt", text=PROMPT % 0)
    shown = [(screen.latest or b"").partition(b',"you":') for screen in people]
    (folder / "shared").write_bytes(shown[0][0] + b"}")
    (folder / "tails").write_bytes(b"".join(tail[:-1] + b"\n" for _, _, tail in shown))
    for screen in people:
        screen.latest = None
    view: dict[str, Any] = json.loads(shown[0][0] + b"}")["view"]
    return view


# ---- A peer -----------------------------------------------------------------------------


async def peer(chosen: Peer, scale: Scale, payload: Path) -> tuple[list[Figure], list[Figure]]:
    """Measure a peer with what our people were shown."""
    with tempfile.TemporaryDirectory() as folder:
        name = "store" if chosen.stores else "live"
        store = EmbeddedValkey(Path(folder), name=name, kept=chosen.stores)
        store.start()
        client = open_client(store.url)
        server = chosen.start(store.url, payload)
        emitter = chosen.start(store.url, payload, emit=True) if chosen.emits else None
        try:
            assert server.stdout
            port = int(server.stdout.readline())
            pin(server.pid, SERVER_CORES)
            people = await seats(chosen, port, scale.rooms, range(PEOPLE + 1))
            shared = (payload / "shared").read_bytes()
            publishing: set[asyncio.Task[int]] = set()

            def change(number: int) -> None:
                room = number % scale.rooms
                if chosen.stores:
                    people[room].send(prompt(number))
                    return
                new = shared.replace((PROMPT % 0).encode(), (PROMPT % number).encode())
                if emitter and emitter.stdin:
                    emitter.stdin.write(b"%d %b\n" % (room, new))
                    emitter.stdin.flush()
                else:
                    task = asyncio.ensure_future(client.publish(f"room:{room}", new))
                    publishing.add(task)
                    task.add_done_callback(publishing.discard)

            idle = await idle_percent(server.pid)
            measured = (chosen.name, server.pid, people, change)
            paced = await cost(*measured, chosen.changes_per_second, scale, idle)
            more = range(PEOPLE + 1, PEOPLE + 1 + MORE)
            people += await seats(chosen, port, scale.rooms, more)
            full = await cost(*measured, chosen.full_per_second, scale, idle)
            await asyncio.gather(*publishing)
            for one in people:
                one.close()
            return [paced], [full]
        finally:
            for process in filter(None, (emitter, server)):
                process.kill()
                process.communicate()
            await client.aclose()
            store.stop()


async def seats(chosen: Peer, port: int, rooms: int, people: Iterable[int]) -> list[PlainSeat]:
    """Connect these people of each room; who is no participant gets what one of them gets."""
    limit = asyncio.Semaphore(CONNECT_AT_ONCE)

    async def one(room: int, person: int) -> PlainSeat:
        async with limit:
            path = chosen.seat.path.format(room=room, person=person % PEOPLE)
            return await chosen.seat(path, port).connect()

    everybody = ((room, person) for person in people for room in range(rooms))
    return await asyncio.gather(*(one(*who) for who in everybody))


# ---- All of them ------------------------------------------------------------------------


async def rounds(times: int, scale: Scale, peers: Sequence[Peer]) -> list[Round]:
    """Let all contenders run one after another, again and again."""
    done: list[Round] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            measured = [await ours(scale, Path(folder))]
            for one in peers:
                measured.append(await peer(one, scale, Path(folder)))
            done.append(Round.of(measured))
    return done
