"""A decision in the making: events so far, and the room as they leave it."""

import re
from typing import Final

from session_engine.commands import PersonCommand, Role
from session_engine.events import Event
from session_engine.evolve import evolve
from session_engine.ids import PersonId
from session_engine.refusals import Refused
from session_engine.room import Person, Room

# All that Unicode calls control characters, but the end of a line.
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Draft:
    """Collects the events of one decision; `now` is never before the last event."""

    def __init__(self, room: Room, now: int) -> None:
        self.room = room
        self.now = max(now, room.last_at)
        self.events: list[Event] = []

    def add(self, event: Event) -> None:
        """Let this happen; what is decided next sees its effect."""
        self.room = evolve(self.room, event)
        self.events.append(event)


def seated_participant(room: Room, person: PersonId, field: str = "person") -> Person:
    """Find a participant who has a seat.

    Raises Refused(unknown_person).
    """
    someone = room.people.get(person)
    if someone is None or someone.state != "seated" or someone.role is not Role.PARTICIPANT:
        raise Refused("unknown_person", field)
    return someone


def sender(room: Room, command: PersonCommand) -> Person:
    """Find who sent this.

    Raises Refused(not_allowed) for somebody who is not in the room.
    """
    person = room.people.get(command.by)
    if person is None:
        raise Refused("not_allowed")
    return person


def text_within(text: str, most: int, field: str) -> str:
    """Trim a text that people will read.

    Raises Refused(bad_command) when nothing is left, it is too long, or it has
    control characters other than the end of a line.
    """
    text = text.strip()
    if not text or len(text) > most or not is_readable(text):
        raise Refused("bad_command", field)
    return text


def is_readable(text: str) -> bool:
    """Has this text no control characters, ends of lines apart?

    Joiners are not control characters: Hindi and Marathi need them.
    """
    return _CONTROL.search(text) is None
