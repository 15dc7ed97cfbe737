"""How every socket begins: its first message, its pass, its room.

open ──pass within 5 s──▶ attended ──▶ closed
  └── 4002 silent, 4100 pass invalid, 4000 store away, what `attend` refuses with
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Final

from server.rooms.defects import note_defect
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets.close_codes import REASONS, CloseCode
from server.sockets.flood import Allowance
from server.sockets.passes import Pass, Passes
from server.sockets.protocol import RoomSocketProtocol
from server.sockets.wire import BadFrame, read_frame
from server.store.errors import StoreError
from session_engine import PersonId

# A pass has about 250 characters; to read 32 KB of a stranger's small parts costs 4 ms.
PASS_MAX: Final = 2048


class Refusal(Exception):  # noqa: N818
    """The socket may not stay; it is closed with `code`."""

    def __init__(self, code: CloseCode) -> None:
        """Close with this code."""
        super().__init__(code)
        self.code = code


async def wait_to_come(allowance: Allowance) -> None:
    """Wait until somebody may open another socket.

    Raises: Refusal, when they open too many.
    """
    wait = allowance.come()
    if wait is None:
        raise Refusal(CloseCode.PROTOCOL_ABUSE)
    if wait:
        await asyncio.sleep(wait)


class Entry(ABC):
    """Who serves the sockets of one place; its kinds say what happens inside."""

    def __init__(self, rooms: Rooms, passes: Passes) -> None:
        """Take the rooms, and what a pass is checked with."""
        self._rooms = rooms
        self._passes = passes

    async def serve(self, session: str, socket: RoomSocketProtocol, first: str | bytes) -> None:
        """Serve one socket, from its first message until it is closed."""
        try:
            bearer = self._read_pass(session, first)
            await self._enter(session, bearer, socket)
        except Refusal as refusal:
            socket.end(refusal.code, REASONS[refusal.code])
        except StoreError:
            socket.end(CloseCode.SERVICE_AWAY, REASONS[CloseCode.SERVICE_AWAY])
        except Exception as error:
            note_defect("a socket", error)
            socket.end(1011, "Something went wrong here.")

    @abstractmethod
    async def attend(self, replica: Replica, bearer: Pass, socket: RoomSocketProtocol) -> None:
        """Serve a socket whose pass is right until it is closed.

        Raises: Refusal, StoreError.
        """

    async def _enter(self, session: str, bearer: Pass, socket: RoomSocketProtocol) -> None:
        if self._rooms.watch.away:
            raise Refusal(CloseCode.SERVICE_AWAY)
        replica = await self._rooms.open(session)
        try:
            person = replica.room.people.get(PersonId(bearer.person)) if replica.room else None
            if person is None or person.state == "gone":
                # They may have come in on another worker a moment ago, and this one has not
                # heard yet: nobody is sent away for good before the log was read.
                await self._rooms.catch_up(replica)
            if socket.may_write:  # else they gave up meanwhile, and may be here on a newer socket
                await self.attend(replica, bearer, socket)
        finally:
            self._rooms.release(replica)

    def _read_pass(self, session: str, first: str | bytes) -> Pass:
        try:
            token = read_frame(first).get("pass") if len(first) <= PASS_MAX else None
        except BadFrame:
            token = None
        bearer = self._passes.read_pass(token) if isinstance(token, str) else None
        if bearer is None or bearer.session != session:
            raise Refusal(CloseCode.PASS_INVALID)
        return bearer
