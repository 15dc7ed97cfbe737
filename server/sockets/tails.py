"""The ends of views, one for each person: `you` of the engine, as JSON.

Put together from parts, each encoded once: who somebody is, until they have another name;
how they stand, for all who stand alike. A place, whose wait has a clock, is everyone's own.
"""

from __future__ import annotations

from collections.abc import Iterable

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


def tails(room: Room, now: int, people: Iterable[tuple[PersonId, bytes]]) -> list[bytes]:
    """Return the ends of these people's views at `now` (ms of Redis' clock), in their order.

    Each comes with what `encode_whom` made of them. One end closes `you`, and the message.
    """
    stance_of, place_of, first_ms = stances(room), places(room), first_wait_ms(room, now)
    alike: dict[int, bytes] = {}  # by identity: the engine gives one stance to all alike
    ends: list[bytes] = []
    for person, who in people:
        stance = stance_of[person]
        rest = alike.get(id(stance))
        if rest is None:
            rest = alike[id(stance)] = orjson.dumps(from_stance(room, stance))[1:] + b"}"
        place = place_of.get(person)
        if place is None:
            ends.append(who + rest)
        else:
            wait_ms = first_ms + place[1]
            ends.append(b'%b"position":%d,"wait_ms":%d,%b' % (who, place[0], wait_ms, rest))
    return ends
