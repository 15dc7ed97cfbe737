"""The speaking queue: who comes next, in one order that is the same for all.

First those a facilitator gave the floor, then pinned places, then the rest: in a
round the order of the seats with *later* at the end, in the discussion the hands.
People who are away keep their place and are passed over. So do the silenced: when
their place has come, it looks to others as if they had passed.
"""

from dataclasses import dataclass
from functools import lru_cache

from session_engine.ids import PersonId
from session_engine.room import NEWEST, PARTS_KEPT, Floor, People, Person, Room, seating
from session_engine.stages import Stage


@dataclass(frozen=True, eq=False)
class Queue:
    """Everyone who waits for the floor, present or not."""

    order: tuple[PersonId, ...]
    people: frozenset[PersonId]


@lru_cache(maxsize=NEWEST)
def queue_of(room: Room) -> Queue:
    """Give the queue; the same one until something that it is made of has changed."""
    return _queue(room.floor, room.stage is Stage.DISCUSSION, room.settings.queue)


def waiting(room: Room) -> tuple[PersonId, ...]:
    """List everyone who waits for the floor, present or not, in order."""
    return queue_of(room).order


def all_waiting(room: Room) -> frozenset[PersonId]:
    """Give everyone who waits for the floor, to ask about one of them."""
    return queue_of(room).people


@lru_cache(maxsize=PARTS_KEPT)
def _queue(floor: Floor, in_discussion: bool, kind: str) -> Queue:
    rest: list[PersonId] = []
    if in_discussion:
        rest = _hands_in_order(floor, kind)
    elif floor.round is not None:
        rest = list(floor.round.waiting)
        if floor.round.volunteers:  # and those to whom an offer is still owed
            asked = floor.hands.keys() | floor.round.later | floor.kept.keys()
            rest = [person for person in rest if person in asked]
    pinned = set(rest).intersection(floor.pinned) if floor.pinned else ()
    ahead = (*floor.called, *(person for person in floor.pinned if person in pinned))
    order = tuple(dict.fromkeys((*ahead, *rest)))
    return Queue(order, frozenset(order))


def _hands_in_order(floor: Floor, kind: str) -> list[PersonId]:
    hands, started = floor.hands, floor.started
    if kind == "first_come":
        return sorted(hands, key=lambda person: hands[person].order)
    return sorted(hands, key=lambda person: (started.get(person, 0), hands[person].order))


def is_reached(person: Person) -> bool:
    """Is this somebody whom an offer would reach?"""
    return person.present and person.connection is not None and person.state == "seated"


@lru_cache(maxsize=NEWEST)
def next_people(room: Room) -> tuple[PersonId, ...]:
    """List those whose place comes next, in order, as things stand."""
    return _ready(queue_of(room), room.people)


@lru_cache(maxsize=PARTS_KEPT)
def _ready(queue: Queue, people: People) -> tuple[PersonId, ...]:
    ready = seating(people).ready
    return tuple([person for person in queue.order if person in ready])


def next_place(room: Room, but: PersonId | None = None) -> PersonId | None:
    """Name the person whose place has come, who may be silenced; never `but`."""
    people = room.people
    for person in waiting(room):
        if person != but and is_reached(people[person]):
            return person
    return None


def unheard(room: Room) -> list[PersonId]:
    """List those present who were not offered a turn in the open round yet."""
    round_ = room.floor.round
    assert round_ is not None
    return [
        person
        for person in (waiting(room) if round_.volunteers else round_.waiting)
        if not round_.offers.get(person)
        and (someone := room.people[person]).present
        and not someone.silenced
    ]
