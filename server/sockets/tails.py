"""The ends of views, one for each person: `you` of the engine, as the last frame of a message.

Rule 1: an end is put together from parts, each encoded once: who somebody is, until they have
        another name; how they stand, for all who stand alike.
Rule 2: what was put together is kept until a part of it changes, or others are shown something.
        Most changes of a room leave everybody where they are: then only places are still to be
        written, whose waits have a clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from server.sockets import frames
from server.sockets.listener import Listener
from session_engine import (
    Person,
    PersonId,
    Room,
    Stance,
    first_wait_ms,
    from_stance,
    ground,
    places,
    stances,
    whom,
)

# Wider than any place and any wait (ms) can become: all frames of one pattern are of the same
# length, which stands at their beginning.
PLACE = b'"position":%5d,"wait_ms":%13d,'


def encode_whom(person: Person) -> bytes:
    """Return who they are: the beginning of an object, to which more is to come."""
    return orjson.dumps(whom(person))[:-1] + b","


class Tails:
    """The ends of all views of one shape, in one room on one worker."""

    def __init__(self) -> None:
        """Know of nobody yet."""
        self._made_of: tuple[object, ...] = ()
        self._ends: list[bytes] = []  # whole frames; of those who have a place, the pattern
        self._place_of: Mapping[PersonId, tuple[int, int]] | None = None
        self._places: list[tuple[int, int] | None] = []

    def at(self, room: Room, now: int, listeners: Sequence[Listener]) -> list[bytes]:
        """Return the frames that end these people's views at `now` (ms of Redis' clock).

        Each closes `you`, and the message.
        """
        # Who they are changes with the people of the room, who are in its ground.
        made_of = (listeners, stances(room), ground(room))
        if made_of != self._made_of:
            self._ends, self._place_of = self._put_together(room, listeners), None
        self._made_of = made_of  # never before the ends: somebody would see another's
        place_of = places(room)
        if place_of is not self._place_of:
            self._place_of = place_of
            self._places = [place_of.get(one.person) for one in listeners]
        first_ms = first_wait_ms(room, now)
        return [
            end if place is None else end % (place[0], first_ms + place[1])
            for end, place in zip(self._ends, self._places, strict=True)
        ]

    def _put_together(self, room: Room, listeners: Sequence[Listener]) -> list[bytes]:
        stance_of, ends = stances(room), []
        encoded: dict[Stance, bytes] = {}
        for listener in listeners:
            stance = stance_of[listener.person]
            if stance not in encoded:
                encoded[stance] = orjson.dumps(from_stance(room, stance))[1:] + b"}"
            who, rest = listener.who, encoded[stance]
            if not stance.has_place:
                ends.append(frames.ending(who + rest))
                continue
            size = len(who) + len(PLACE % (0, 0)) + len(rest)
            pattern = who.replace(b"%", b"%%") + PLACE + rest.replace(b"%", b"%%")
            ends.append(frames.ending_head(size).replace(b"%", b"%%") + pattern)
        return ends
