"""The ends of views, one for each person: `you` of the engine, as JSON.

Put together from parts, each encoded once: what stands before it, for all; who somebody is,
for as long as their socket lives; how they stand, for all who stand alike. A place, whose
wait has a clock, is everyone's own.
"""

from __future__ import annotations

import orjson

from session_engine import (
    Person,
    PersonId,
    Room,
    first_wait_ms,
    from_stance,
    places,
    stances,
    whom,
)


def encode_whom(person: Person) -> bytes:
    """Return who they are: the beginning of an object, to which more is to come."""
    return orjson.dumps(whom(person))[:-1] + b","


class Tails:
    """What everybody sees of one state of a room at one moment (ms of Redis' clock)."""

    def __init__(self, room: Room, now: int, head: bytes) -> None:
        """Read what the people of the room have in common; `head` is to stand before each."""
        self._room = room
        self._first_wait_ms = first_wait_ms(room, now)
        self._head = head
        self._stances = stances(room)
        self._places = places(room)
        self._alike: dict[int, bytes] = {}  # by identity: the engine gives one stance to all alike

    def of(self, person: PersonId, who: bytes) -> bytes:
        """Return the end of this person's view; `who` is from `encode_whom`."""
        stance = self._stances[person]
        alike = self._alike.get(id(stance))
        if alike is None:
            alike = orjson.dumps(from_stance(self._room, stance))[1:] + b"}"
            self._alike[id(stance)] = alike
        place = self._places.get(person)
        if place is None:
            return b"%b%b%b" % (self._head, who, alike)
        wait_ms = self._first_wait_ms + place[1]
        return b'%b%b"position":%d,"wait_ms":%d,%b' % (self._head, who, place[0], wait_ms, alike)
