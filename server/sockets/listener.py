"""One live socket of a room, and what it was last shown."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

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
    # Commands that were called done of late: (id, version).
    acknowledged: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=64))
