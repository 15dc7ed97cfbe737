"""A recording client: it keeps all that it sent and got, comes back, and asks again.

It behaves as the page in a browser does: after a broken line it connects again with the
same pass, and a command without a certain answer is sent again with the same id.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket as Socket  # noqa: N812 - a line's own name is socket
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from server.pages.guidelines import GUIDELINES_VERSION
from server.rooms.ending import end_all
from session_engine import Role

Frame = dict[str, Any]

# A page waits about as long: quick first, apart from each other.
BACK_SECONDS: Final = (0.1, 0.6)
ASK_AGAIN_SECONDS: Final = 1.0
# As many as a page keeps (web/static/js/room/server_clock.js).
SAMPLES: Final = 8
# After these nobody comes back by themselves.
FINAL_CODES: Final = range(4100, 4200)


@dataclass(slots=True)
class Sent:
    """A command, and what became of it: `answer` is done or refused, for certain."""

    frame: Frame
    answer: Frame | None = None


@dataclass
class Member:
    """One person of one room."""

    url: str
    entry: Frame
    role: Role
    dice: random.Random
    sent: dict[str, Sent] = field(default_factory=dict)
    views: list[tuple[float, Frame]] = field(default_factory=list)  # (seconds, monotonic; frame)
    # By what a page had the store's clock from its own (ms) while a turn ran: (offset, turn).
    countdowns: list[tuple[float, Frame]] = field(default_factory=list)
    told: list[Frame] = field(default_factory=list)  # other frames: store, lost
    contradictions: list[tuple[Frame, Frame]] = field(default_factory=list)  # done, and then not
    closes: list[int] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)  # when a line that had shown a view broke
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    copies: int = 1  # how often each command is sent, at most
    cut: float = 0.0  # how often the line is cut right after a command
    dial: Callable[[], Socket] | None = None  # opens the line, from elsewhere

    def __post_init__(self) -> None:
        """Begin without a line."""
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._news = asyncio.Event()
        self._offsets: deque[float] = deque(maxlen=SAMPLES)

    @property
    def person(self) -> str:
        """The person's id."""
        return str(self.entry["person"])

    @property
    def session(self) -> str:
        """The room's id."""
        return str(self.entry["session"])

    @property
    def latest(self) -> Frame:
        """The newest frame with a view; empty before the first."""
        return self.views[-1][1] if self.views else {}

    @property
    def open_commands(self) -> list[str]:
        """The ids of commands without a certain answer."""
        return [name for name, sent in self.sent.items() if sent.answer is None]

    # ---- The line -------------------------------------------------------------------

    def start(self) -> None:
        """Connect, and stay connected."""
        self._task = asyncio.create_task(self._stay())

    async def stop(self) -> None:
        """Go for good."""
        if self._task is not None:
            await end_all({self._task})

    def drop(self) -> None:
        """Lose the line without a goodbye."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _stay(self) -> None:
        while not any(code in FINAL_CODES for code in self.closes):
            try:
                await self._attend()
            except (OSError, WebSocketException, InvalidHandshake, TimeoutError):
                pass
            self.connected.clear()
            await asyncio.sleep(self.dice.uniform(*BACK_SECONDS))

    async def _attend(self) -> None:
        address = f"{self.url.replace('http', 'ws', 1)}/ws/rooms/{self.session}"
        line = await asyncio.to_thread(self.dial) if self.dial else None
        async with connect(
            address, compression=None, open_timeout=5, close_timeout=1, sock=line
        ) as socket:
            self._socket = socket
            await socket.send(json.dumps({"pass": self.entry["pass"]}))
            for name in self.open_commands:
                await socket.send(json.dumps(self.sent[name].frame))
            try:
                async for message in socket:
                    self._hear(json.loads(message))
            finally:
                self._socket = None
                if self.connected.is_set():
                    self.lost.append(time.monotonic())
                if socket.close_code is not None:
                    self.closes.append(socket.close_code)

    def _hear(self, frame: Frame) -> None:
        match frame["type"]:
            case "view":
                self.views.append((time.monotonic(), frame))
                self._look_at_clock(frame)
                self.connected.set()
            case "done" | "refused":
                self._not_lost(frame["id"])
                if frame["id"] in self.sent and frame.get("code") != "too_fast":
                    before, self.sent[frame["id"]].answer = self.sent[frame["id"]].answer, frame
                    if before is not None and before["type"] == "done" and before != frame:
                        self.contradictions.append((before, frame))
                elif frame.get("code") == "too_fast":
                    self._again(frame["id"])
            case "unknown":
                self._again(frame["id"])
            case _:
                self.told.append(frame)
        self._news.set()

    def _not_lost(self, name: str) -> None:
        """Take back that a command was lost: its first answer had not come, the newest counts."""
        for frame in self.told:
            if frame["type"] == "lost" and name in frame["ids"]:
                frame["ids"].remove(name)

    def _look_at_clock(self, frame: Frame) -> None:
        """Keep what a page would count down by now: the best of its newest samples."""
        self._offsets.append(frame["now"] - 1000 * self.views[-1][0])
        turn = frame["view"].get("turn")
        if turn is not None and turn["ends_at"] is not None:
            self.countdowns.append((max(self._offsets), turn))

    def _again(self, name: str) -> None:
        asyncio.get_running_loop().call_later(ASK_AGAIN_SECONDS, self._repeat, name)

    def _repeat(self, name: str) -> None:
        if self._socket is not None and self.sent[name].answer is None:
            asyncio.ensure_future(self._send(self.sent[name].frame))  # noqa: RUF006

    async def _send(self, frame: Frame) -> None:
        with contextlib.suppress(WebSocketException):
            if self._socket is not None:
                await self._socket.send(json.dumps(frame))

    # ---- Doing ----------------------------------------------------------------------

    async def send(self, do: str, **fields: Any) -> str:
        """Send a command; return its id. Without a line it goes out with the next one."""
        name = f"c{next(self._numbers)}"
        frame = {"id": name, "do": do} | {key.rstrip("_"): value for key, value in fields.items()}
        self.sent[name] = Sent(frame)
        for _ in range(self.dice.randint(1, self.copies)):
            await self._send(frame)
        if self.cut and self.dice.random() < self.cut:
            self.drop()
        return name

    async def do(self, command: str, seconds: float = 20.0, **fields: Any) -> Frame:
        """Send a command and wait for its certain answer."""
        name = await self.send(command, **fields)
        async with asyncio.timeout(seconds):
            while (answer := self.sent[name].answer) is None:
                self._news.clear()
                await self._news.wait()
        return answer


async def enter(url: str, link: str, role: Role, name: str, dice: random.Random) -> Member:
    """Come in by a link; not connected yet."""
    body = {"link": link.partition("#")[2], "name": name, "consent": GUIDELINES_VERSION}
    body["browser"] = f"{dice.getrandbits(128):x}"  # asked twice, it is the same person
    async with httpx.AsyncClient(timeout=30) as client:
        while True:
            answer = await client.post(f"{url}/api/enter", json=body)
            if answer.status_code != 503:
                break
            await asyncio.sleep(0.5)
    answer.raise_for_status()
    return Member(url, answer.json(), role, random.Random(dice.random()))
