"""The ends of views, one for each person: `you` of the engine, as JSON.

Put together from parts, each encoded once: what stands before it, for all; who somebody is,
for as long as their socket lives; how they stand, for all who stand alike. A place, whose
wait has a clock, is everyone's own.
"""

from __future__ import annotations

import orjson

from session_engine import Person, Room, Stance, from_stance, stances, wait_ms, waits, whom


def encode_whom(person: Person) -> bytes:
    """Return who they are: the beginning of an object, to which more is to come."""
    return orjson.dumps(whom(person))[:-1] + b","


class Tails:
    """What everybody sees of one state of a room at one moment (ms of Redis' clock)."""

    def __init__(self, room: Room, now: int, head: bytes) -> None:
        """Read what the people of the room have in common; `head` is to stand before each."""
        self._room = room
        self._now = now
        self._head = head
        self._stance = stances(room)
        self._places = waits(room)
        self._alike: dict[Stance, bytes] = {}

    def of(self, person: Person, who: bytes) -> bytes:
        """Return the end of this person's view; `who` is from `encode_whom`."""
        stance = self._stance(person)
        alike = self._alike.get(stance)
        if alike is None:
            alike = self._alike[stance] = orjson.dumps(from_stance(self._room, stance))[1:] + b"}"
        place = self._places.get(person.id)
        if place is None:
            return b"%b%b%b" % (self._head, who, alike)
        own = (self._head, who, place[0], wait_ms(place, self._now), alike)
        return b'%b%b"position":%d,"wait_ms":%d,%b' % own
