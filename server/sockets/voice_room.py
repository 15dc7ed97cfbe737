"""The voice sockets of one room on this worker, and the floor between them.

Rule 1: a frame is passed on only if its speaker is heard at that moment, by the
        rules and this worker's copy of the room; a frame of another worker is
        checked again here, so an end holds everywhere once its log is read.
Rule 2: it goes to everybody but the speaker, encoded once.
Rule 3: when the floor changes, what still waits for slow listeners is thrown away.
Rule 4: while the store is away clocks stand, and participants are not heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.rooms.replica import Replica
from server.rooms.watch import StoreWatch
from server.sockets.audience import closing_code
from server.sockets.close_codes import CloseCode
from server.sockets.voice_frames import to_listeners, turn_number
from server.sockets.voice_outbox import VoiceOutbox
from server.sockets.voice_spread import VoiceSpread
from server.store.redis_clock import RedisClock
from session_engine import PersonId, Role, Room, Stage, is_heard

Floor = tuple[object, ...]


@dataclass(slots=True, eq=False)
class VoiceSocket:
    """One person's way to hear and to be heard.

    `stamp` orders the voice sockets of a person over all workers: (opened at ms of
    the store's clock, name). `hearing` is what the listener last said of itself.
    """

    person: PersonId
    stamp: tuple[int, str]
    outbox: VoiceOutbox
    hearing: bool | None = None
    lost_before: int = 0


def voice_code(room: Room | None, person_id: PersonId) -> CloseCode | None:
    """Say why a person may not have a voice socket; None if they may."""
    code = closing_code(room, person_id)
    if code is not None or room is None:
        return code
    if room.stage is Stage.ENDED:
        return CloseCode.ENDED
    person = room.people[person_id]
    if room.settings.mode != "voice" or person.role is Role.OBSERVER or person.state != "seated":
        return CloseCode.NO_VOICE
    return None


class VoiceRoom:
    """Who can hear in one room, on this worker."""

    def __init__(
        self, replica: Replica, clock: RedisClock, watch: StoreWatch, spread: VoiceSpread
    ) -> None:
        """Watch the room's changes until `end`."""
        self.replica = replica
        self.sockets: dict[PersonId, VoiceSocket] = {}
        self._clock: Final = clock
        self._watch: Final = watch
        self._spread: Final = spread
        self._floor: Floor = ()
        replica.watchers.append(self._changed)

    def join(self, socket: VoiceSocket) -> None:
        """Take a socket in; an older one of the same person is replaced."""
        older = self.sockets.get(socket.person)
        self.sockets[socket.person] = socket
        if older is not None:
            older.outbox.close(CloseCode.REPLACED)

    def part(self, socket: VoiceSocket) -> None:
        """Let a socket go."""
        if self.sockets.get(socket.person) is socket:
            del self.sockets[socket.person]

    def end(self) -> None:
        """Stop watching."""
        self.replica.watchers.remove(self._changed)

    def close(self, person: PersonId, code: CloseCode) -> None:
        """Close a person's socket."""
        socket = self.sockets.pop(person, None)
        if socket is not None:
            socket.outbox.close(code)

    def relay(self, speaker: PersonId, frame: bytes) -> bool:
        """Pass a frame on to everybody here, if its speaker is heard now; say if."""
        number, room = turn_number(frame), self.replica.room
        person = room.people.get(speaker) if room is not None else None
        if number is None or room is None or person is None:
            return False
        if self._watch.away and person.role is not Role.FACILITATOR:
            return False
        if not is_heard(room, person, number, self._clock.now_ms()):
            return False
        listeners = [socket.outbox for socket in self.sockets.values() if socket.person != speaker]
        self._spread.put(self, to_listeners(frame, person.seat), listeners)
        return True

    def _changed(self, replica: Replica) -> None:
        room = replica.room
        for person in tuple(self.sockets):
            code = voice_code(room, person)
            if code is not None:
                self.close(person, code)
        turn = room.turn if room is not None else None
        floor: Floor = (turn and (turn.id, turn.started, turn.dropped_until), room and room.held_at)
        if floor != self._floor:
            self._floor = floor
            self._spread.forget(self)
            for socket in self.sockets.values():
                socket.outbox.forget()
