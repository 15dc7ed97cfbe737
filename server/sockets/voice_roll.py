"""Who has a voice socket where, and how well they hear: told among the workers.

Rule 1: a worker tells its part of a room when somebody comes or goes, when health
        has changed, and every REFRESH_SECONDS, because pub/sub forgets.
Rule 2: of two voice sockets of one person the one with the later stamp stays; each
        worker closes its own when it is the earlier.
Rule 3: a part that was not renewed for LAPSE_SECONDS is that of a dead worker.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import orjson

from server.sockets.close_codes import CloseCode
from server.sockets.voice_bus import ROLL, VoiceBus
from server.sockets.voice_room import VoiceRoom, VoiceSocket
from session_engine import PersonId

# A pair: two renewals may be lost, not three.
REFRESH_SECONDS: Final = 4.0
LAPSE_SECONDS: Final = 12.0

HEALTH_MAX_BYTES: Final = 200

HEARS: Final = 1
TROUBLE: Final = 0
# Person: (opened at, name of the socket, HEARS, TROUBLE or None while nothing is known).
Entries = dict[str, tuple[int, str, int | None]]


def read_health(text: str) -> bool | None:
    """Return what a listener says of itself: does it hear; None if it makes no sense."""
    if len(text.encode()) > HEALTH_MAX_BYTES:
        return None
    try:
        said = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    hearing = said.get("hearing") if isinstance(said, dict) else None
    return hearing if isinstance(hearing, bool) else None


def health_of(socket: VoiceSocket) -> int | None:
    """Judge a socket: what it says, unless frames were lost on the way since last time."""
    lost = socket.outbox.lost > socket.lost_before
    socket.lost_before = socket.outbox.lost
    if lost:
        return TROUBLE
    return None if socket.hearing is None else int(socket.hearing)


class VoiceRoll:
    """The voice sockets of all rooms, as far as this worker knows."""

    def __init__(self, here: Mapping[str, VoiceRoom]) -> None:
        """Take the rooms of this worker; `bus` must be set before the first call."""
        self.bus: VoiceBus | None = None
        self._here = here
        self._own: dict[str, Entries] = {}
        self._others: dict[str, dict[str, tuple[float, Entries]]] = {}

    def call(self, session: str) -> None:
        """Tell the others who is here in one room."""
        room = self._here.get(session)
        own = self._own.get(session, {})
        entries: Entries = {}
        for socket in room.sockets.values() if room is not None else ():
            _, name, health = own.get(socket.person, (0, "", None))
            entries[socket.person] = (*socket.stamp, health if name == socket.stamp[1] else None)
        self._set(session, entries)
        self._tell(session)

    def call_all(self) -> None:
        """Tell the others everything again."""
        for session in tuple(self._here):
            self._tell(session)

    def heard(self, session: str, worker: str, data: bytes) -> None:
        """Take another worker's part of a room."""
        entries: Entries = {person: tuple(entry) for person, entry in orjson.loads(data).items()}
        self._others.setdefault(session, {})[worker] = (time.monotonic(), entries)
        room = self._here.get(session)
        if room is None:
            return
        for person, (at, name, _) in entries.items():
            socket = room.sockets.get(PersonId(person))
            if socket is not None and (at, name) > socket.stamp:
                room.close(socket.person, CloseCode.REPLACED)
                self.call(session)

    def judge(self) -> None:
        """Look how well everybody here hears; tell what has changed. Forget the dead."""
        for session, room in self._here.items():
            before = self._own.get(session)
            self._set(
                session,
                {one.person: (*one.stamp, health_of(one)) for one in room.sockets.values()},
            )
            if self._own.get(session) != before:
                self._tell(session)
        lapsed = time.monotonic() - LAPSE_SECONDS
        for session, parts in tuple(self._others.items()):
            for worker, (at, entries) in tuple(parts.items()):
                if at < lapsed or not entries:
                    del parts[worker]
            if not parts:
                del self._others[session]

    def health(self, session: str) -> dict[str, int | None]:
        """Return the health of everybody with a voice socket in a room, on any worker."""
        parts = [entries for _, entries in self._others.get(session, {}).values()]
        parts.append(self._own.get(session, {}))
        return {person: entry[2] for entries in parts for person, entry in entries.items()}

    def _set(self, session: str, entries: Entries) -> None:
        if entries:
            self._own[session] = entries
        else:
            self._own.pop(session, None)

    def _tell(self, session: str) -> None:
        if self.bus is not None:
            self.bus.say(ROLL, session, "", orjson.dumps(self._own.get(session, {})))
