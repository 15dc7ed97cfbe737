"""One live socket of a room, and what it was last shown."""

from __future__ import annotations

from dataclasses import dataclass

from server.sockets.outbox import Outbox
from session_engine import ConnectionId, PersonId, Room


@dataclass(slots=True, eq=False)
class Listener:
    """One socket with a person behind it."""

    connection: ConnectionId
    person: PersonId
    outbox: Outbox
    name: str | None = None
    who: bytes = b""  # the part of what they see that only another name changes
    shown: bytes = b""
    shown_room: Room | None = None
