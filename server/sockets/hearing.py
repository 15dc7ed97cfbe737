"""How many hear, for facilitators: asked of the listeners, told every two seconds.

Facilitators get counts of participants and the ids of those whose connection cannot
follow; nobody else gets anything. It is told when it has changed, and to a
facilitator who has just come. A room in which nobody opened a voice socket has no
such frames.
"""

from __future__ import annotations

import asyncio
from typing import Final

import orjson

from server.rooms.defects import note_defect
from server.sockets import frames
from server.sockets.audience import Audience
from server.sockets.fanout import Fanout
from server.sockets.voice_roll import HEARS, REFRESH_SECONDS, TROUBLE, VoiceRoll
from session_engine import Role, circle

TELL_SECONDS: Final = 2.0


class Hearing:
    """Tells the facilitators on this worker how many of their circle hear."""

    def __init__(self, fanout: Fanout, roll: VoiceRoll) -> None:
        """Take the audiences to tell, and what is known of the listeners."""
        self._fanout = fanout
        self._roll = roll
        self._told: dict[str, bytes] = {}

    async def run(self) -> None:
        """Judge, tell and refresh, for ever."""
        since = 0.0
        while True:
            await asyncio.sleep(TELL_SECONDS)
            since += TELL_SECONDS
            try:
                self._roll.judge()
                if since >= REFRESH_SECONDS:
                    since = 0.0
                    self._roll.call_all()
                self._tell_all()
            except Exception as error:
                note_defect("hearing", error)

    def _tell_all(self) -> None:
        told: dict[str, bytes] = {}
        for audience in self._fanout.audiences():
            frame = self._frame(audience)
            room = audience.replica.room
            for listener in audience.listeners.values() if room is not None else ():
                person = room.people.get(listener.person) if room is not None else None
                if person is None or person.role is not Role.FACILITATOR:
                    continue
                before = self._told.get(listener.connection)
                if frame is not None and frame != before and listener.outbox.is_open:
                    listener.outbox.send(frame)
                if frame is not None or before is not None:
                    told[listener.connection] = frame or b""
        self._told = told

    def _frame(self, audience: Audience) -> bytes | None:
        room, health = audience.replica.room, self._roll.health(audience.replica.session)
        if room is None or not health:
            return None
        people = [person.id for person in circle(room) if person.present]
        said = {
            "hear": sum(health.get(person) == HEARS for person in people),
            "of": len(people),
            "trouble": [person for person in people if health.get(person) == TROUBLE],
        }
        return frames.message(orjson.dumps({"type": "live", "kind": "hearing", **said}))
