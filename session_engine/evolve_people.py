"""What comings and goings add up to."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from session_engine import events as e
from session_engine.commands import Role
from session_engine.evolve_floor import with_newcomer, without_the_gone
from session_engine.ids import ConnectionId, PersonId
from session_engine.limits import ABSENCE_MS, FIRST_CONNECTION_MS, MAX_GONE
from session_engine.replacing import replace
from session_engine.room import People, Person, Room


def _with(room: Room, person: Person) -> Room:
    return replace(room, people=room.people.with_one(person))


def _newcomer(event: e.PersonKnocked | e.PersonEntered, state: str) -> Person:
    return Person(
        id=PersonId(event.person),
        role=Role(event.role),
        name=event.name,
        browser=event.browser,
        consent=event.consent,
        state=state,
        entered_at=event.at,
        expires_at=event.at + FIRST_CONNECTION_MS,
    )


def person_knocked(room: Room, event: e.PersonKnocked) -> Room:
    known = room.people.get(PersonId(event.person))
    person = _newcomer(event, "knocking")
    return _with(room, _with_history(person, known))


def person_entered(room: Room, event: e.PersonEntered) -> Room:
    known = room.people.get(PersonId(event.person))
    person = _with_history(replace(_newcomer(event, "seated"), seat=event.seat), known)
    if known is not None and known.connection is not None:  # admitted while waiting at the door
        person = replace(person, connection=known.connection, present=True, expires_at=None)
    room = _with(replace(room, seats_given=max(room.seats_given, event.seat)), person)
    return with_newcomer(room, person.id) if person.role is Role.PARTICIPANT else room


def _with_history(person: Person, known: Person | None) -> Person:
    """Let somebody who comes back keep what they had."""
    if known is None:
        return person
    return replace(
        person,
        silenced=known.silenced,
        introduced=known.introduced,
        turns=known.turns,
        spoken_ms=known.spoken_ms,
    )


def person_renamed(room: Room, event: e.PersonRenamed) -> Room:
    return _with(room, replace(room.people[PersonId(event.person)], name=event.name))


def person_arrived(room: Room, event: e.PersonArrived) -> Room:
    person = replace(
        room.people[PersonId(event.person)],
        connection=ConnectionId(event.connection),
        present=True,
        absent_at=None,
        expires_at=None,
    )
    room = _with(room, person)
    if person.role is not Role.FACILITATOR:
        return room
    # Back after an absence: the circle gets its moment of quiet before the next offer.
    quiet_since = room.quiet_since if room.facilitator_present else room.clock(event.at)
    return replace(
        room,
        facilitator_present=True,
        facilitators_gone_at=None,
        calm=False,
        quiet_since=quiet_since,
    )


def person_dropped(room: Room, event: e.PersonDropped) -> Room:
    person = room.people[PersonId(event.person)]
    knocking = person.state == "knocking"
    person = replace(
        person,
        connection=None,
        absent_at=event.at + ABSENCE_MS,
        # Nobody is let in who has gone away from the door.
        expires_at=event.at + FIRST_CONNECTION_MS if knocking else None,
    )
    return _facilitators_checked(_with(room, person), event.at)


def person_absent(room: Room, event: e.PersonAbsent) -> Room:
    person = room.people[PersonId(event.person)]
    return _with(room, replace(person, present=False, absent_at=None))


def person_gone(room: Room, event: e.PersonGone) -> Room:
    person = replace(
        room.people[PersonId(event.person)],
        state="gone",
        gone=event.why,
        seat=0,
        connection=None,
        present=False,
        absent_at=None,
        expires_at=None,
    )
    room = _with(room, person)
    if event.why == "expired" and not person.turns and not person.browser:
        # Was never here and cannot come back as the same person: nothing to remember.
        room = _without(room, person)
    room = replace(room, floor=without_the_gone(room.floor, person.id))
    return _facilitators_checked(_with_few_gone(room), event.at)


def _with_few_gone(room: Room) -> Room:
    """Forget who went first of too many of whom nobody needs to know."""
    if len(room.people) <= MAX_GONE:
        return room
    round_ = room.floor.round
    asked = {*round_.offers, *round_.settled} if round_ is not None else set()
    asked |= {one.person for one in room.alerts if one.state != "closed"}
    gone = [one for one in room.people.values() if one.id not in asked and _left_nothing(one)]
    return _without(room, gone[0]) if len(gone) > MAX_GONE else room


def _without(room: Room, person: Person) -> Room:
    people = {key: other for key, other in room.people.items() if key != person.id}
    return replace(room, people=People(people))


def _left_nothing(person: Person) -> bool:
    if person.state != "gone" or person.gone == "removed" or person.role is Role.FACILITATOR:
        return False
    return not (person.turns or person.silenced)


def _facilitators_checked(room: Room, at: int) -> Room:
    """Note the moment in which the last facilitator lost the connection."""
    if room.facilitators_gone_at is not None:
        return room
    for person in room.people.values():
        if person.role is Role.FACILITATOR and person.connection is not None:
            return room
    return replace(room, facilitators_gone_at=at)


def person_silenced(room: Room, event: e.PersonSilenced) -> Room:
    person = PersonId(event.person)
    room = _with(room, replace(room.people[person], silenced=True))
    floor = room.floor
    hands = {key: hand for key, hand in floor.hands.items() if key != person}
    if floor.round is not None:  # their place stays as it is, and is passed over when it comes
        return replace(room, floor=replace(floor, hands=hands))
    called = tuple(someone for someone in floor.called if someone != person)
    pinned = tuple(someone for someone in floor.pinned if someone != person)
    return replace(room, floor=replace(floor, hands=hands, called=called, pinned=pinned))


def facilitators_absent(room: Room, event: e.FacilitatorsAbsent) -> Room:
    return replace(room, facilitator_present=False)


PEOPLE_EVENTS: Final[Mapping[type[e.Event], Callable[[Room, Any], Room]]] = {
    e.PersonKnocked: person_knocked,
    e.PersonEntered: person_entered,
    e.PersonRenamed: person_renamed,
    e.PersonArrived: person_arrived,
    e.PersonDropped: person_dropped,
    e.PersonAbsent: person_absent,
    e.PersonGone: person_gone,
    e.PersonSilenced: person_silenced,
    e.FacilitatorsAbsent: facilitators_absent,
}
