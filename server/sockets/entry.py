"""How every socket begins: its page, its first frame, its pass, its room.

open ──pass within 5 s──▶ attended ──▶ closed
  └── 4002 silent, 4100 pass invalid, 4000 store away, what `attend` refuses with
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers

from server.rooms.defects import note_defect
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets.close_codes import REASONS, CloseCode
from server.sockets.origin import may_open
from server.sockets.passes import Pass, Passes
from server.sockets.protocol import EXTENSION, RoomSocketProtocol
from server.sockets.wire import BadFrame, read_frame
from server.store.errors import StoreError
from session_engine import PersonId

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

FIRST_FRAME_SECONDS: Final = 5.0


class Refusal(Exception):  # noqa: N818
    """The socket may not stay; it is closed with `code`."""

    def __init__(self, code: CloseCode) -> None:
        """Close with this code."""
        super().__init__(code)
        self.code = code


class Entry(ABC):
    """An ASGI endpoint below `/ws/rooms/{session}`; its kinds say what happens inside."""

    def __init__(self, rooms: Rooms, passes: Passes, public_url: str) -> None:
        """Take the rooms, and what a pass and an origin are checked with."""
        self._rooms = rooms
        self._passes = passes
        self._public_url = public_url

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        await receive()  # websocket.connect
        origin = Headers(scope=scope).get("origin")
        socket: RoomSocketProtocol = scope["extensions"][EXTENSION]
        if not may_open(origin, self._public_url):
            await send({"type": "websocket.close"})  # Before accepting: HTTP 403.
            return
        await send({"type": "websocket.accept"})
        try:
            await self._serve(scope["path_params"]["session"], socket, receive)
        except Refusal as refusal:
            socket.end(refusal.code, REASONS[refusal.code])
        except StoreError:
            socket.end(CloseCode.SERVICE_AWAY, REASONS[CloseCode.SERVICE_AWAY])
        except Exception as error:
            note_defect("a socket", error)
            socket.end(1011, "Something went wrong here.")
        if socket.close_timer is None and not socket.disconnected:
            socket.end(1000, "")

    @abstractmethod
    async def attend(
        self, replica: Replica, bearer: Pass, socket: RoomSocketProtocol, receive: Receive
    ) -> None:
        """Serve a socket whose pass is right until it is closed.

        Raises: Refusal, StoreError.
        """

    async def _serve(self, session: str, socket: RoomSocketProtocol, receive: Receive) -> None:
        try:
            async with asyncio.timeout(FIRST_FRAME_SECONDS):
                message = await receive()
        except TimeoutError:
            raise Refusal(CloseCode.SILENT) from None
        if message["type"] != "websocket.receive":
            return
        bearer = self._read_pass(session, message)
        if self._rooms.watch.away:
            raise Refusal(CloseCode.SERVICE_AWAY)
        replica = await self._rooms.open(session)
        try:
            person = replica.room.people.get(PersonId(bearer.person)) if replica.room else None
            if person is None or person.state == "gone":
                # They may have come in on another worker a moment ago, and this one has not
                # heard yet: nobody is sent away for good before the log was read.
                await self._rooms.catch_up(replica)
            await self.attend(replica, bearer, socket, receive)
        finally:
            self._rooms.release(replica)

    def _read_pass(self, session: str, message: Message) -> Pass:
        try:
            token = read_frame(message.get("text") or "").get("pass")
        except BadFrame:
            token = None
        bearer = self._passes.read_pass(token) if isinstance(token, str) else None
        if bearer is None or bearer.session != session:
            raise Refusal(CloseCode.PASS_INVALID)
        return bearer
