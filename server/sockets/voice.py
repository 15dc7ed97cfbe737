"""The voice sockets of this worker: who comes, what they say, what others say.

A voice socket is beside the live one: it is not presence, and what is said on it is
in memory only, for as long as it takes to pass it on. A frame that may not be passed
on is dropped without an answer, as its speaker sees on the live socket why.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Final

from redis.asyncio import Redis

from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets import frames
from server.sockets.close_codes import CloseCode
from server.sockets.entry import Entry, Refusal, wait_to_come
from server.sockets.flood import Allowances
from server.sockets.passes import Pass, Passes
from server.sockets.protocol import RoomSocketProtocol
from server.sockets.voice_bus import SOUND, VoiceBus
from server.sockets.voice_outbox import VoiceOutbox
from server.sockets.voice_pace import VoicePace
from server.sockets.voice_roll import VoiceRoll, read_health
from server.sockets.voice_room import VoiceRoom, VoiceSocket, voice_code
from server.sockets.voice_spread import VoiceSpread
from session_engine import PersonId

READY: Final = frames.message(b'{"type":"ready"}')


class Voice:
    """The voice rooms of this worker."""

    def __init__(self, rooms: Rooms, bus: Redis | None) -> None:
        """Take the live store; None when this worker is the only one."""
        self._rooms = rooms
        self._open: dict[str, VoiceRoom] = {}
        self._spread = VoiceSpread()
        self._numbers = itertools.count(1)
        self.roll = VoiceRoll(self._open)
        self.bus = VoiceBus(
            bus,
            rooms.worker,
            on_sound=self._sound,
            on_roll=self.roll.heard,
            on_subscribed=self.roll.call_all,
        )
        self.roll.bus = self.bus

    def join(self, replica: Replica, person: PersonId, protocol: RoomSocketProtocol) -> VoiceSocket:
        """Take a socket in; the person's older one, here or elsewhere, is replaced."""
        room = self._open.get(replica.session)
        if room is None:
            room = VoiceRoom(replica, self._rooms.clock, self._rooms.watch, self._spread)
            self._open[replica.session] = room
        name = f"{self._rooms.worker}.v{next(self._numbers)}"
        socket = VoiceSocket(person, (self._rooms.clock.now_ms(), name), VoiceOutbox(protocol))
        room.join(socket)
        self.roll.call(replica.session)
        return socket

    def part(self, replica: Replica, socket: VoiceSocket) -> None:
        """Let a socket go; the last one ends the room here."""
        socket.outbox.end()
        room = self._open.get(replica.session)
        if room is None:
            return
        room.part(socket)
        if not room.sockets:
            room.end()
            del self._open[replica.session]
        self.roll.call(replica.session)

    def say(self, replica: Replica, socket: VoiceSocket, frame: bytes) -> bool:
        """Pass on what came from a socket here, if its person is heard; say if."""
        room = self._open.get(replica.session)
        if room is None or room.sockets.get(socket.person) is not socket:
            return False  # Closed or replaced a moment ago.
        if not room.relay(socket.person, frame):
            return False
        self.bus.say(SOUND, replica.session, socket.person, frame)
        return True

    def _sound(self, session: str, person: str, frame: bytes) -> None:
        room = self._open.get(session)
        if room is not None:
            room.relay(PersonId(person), frame)


class Microphone:
    """What one voice socket sends: sound, and now and then how well it hears."""

    def __init__(self, voice: Voice, replica: Replica, socket: VoiceSocket) -> None:
        """Begin with a full allowance."""
        self._voice = voice
        self._replica = replica
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._pace = VoicePace(self._loop.time())

    def take(self, message: str | bytes) -> None:
        """Act on one message; what may not be passed on is dropped and counted."""
        now = self._loop.time()
        if isinstance(message, str):
            hearing = read_health(message)
            if hearing is not None and self._pace.admits(now):
                self._socket.hearing = hearing
                return
        elif self._pace.admits(now) and self._voice.say(self._replica, self._socket, message):
            return
        self._pace.note_dropped(now)
        if self._pace.is_abused:
            self._socket.outbox.close(CloseCode.PROTOCOL_ABUSE)


class VoiceGateway(Entry):
    """Who serves `/ws/rooms/{session}/voice`."""

    def __init__(self, voice: Voice, rooms: Rooms, passes: Passes, allowances: Allowances) -> None:
        """Join what a voice socket needs."""
        super().__init__(rooms, passes)
        self._voice = voice
        self._allowances = allowances

    async def attend(self, replica: Replica, bearer: Pass, socket: RoomSocketProtocol) -> None:
        """Let a person hear, and be heard while they have the floor."""
        person = PersonId(bearer.person)
        with self._allowances.of(replica.session, person) as allowance:
            await wait_to_come(allowance)  # each that comes and goes is told to all workers
            if socket.may_write:
                await self._hear(replica, person, socket)

    async def _hear(self, replica: Replica, person: PersonId, socket: RoomSocketProtocol) -> None:
        code = voice_code(replica.room, person)
        if code is not None:
            raise Refusal(code)
        joined = self._voice.join(replica, person, socket)
        try:
            microphone = Microphone(self._voice, replica, joined)
            joined.outbox.send(READY)
            socket.listen(microphone.take)
            await socket.ended()
        finally:
            socket.on_message = None
            self._voice.part(replica, joined)
