"""The speaking queue: who comes next, in one order that is the same for all.

First those a facilitator gave the floor, then pinned places, then the rest: in a
round the order of the seats with *later* at the end, in the discussion the hands.
People who are away keep their place and are passed over.
"""

from functools import lru_cache

from session_engine.ids import PersonId
from session_engine.room import Person, Room
from session_engine.stages import Stage


# As for deadlines: asked after a change, and again before the next.
@lru_cache(maxsize=512)
def waiting(room: Room) -> tuple[PersonId, ...]:
    """List everyone who waits for the floor, present or not, in order."""
    floor = room.floor
    if room.stage is Stage.DISCUSSION:
        rest = _hands_in_order(room)
    elif floor.round is not None:
        rest = list(floor.round.waiting)
        if floor.round.volunteers:  # and those to whom an offer is still owed
            asked = floor.hands.keys() | floor.round.later | floor.kept.keys()
            rest = [person for person in rest if person in asked]
    else:
        rest = []
    if not floor.called and not floor.pinned:
        return tuple(rest)
    ahead = list(floor.called)
    ahead += [person for person in floor.pinned if person in rest and person not in ahead]
    return (*ahead, *(person for person in rest if person not in ahead))


@lru_cache(maxsize=512)
def all_waiting(room: Room) -> frozenset[PersonId]:
    """Give everyone who waits for the floor, to ask about one of them."""
    return frozenset(waiting(room))


def _hands_in_order(room: Room) -> list[PersonId]:
    hands = room.floor.hands
    if room.settings.queue == "first_come":
        return sorted(hands, key=lambda person: hands[person].order)
    started = room.floor.started
    return sorted(hands, key=lambda person: (started.get(person, 0), hands[person].order))


def may_be_offered(person: Person) -> bool:
    """Is this somebody whom an offer would reach?"""
    return (
        person.present
        and person.connection is not None
        and person.state == "seated"
        and not person.silenced
    )


@lru_cache(maxsize=8)
def next_people(room: Room) -> tuple[PersonId, ...]:
    """List those who will be offered the floor, in order, as things stand."""
    people = room.people
    return tuple(
        person
        for person in waiting(room)
        if (someone := people[person]).present
        and someone.state == "seated"
        and not someone.silenced
    )


def next_offer(room: Room, but: PersonId | None = None) -> PersonId | None:
    """Name the person whom the floor would be offered to now; never `but`."""
    people = room.people
    for person in waiting(room):
        if person != but and may_be_offered(people[person]):
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
