"""Decisions about people: the door, presence, boundaries."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from session_engine import commands as c
from session_engine import events as e
from session_engine.commands import Role
from session_engine.decide_turns import close_turn
from session_engine.draft import Draft, seated_participant
from session_engine.ids import PersonId
from session_engine.limits import (
    MAX_KNOCKING,
    MAX_NAME,
    MAX_OBSERVERS,
    MAX_REASON,
    MAX_SEATS_GIVEN,
    SECOND_MS,
)
from session_engine.refusals import Refused
from session_engine.room import Person, Room, circle, find_person, is_closed, seating
from session_engine.stages import Stage

# ── the door ──────────────────────────────────────────────────────────────────


def enter(draft: Draft, command: c.Enter) -> None:
    """Let somebody with a valid link in, or let them knock.

    Raises Refused: ended, removed, observers_off, not_open, full, bad_command.
    """
    room = draft.room
    name = " ".join(command.name.split())
    if not 1 <= len(name) <= MAX_NAME:
        raise Refused("bad_command", "name")
    _check_door(room, command, draft.now)
    known = find_person(room, command.role, command.browser)
    if known is not None and known.state != "gone":
        if known.name != name:
            draft.add(e.PersonRenamed(at=draft.now, person=known.id, name=name))
        return
    _check_room_for(room, command.role)
    if known is None and command.person in room.people:
        raise Refused("bad_command", "person")
    if command.role is Role.OBSERVER:
        _make_room_for_an_observer(draft)
    person = known.id if known is not None else command.person
    knocks = command.role is Role.PARTICIPANT and room.doors == "knock"
    if knocks:
        draft.add(
            e.PersonKnocked(
                at=draft.now,
                person=person,
                role=command.role,
                name=name,
                browser=command.browser,
                consent=command.consent,
            )
        )
    else:
        _seat(draft, person, command.role, name, command.browser, command.consent)


def _has_a_seat_left(room: Room) -> bool:
    return len(circle(room)) < room.settings.seats and room.seats_given < MAX_SEATS_GIVEN


def _check_room_for(room: Room, role: Role) -> None:
    if role is Role.PARTICIPANT and not _has_a_seat_left(room):
        raise Refused("full")
    if role is Role.PARTICIPANT and len(seating(room.people).knocking) >= MAX_KNOCKING:
        raise Refused("full")


def _make_room_for_an_observer(draft: Draft) -> None:
    """Let go of the observer who came first of those who went away, if there are too many.

    Raises Refused: full.
    """
    people = draft.room.people.values()
    here = [one for one in people if one.role is Role.OBSERVER and one.state != "gone"]
    if len(here) < MAX_OBSERVERS:
        return
    # Who has a place and did not connect yet has a deadline for it.
    away = next((one for one in here if not one.present and one.expires_at is None), None)
    if away is None:
        raise Refused("full")
    _gone(draft, away, "expired")


def _check_door(room: Room, command: c.Enter, now: int) -> None:
    if is_closed(room, command.role):
        raise Refused("ended")
    if command.role is Role.FACILITATOR:
        return
    for role in (Role.PARTICIPANT, Role.OBSERVER):
        known = find_person(room, role, command.browser)
        if known is not None and known.gone == "removed":
            raise Refused("removed")
    if command.role is Role.OBSERVER and not room.observers_allowed:
        raise Refused("observers_off")
    if now < room.opens_at:
        raise Refused("not_open")


def _seat(
    draft: Draft, person: PersonId, role: Role, name: str, browser: str, consent: str
) -> None:
    """Give a place: the next seat of the circle to a participant, none to others."""
    seat = draft.room.seats_given + 1 if role is Role.PARTICIPANT else 0
    draft.add(
        e.PersonEntered(
            at=draft.now,
            person=person,
            role=role,
            name=name,
            browser=browser,
            consent=consent,
            seat=seat,
        )
    )


def admit(draft: Draft, command: c.Admit) -> None:
    """Open the door to somebody who knocks. Raises Refused(unknown_person)."""
    person = _knocking(draft.room, command.person)
    _seat(draft, person.id, person.role, person.name, person.browser, person.consent)


def let_in_who_knocks(draft: Draft) -> None:
    """Seat them in the order in which they came, as long as there are seats."""
    for person in seating(draft.room.people).knocking:
        if not _has_a_seat_left(draft.room):
            return
        _seat(draft, person.id, person.role, person.name, person.browser, person.consent)


def turn_away(draft: Draft, command: c.TurnAway) -> None:
    person = _knocking(draft.room, command.person)
    draft.add(e.PersonGone(at=draft.now, person=person.id, why="turned_away", by=command.by))


def _knocking(room: Room, id_: PersonId) -> Person:
    person = room.people.get(id_)
    if person is None or person.state != "knocking":
        raise Refused("unknown_person", "person")
    return person


# ── presence ──────────────────────────────────────────────────────────────────


def arrive(draft: Draft, command: c.Arrive) -> None:
    """Note a person's live connection; the newest one counts.

    Raises Refused: ended, removed, or not_allowed for somebody who is not here.
    """
    person = draft.room.people.get(command.person)
    if draft.room.stage is Stage.ENDED:
        raise Refused("ended")
    if person is None or person.state == "gone":
        removed = person is not None and person.gone == "removed"
        raise Refused("removed" if removed else "not_allowed")
    if command.again and person.connection is not None:
        return
    if person.connection != command.connection:
        draft.add(e.PersonArrived(at=draft.now, person=person.id, connection=command.connection))


def drop(draft: Draft, command: c.Drop) -> None:
    """Note that a connection is gone, unless a newer one has replaced it.

    For the holder of the floor this counts at once: the turn is held.
    """
    room = draft.room
    person = room.people.get(command.person)
    if person is None or person.connection != command.connection or room.stage is Stage.ENDED:
        return
    draft.add(e.PersonDropped(at=draft.now, person=person.id))
    turn = room.turn
    if turn is not None and turn.person == person.id and turn.started:
        if turn.dropped_until is None:  # a line that flaps gets one hold, not one each time
            hold_ms = room.settings.drop_hold_s * SECOND_MS
            draft.add(e.TurnDropped(at=draft.now, turn=turn.id, hold_ms=hold_ms))
        draft.add(e.PersonAbsent(at=draft.now, person=person.id))


def leave(draft: Draft, command: c.Leave) -> None:
    """Leave quietly: the seat is free, an open turn of theirs ends."""
    person = draft.room.people[command.by]
    _gone(draft, person, "left")


def _gone(draft: Draft, person: Person, why: str, by: str | None = None, reason: str = "") -> None:
    turn = draft.room.turn
    if turn is not None and turn.person == person.id:
        close_turn(draft, "removed" if why == "removed" else "left")
    draft.add(e.PersonGone(at=draft.now, person=person.id, why=why, by=by, reason=reason))


# ── boundaries ────────────────────────────────────────────────────────────────


def silence(draft: Draft, command: c.Silence) -> None:
    person = seated_participant(draft.room, command.person)
    if person.silenced:
        raise Refused("already_silenced", "person")
    turn = draft.room.turn
    if turn is not None and turn.person == person.id:
        close_turn(draft, "silenced")
    draft.add(e.PersonSilenced(at=draft.now, person=person.id, by=command.by))


def remove(draft: Draft, command: c.Remove) -> None:
    """Close the door behind somebody; from here on newcomers knock."""
    person = draft.room.people.get(command.person)
    if person is None or person.state == "gone" or person.role is Role.FACILITATOR:
        raise Refused("unknown_person", "person")
    if len(command.reason) > MAX_REASON:
        raise Refused("bad_command", "reason")
    _gone(draft, person, "removed", command.by, command.reason.strip())
    if draft.room.doors != "knock":
        draft.add(e.DoorsSet(at=draft.now, doors="knock", by=command.by))


def set_observers(draft: Draft, command: c.SetObservers) -> None:
    draft.add(e.ObserversSet(at=draft.now, allowed=command.allowed, by=command.by))
    if command.allowed:
        return
    for person in tuple(draft.room.people.values()):
        if person.role is Role.OBSERVER and person.state != "gone":
            _gone(draft, person, "observers_off", command.by)


PEOPLE_COMMANDS: Final[Mapping[type[Any], Callable[[Draft, Any], None]]] = {
    c.Enter: enter,
    c.Arrive: arrive,
    c.Drop: drop,
    c.Leave: leave,
    c.Admit: admit,
    c.TurnAway: turn_away,
    c.Silence: silence,
    c.Remove: remove,
    c.SetObservers: set_observers,
}
