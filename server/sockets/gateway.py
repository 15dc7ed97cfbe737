"""One live socket, from its first frame to its close.

    open ──pass within 5 s──▶ arrived ──commands──▶ closed
      └── 4002 silent, 4100 pass invalid, 4000 store away, 4101.. not here any more

Every frame is answered or acted on; none of them can end anything but this socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers

from server.rooms.defects import note_defect
from server.rooms.outcomes import Done, NotDone
from server.rooms.presence import Presence
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets.audience import Listener, closing_code
from server.sockets.close_codes import REASONS, CloseCode
from server.sockets.conversation import Conversation
from server.sockets.fanout import Fanout
from server.sockets.live import Live
from server.sockets.origin import may_open
from server.sockets.outbox import Outbox
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


class Gateway:
    """The ASGI endpoint of `/ws/rooms/{session}`."""

    def __init__(
        self,
        rooms: Rooms,
        presence: Presence,
        fanout: Fanout,
        live: Live,
        passes: Passes,
        public_url: str,
    ) -> None:
        """Join what a socket needs."""
        self._rooms = rooms
        self._presence = presence
        self._fanout = fanout
        self._live = live
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
            await self._attend(replica, bearer, socket, receive)
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

    async def _attend(
        self, replica: Replica, bearer: Pass, socket: RoomSocketProtocol, receive: Receive
    ) -> None:
        """Be a person's live connection: arrive, listen, drop."""
        person = PersonId(bearer.person)
        code = closing_code(replica.room, person)
        if code is not None:
            raise Refusal(code)
        listener = Listener(
            connection=self._presence.new_connection(), person=person, outbox=Outbox(socket)
        )
        try:
            await self._arrive(replica, listener)
            audience = await self._fanout.join(replica, listener)
            try:
                await self._listen(
                    Conversation(self._rooms, self._live, replica, listener, bearer.role),
                    receive,
                )
            finally:
                await self._fanout.part(audience, listener)
        finally:
            self._presence.drop(replica, person, listener.connection)

    async def _arrive(self, replica: Replica, listener: Listener) -> None:
        room = replica.room
        if room is not None and room.stage == "ended":
            return  # Nobody arrives any more, but the last view is for everyone.
        outcome = await self._presence.arrive(replica, listener.person, listener.connection)
        if isinstance(outcome, Done):
            return
        if isinstance(outcome, NotDone) and outcome.code == "ended":
            return
        code = closing_code(replica.room, listener.person)
        raise Refusal(code or CloseCode.SERVICE_AWAY)

    async def _listen(self, conversation: Conversation, receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            conversation.hear(message.get("text"))
