"""A client that costs little: it sends commands in windows, up to three times each.

It reads no views and keeps only what it has sent and what was answered, so that a
million commands fit into minutes. A cut is exact: once it has been decided, nothing
that the server still says is heard, and the same commands are sent again on a new line.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

import orjson

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


class Line(asyncio.Protocol):
    """One WebSocket connection that hands on answers, and nothing else."""

    def __init__(self, address: str, token: str, hear: Callable[[Frame], None]) -> None:
        """Take the path of the room, the pass, and who is told of answers."""
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._address = address
        self._token = token
        self._hear: Callable[[Frame], None] | None = hear
        self._data = bytearray()
        self._upgraded = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {self._address} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    @property
    def is_open(self) -> bool:
        """Whether something can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, text: str) -> None:
        """Send a text frame."""
        self.write_frame(text.encode())

    def write_frame(self, data: bytes, *, is_text: bool = True) -> None:
        """Send one frame; a mask of zeros is a mask too."""
        size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        self.write((b"\x81" if is_text else b"\x82") + size + b"\0\0\0\0" + data)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self._transport is not None
        self._transport.write(data)

    def go_deaf(self) -> None:
        """Hear nothing any more."""
        self._hear = None

    def close(self) -> None:
        """End it without a goodbye."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits for the line."""
        if not self.up.done():
            self.up.set_exception(error or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        """Read the answer to the upgrade, then frames."""
        self._data += data
        if not self._upgraded:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            assert self._data.startswith(b"HTTP/1.1 101"), bytes(self._data)
            del self._data[: end + 4]
            self._upgraded = True
            self.send(json.dumps({"pass": self._token}))
        start = 0
        while (found := self._find_frame(start)) is not None:
            head, stop = found
            self._take(self._data[start], bytes(self._data[head:stop]))
            start = stop
        del self._data[:start]

    def _find_frame(self, start: int) -> tuple[int, int] | None:
        """Return where the payload of the frame at `start` begins and ends; None: not here yet."""
        data = self._data
        if len(data) < start + 2:
            return None
        size, head = data[start + 1], start + 2
        if size >= 126:
            head += 2 if size == 126 else 8
            size = int.from_bytes(data[start + 2 : head])
        return (head, head + size) if len(data) >= head + size else None

    def _take(self, first: int, payload: bytes) -> None:
        if first & 0x0F == 0x9 and self._transport is not None:  # a ping
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
        elif first == 0x01 and not self.up.done():  # the first fragment of the first view
            self.up.set_result(None)
        elif first == 0x81 and self._hear is not None and payload.startswith(ANSWERS):
            self._hear(orjson.loads(payload))


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
        loop = asyncio.get_running_loop()
        while self._line is None or not self._line.is_open:
            try:
                _, self._line = await loop.create_connection(self._new_line, "127.0.0.1", self.port)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._line.up
            except (OSError, TimeoutError):
                self._line = None
                await asyncio.sleep(AGAIN_SECONDS)
        return self._line

    def _new_line(self) -> Line:
        address = f"/ws/rooms/{self.entry['session']}"
        return Line(address, str(self.entry["pass"]), self._hear)

    def _hear(self, answer: Frame) -> None:
        """Take an answer; what was not done stays open, and is sent again with the rest."""
        if answer["type"] == "done":
            self._open.pop(answer["id"], None)
            if not self._open:
                self._all_told.set()
        else:
            self.not_done[str(answer.get("code", "unknown"))] += 1
