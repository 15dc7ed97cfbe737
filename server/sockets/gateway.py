"""One live socket, from its arrival to its drop.

Every frame is answered or acted on; none of them can end anything but this socket.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from server.rooms.outcomes import Done, NotDone
from server.rooms.presence import Presence
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets.audience import closing_code
from server.sockets.close_codes import CloseCode
from server.sockets.conversation import Conversation
from server.sockets.entry import Entry, Refusal, wait_to_come
from server.sockets.fanout import Fanout
from server.sockets.flood import Allowance, Allowances, FloodLimit
from server.sockets.listener import Listener
from server.sockets.live import Live
from server.sockets.outbox import Outbox
from server.sockets.passes import Pass, Passes
from server.sockets.protocol import RoomSocketProtocol
from session_engine import PersonId


class Gateway(Entry):
    """Who serves `/ws/rooms/{session}`."""

    def __init__(
        self,
        rooms: Rooms,
        presence: Presence,
        fanout: Fanout,
        live: Live,
        passes: Passes,
        allowances: Allowances,
    ) -> None:
        """Join what a socket needs."""
        super().__init__(rooms, passes)
        self._presence = presence
        self._fanout = fanout
        self._live = live
        self._allowances = allowances

    async def attend(self, replica: Replica, bearer: Pass, socket: RoomSocketProtocol) -> None:
        """Be a person's live connection: arrive, listen, drop."""
        person = PersonId(bearer.person)
        code = closing_code(replica.room, person)
        if code is not None:
            raise Refusal(code)
        with self._allowances.of(replica.session, person) as allowance:
            await wait_to_come(allowance)
            if socket.may_write:
                await self._live_with(replica, bearer, person, socket, allowance)

    async def _live_with(
        self,
        replica: Replica,
        bearer: Pass,
        person: PersonId,
        socket: RoomSocketProtocol,
        allowance: Allowance,
    ) -> None:
        listener = Listener(
            connection=self._presence.new_connection(), person=person, outbox=Outbox(socket)
        )
        try:
            await self._arrive(replica, listener, socket)
            audience = await self._fanout.join(replica, listener)
            try:
                flood = FloodLimit(time.monotonic, allowance)
                conversation = Conversation(
                    self._rooms, self._live, replica, listener, bearer.role, flood
                )
                socket.listen(conversation.take)
                await socket.ended()
            finally:
                socket.on_message = None
                self._fanout.part(audience, listener)
        finally:
            self._presence.drop(replica, person, listener.connection)

    async def _arrive(
        self, replica: Replica, listener: Listener, socket: RoomSocketProtocol
    ) -> None:
        room = replica.room
        if room is not None and room.stage == "ended":
            return  # Nobody arrives any more, but the last view is for everyone.
        arriving = self._presence.arrive(replica, listener.person, listener.connection)
        over = asyncio.create_task(socket.ended())
        try:
            either: set[asyncio.Future[Any]] = {arriving, over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not arriving.done():
                raise Refusal(CloseCode.SERVICE_AWAY)  # to nobody: they gave up
        finally:
            over.cancel()
            arriving.cancel()  # else it might come after that of the socket they are on now
        outcome = arriving.result()
        if isinstance(outcome, Done):
            return
        if isinstance(outcome, NotDone) and outcome.code == "ended":
            return
        code = closing_code(replica.room, listener.person)
        raise Refusal(code or CloseCode.SERVICE_AWAY)
