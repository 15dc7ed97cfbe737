"""A client that costs little: it sends commands in windows, up to three times each.

It reads no views and keeps only what it has sent and what was answered, so that a
million commands fit into minutes. A cut is exact: once it has been decided, nothing
that the server still says is heard, and the same commands are sent again on a new line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from benchmarks.sockets import Socket

Frame = dict[str, Any]

WINDOW: Final = 10
COPIES: Final = 3
AGAIN: Final = 0.5  # how much of a window comes a second time, and of that a third time
CUT: Final = 0.05
# From before the first of them was read until all have been answered.
CUT_AFTER_SECONDS: Final = (0.0, 0.05)
# Less than the 20 a second of server/sockets/flood.py: three hundred lines then keep two
# workers busy, and not so busy that answers become "unknown".
FRAMES_PER_SECOND: Final = 12.0
PATIENCE_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 0.2
# Everything in a window has its answer by then, or never will.
CERTAIN_SECONDS: Final = 90.0
ANSWERS: Final = (b'{"type":"done"', b'{"type":"refu', b'{"type":"unkn')


class Line(Socket):
    """One live socket that hands on answers, and nothing else."""

    def __init__(self, entry: Frame, port: int, hear: Callable[[Frame], None]) -> None:
        """Take what the door answered, and who is told of answers."""
        super().__init__(f"/ws/rooms/{entry['session']}", port)
        self._token = str(entry["pass"])
        self._hear: Callable[[Frame], None] | None = hear

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self.up.done() and not self.closed

    def opened(self) -> None:
        """Show the pass."""
        self.send(json.dumps({"pass": self._token}))

    def take(self, message: bytearray) -> None:
        """Hand on answers; the first view says that the line is up."""
        if self._hear is not None and message.startswith(ANSWERS):
            self._hear(orjson.loads(message))
        elif not self.up.done():
            self.up.set_result(None)

    def go_deaf(self) -> None:
        """Hear nothing any more."""
        self._hear = None


@dataclass
class Teller:
    """One person who sends commands, and counts how."""

    port: int
    entry: Frame
    dice: random.Random
    command: Callable[[int], Frame]  # the n-th command, without its id
    name: str = "c"  # what the ids begin with
    copies: int = 0  # frames beyond the first of each command
    cut: int = 0  # commands whose answers were cut off
    not_done: Counter[str] = field(default_factory=Counter)  # refusals, and unknown outcomes

    def __post_init__(self) -> None:
        """Begin without a line."""
        self._line: Line | None = None
        self._open: dict[str, str] = {}
        self._all_told = asyncio.Event()

    async def tell(self, number: int) -> None:
        """Send so many commands, and go on until each is answered for certain."""
        await asyncio.sleep(self.dice.uniform(0, WINDOW / FRAMES_PER_SECOND))
        for first in range(0, number, WINDOW):
            await self._window(range(first, min(first + WINDOW, number)))
        if self._line is not None:
            self._line.close()

    async def _window(self, numbers: range) -> None:
        for number in numbers:
            frame = {"id": f"{self.name}{number}", **self.command(number)}
            self._open[frame["id"]] = json.dumps(frame)
        cut = self.dice.random() < CUT
        await self._say(cut)
        async with asyncio.timeout(CERTAIN_SECONDS):
            while self._open:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._all_told.wait(), PATIENCE_SECONDS)
                if self._open:
                    await self._say(cut=False)

    async def _say(self, cut: bool) -> None:
        """Send what is open, in order, some of it again; then cut the line or wait."""
        line = await self._connected()
        self._all_told.clear()
        sent = 0
        again = [*self._open.values()]
        for _ in range(COPIES):  # all of them, then some again, as a page does
            for text in again:
                line.send(text)
            sent += len(again)
            again = [text for text in again if self.dice.random() < AGAIN]
        self.copies += sent - len(self._open)
        if cut:  # and at once again, while the server may still be at the first
            self.cut += len(self._open)
            line.go_deaf()
            await asyncio.sleep(self.dice.uniform(*CUT_AFTER_SECONDS))
            line.close()
            await self._say(cut=False)
        else:
            await asyncio.sleep(sent / FRAMES_PER_SECOND)

    async def _connected(self) -> Line:
        while self._line is None or not self._line.is_open:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    self._line = await Line(self.entry, self.port, self._hear).connect()
            except (OSError, TimeoutError):
                self._line = None
                await asyncio.sleep(AGAIN_SECONDS)
        return self._line

    def _hear(self, answer: Frame) -> None:
        """Take an answer; what was not done stays open, and is sent again with the rest."""
        if answer["type"] == "done":
            self._open.pop(answer["id"], None)
            if not self._open:
                self._all_told.set()
        else:
            self.not_done[str(answer.get("code", "unknown"))] += 1
