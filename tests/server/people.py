"""People for tests: they come in by a link and sit at a real socket."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any, ClassVar, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.pages.guidelines import GUIDELINES_VERSION
from session_engine import Role
from tests.server.house import House, Worker

PATIENCE_SECONDS = 8.0
_numbers = itertools.count(1)

Frame = dict[str, Any]


async def ask_door(worker: Worker, path: str = "/api/enter", **body: Any) -> httpx.Response:
    """Send a request to the door."""
    async with httpx.AsyncClient() as client:
        return await client.post(f"{worker.url}{path}", json=body)


class Person:
    """Somebody with a pass and, most of the time, a socket."""

    here: ClassVar[set[Person]] = set()

    def __init__(self, worker: Worker, entry: Frame) -> None:
        """Keep what the door gave."""
        self.worker = worker
        self.pass_ = str(entry["pass"])
        self.id = str(entry["person"])
        self.session = str(entry["session"])
        self.frames: list[Frame] = []
        self.raw: list[str] = []
        self.close_code: int | None = None
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    @classmethod
    async def enter(
        cls, house: House, session: str, role: Role, name: str = "Asha", worker: int = 0
    ) -> Self:
        """Come in by a link and connect."""
        person = await cls.at_door(house, session, role, name, worker)
        return await person.come()

    @classmethod
    async def at_door(
        cls,
        house: House,
        session: str,
        role: Role,
        name: str = "Asha",
        worker: int = 0,
        **more: str,
    ) -> Self:
        """Come in by a link, without a socket yet; `more` is what else the door is told."""
        answer = await ask_door(
            house.workers[worker],
            link=house.link(session, role),
            name=name,
            consent=GUIDELINES_VERSION,
            **more,
        )
        assert answer.status_code in (200, 202), answer.text
        return cls(house.workers[worker], answer.json())

    async def come(self, worker: Worker | None = None) -> Self:
        """Connect, and wait for the first view."""
        await self.open(worker)
        await self.see()
        return self

    async def open(self, worker: Worker | None = None, first: str | None = None) -> Self:
        """Connect and send the first frame."""
        self.worker = worker or self.worker
        Person.here.add(self)
        self.frames.clear()
        self.close_code = None
        self._socket = await connect(
            f"ws://127.0.0.1:{self.worker.port}/ws/rooms/{self.session}",
            compression=None,
            ping_interval=None,
            close_timeout=1,
        )
        self._reader = asyncio.create_task(self._read())
        await self.send_text(first if first is not None else json.dumps({"pass": self.pass_}))
        return self

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for message in self._socket:
                self.raw.append(str(message))
                try:
                    self.frames.append(json.loads(message))
                except RecursionError:
                    continue  # an echo as deep as the server can read
                self._news.set()
        except ConnectionClosed:
            pass
        self.close_code = self._socket.close_code
        self._news.set()

    async def go(self) -> None:
        """Close the socket."""
        Person.here.discard(self)
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    def vanish(self) -> None:
        """Lose the line without a goodbye."""
        assert self._socket is not None
        self._socket.transport.abort()

    async def send_text(self, text: str) -> None:
        """Send a text frame as it is."""
        assert self._socket is not None
        await self._socket.send(text)

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame."""
        assert self._socket is not None
        await self._socket.send(data)

    async def send(self, do: str, id: str | None = None, **fields: Any) -> str:  # noqa: A002
        """Send a command without waiting; return its id."""
        command_id = id or f"c{next(_numbers)}"
        fields = {("from" if key == "from_" else key): value for key, value in fields.items()}
        await self.send_text(json.dumps({"id": command_id, "do": do, **fields}))
        return command_id

    async def do(self, do: str, id: str | None = None, **fields: Any) -> Frame:  # noqa: A002
        """Send a command and return its answer."""
        command_id = await self.send(do, id, **fields)
        return await self.find(
            lambda frame: frame.get("id") == command_id and frame["type"] != "view", take=True
        )

    async def done(self, do: str, **fields: Any) -> Frame:
        """Send a command that must be done."""
        answer = await self.do(do, **fields)
        assert answer["type"] == "done", answer
        return answer

    async def refused(self, do: str, **fields: Any) -> str:
        """Send a command that must be refused; return the code."""
        answer = await self.do(do, **fields)
        assert answer["type"] == "refused", answer
        return str(answer["code"])

    async def find(
        self,
        wanted: Callable[[Frame], bool],
        *,
        take: bool = False,
        seconds: float = PATIENCE_SECONDS,
    ) -> Frame:
        """Return the first frame that is wanted, waiting for it."""
        async with asyncio.timeout(seconds):
            while True:
                self._news.clear()
                for number, frame in enumerate(self.frames):
                    if wanted(frame):
                        if take:
                            del self.frames[number]
                        return frame
                if self.close_code is not None:
                    raise AssertionError(f"closed with {self.close_code}")
                await self._news.wait()

    @property
    def latest(self) -> Frame | None:
        """The newest view frame."""
        return next((one for one in reversed(self.frames) if one["type"] == "view"), None)

    @property
    def view(self) -> Frame:
        """What this person's role sees now."""
        assert self.latest is not None
        return dict(self.latest["view"])

    @property
    def you(self) -> Frame:
        """What only this person sees now."""
        assert self.latest is not None
        return dict(self.latest["you"])

    async def see(
        self,
        wanted: Callable[[Frame, Frame], bool] = lambda view, you: True,
        seconds: float = PATIENCE_SECONDS,
    ) -> Frame:
        """Wait until the newest view (and tail) is as wanted; return the view."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self._news.clear()
                    frame = self.latest
                    if frame is not None and wanted(frame["view"], frame["you"]):
                        return dict(frame["view"])
                    if self.close_code is not None:
                        raise AssertionError(f"closed with {self.close_code}")
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not seen in {self.latest}") from None

    async def closed(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for the close and return its code."""
        async with asyncio.timeout(seconds):
            while self.close_code is None:
                self._news.clear()
                await self._news.wait()
        return self.close_code
