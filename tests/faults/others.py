"""The others: rooms of people who behave, while somebody else does not.

What a fault costs them is measured in pairs: a while without it, a while with it, again
and again in one run, and the median of the ratios, for machines and their hours differ.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import statistics
import time
from contextlib import AbstractAsyncContextManager
from typing import Final

import httpx

from benchmarks.rooms import BenchRoom, Screen, Site, close, let_in
from session_engine import Role
from session_engine.limits import MAX_THEME
from tests.faults.member import BACK_SECONDS
from tests.server.house import House

# As often as a room full of hands and prompts changes at its liveliest.
EVERY_SECONDS: Final = 0.1
# With eight rooms 240 commands: a p99 that is not the maximum.
WINDOW_SECONDS: Final = 3.0
FEW_PAIRS: Final = 3


class Others:
    """Rooms full of screens, on all workers of a house."""

    def __init__(self, house: House) -> None:
        """Begin without rooms."""
        self.house = house
        self.rooms: list[BenchRoom] = []
        self._numbers = itertools.count(1)

    async def fill(self, rooms: int, people: int, themes: int = 0) -> None:
        """Make rooms with a facilitator and so many participants; themes make views larger."""
        circle = [Role.FACILITATOR, *[Role.PARTICIPANT] * people]
        self.rooms = await Site.of_house(self.house).fill(rooms, circle)
        for room in self.rooms:
            await room.see('"stage":"welcome"', "begin")
            for number in range(themes):
                text = f"{number} ".ljust(MAX_THEME, "अ")
                await room.see(f'"text":"{number} ', "add_theme", text=text)

    async def enter(self, room: BenchRoom, people: int) -> list[str]:
        """Let more participants through the door; return their passes."""
        link = "#" + self.house.link(room.session, Role.PARTICIPANT)
        port = self.house.workers[0].port
        async with httpx.AsyncClient(timeout=30) as client:
            return [await let_in(client, port, link, f"P{number}") for number in range(people)]

    async def seat(
        self, room: BenchRoom, token: str, number: int, kind: type[Screen] = Screen
    ) -> Screen:
        """Open a screen on one of the workers, and wait for its first view."""
        port = self.house.workers[number % len(self.house.workers)].port
        return await kind(room, token, port).connect()

    async def p99_ms(self, seconds: float) -> float:
        """Change every room again and again; return how long commands take to the last screen.

        The median of a few: a burst of somebody else's on the machine is in one of them.
        """
        ends = time.perf_counter() + seconds
        found: list[float] = []
        while not found or time.perf_counter() < ends:
            found.append(await self._p99_ms(min(seconds, WINDOW_SECONDS)))
        return statistics.median(found)

    async def _p99_ms(self, seconds: float) -> float:
        for room in self.rooms:
            room.times.clear()
        gc.collect()
        gc.freeze()  # a full collection here took 50 ms, and was the p99
        phases = (EVERY_SECONDS * at / len(self.rooms) for at in range(len(self.rooms)))
        await asyncio.gather(*map(self._drive, self.rooms, phases, itertools.repeat(seconds)))
        gc.unfreeze()
        times = sorted(1000 * one for room in self.rooms for one in room.times)
        return times[int(len(times) * 0.99)]

    async def _drive(self, room: BenchRoom, phase: float, seconds: float) -> None:
        ends = time.perf_counter() + seconds
        await asyncio.sleep(phase)
        while time.perf_counter() < ends:
            await self.change(room)
            await asyncio.sleep(max(0.0, room.sent_at + EVERY_SECONDS - time.perf_counter()))

    async def change(self, room: BenchRoom) -> None:
        """Change a room, and wait until every screen of it shows that."""
        text = f"prompt {next(self._numbers)}"
        await room.see(f'"prompt":"{text}"', "set_prompt", text=text)

    async def drop_all(self, dice: random.Random) -> None:
        """Cut all lines at once; return when everybody has come back, as pages do."""
        self.go()
        await asyncio.gather(*(self._come_back(room, dice) for room in self.rooms))

    async def _come_back(self, room: BenchRoom, dice: random.Random) -> None:
        async def one(token: str, number: int) -> Screen:
            while True:
                await asyncio.sleep(dice.uniform(*BACK_SECONDS))
                try:
                    return await self.seat(room, token, number)
                except ConnectionError:
                    continue

        coming = (one(token, at) for at, token in enumerate(room.passes))
        room.screens = await asyncio.gather(*coming)

    async def check(
        self, fault: AbstractAsyncContextManager[object], most: float, pairs: int, seconds: float
    ) -> None:
        """Check that a fault makes them at most so many times slower: the median of the pairs.

        Every second pair begins with the fault: a machine that becomes slower is on no side.
        A short run ends with its first pair if that is good: a busy machine makes bad ones,
        never good ones.
        """

        async def suffering() -> float:
            async with fault:
                return await self.p99_ms(seconds)

        ratios: list[float] = []
        while len(ratios) < pairs:
            if len(ratios) % 2:
                with_it, without = await suffering(), await self.p99_ms(seconds)
            else:
                without, with_it = await self.p99_ms(seconds), await suffering()
            ratios.append(with_it / without)
            print(f"p99 {without:.1f} ms without, {with_it:.1f} ms with: {ratios[-1]:.2f}")  # noqa: T201
            if pairs <= FEW_PAIRS and len(ratios) == 1 and ratios[0] <= most:
                return
        assert statistics.median(ratios) <= most, ratios

    def go(self) -> None:
        """Send everybody home."""
        close(self.rooms)
