"""Where people stand: with the floor, the queue, the themes and their calls for support.

Rule 1: conditions get a `Standpoint` and know no more of a person: who stand alike may do the same.
Rule 2: a `Stance` is all that `you` shows of a person but who they are, their place and their wait:
        so what they see is worked out a few times for a circle, not 35 times.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from session_engine.commands import Role
from session_engine.ids import AlertId, PersonId, ThemeId
from session_engine.queue import all_waiting
from session_engine.room import Person, Room
from session_engine.schedule import clock_stands, waits
from session_engine.turns import LATER, PASSED, SPOKE


class Standpoint(NamedTuple):
    """All that a condition knows of a person."""

    role: Role
    silenced: bool
    has_turn: bool
    waits: bool
    hand_up: bool
    resonated: tuple[ThemeId, ...]


class Stance(NamedTuple):
    """All that a person sees of how they stand."""

    role: Role
    silenced: bool
    has_turn: bool
    waits: bool
    hand_up: bool
    resonated: tuple[ThemeId, ...]
    state: str  # knocking, seated or gone
    standing: str
    has_place: bool  # in `waits`
    alert: AlertId | None  # their own newest call for support that is not closed

    @property
    def point(self) -> Standpoint:
        """What of it conditions know."""
        return Standpoint(*self[:6])


def standpoint(room: Room, person: Person) -> Standpoint:
    """Tell where a person stands."""
    name, turn = person.id, room.turn
    return Standpoint(
        person.role,
        person.silenced,
        turn is not None and turn.person == name,
        name in all_waiting(room),
        name in room.floor.hands,
        resonated(room, name),
    )


@lru_cache(maxsize=8)
def stances(room: Room) -> Callable[[Person], Stance]:
    """Give what tells the stance of a person of this room; it has read what all of them need."""
    holder = room.turn.person if room.turn is not None else None
    waiting, hands = all_waiting(room), room.floor.hands
    standing, places = standings(room), waits(room)
    has_themes, has_alerts = bool(room.themes), bool(room.alerts)

    def stance(person: Person) -> Stance:
        name = person.id
        return Stance(
            person.role,
            person.silenced,
            name == holder,
            name in waiting,
            name in hands,
            resonated(room, name) if has_themes else (),
            person.state,
            standing.get(name, "none"),
            name in places,
            own_alert(room, name) if has_alerts else None,
        )

    return stance


@lru_cache(maxsize=8)
def standings(room: Room) -> Mapping[PersonId, str]:
    """Tell where people stand: waiting, later, offered, speaking, held, spoke or passed.

    Who is not in it stands nowhere ("none"). For facilitators and the person only.
    """
    floor, turn = room.floor, room.turn
    if floor.round is None:
        found = {who: last for who, last in floor.outcomes.items() if last in (SPOKE, PASSED)}
        found |= dict.fromkeys((*floor.hands, *floor.called), "waiting")
    else:
        settled, later = floor.round.settled, floor.round.later
        found = dict(settled)
        for who in (*floor.round.waiting, *later, *floor.called):
            if who not in settled or who in floor.called:
                found[who] = LATER if who in later else "waiting"
    if turn is not None:
        running = "held" if clock_stands(room, turn) else "speaking"
        found[turn.person] = running if turn.started else "offered"
    return found


def resonated(room: Room, person: PersonId) -> tuple[ThemeId, ...]:
    """List the themes that this person said are theirs too."""
    return tuple(theme.id for theme in room.themes if person in theme.resonates)


def own_alert(room: Room, person: PersonId) -> AlertId | None:
    """Name the person's own newest call for support that is not closed."""
    for alert in reversed(room.alerts):
        if alert.person == person and alert.state != "closed":
            return alert.id
    return None
