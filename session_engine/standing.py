"""Where people stand: with the floor, the queue, the themes and their calls for support.

Rule 1: conditions get a `Standpoint` and know no more of a person: who stand alike may do the same.
Rule 2: a `Stance` is all that `you` shows of a person but who they are, their place and their wait:
        so what they see is worked out a few times for a circle, not 35 times.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from session_engine.commands import Role, SupportKind
from session_engine.ids import AlertId, PersonId, ThemeId
from session_engine.queue import Queue, all_waiting, next_people, queue_of
from session_engine.room import NEWEST, PARTS_KEPT, Alert, Floor, People, Person, Room, Theme, Turn
from session_engine.turns import LATER

# A person may have called in several ways; the first of these says most about them.
URGENCY: Final = (SupportKind.NOW, SupportKind.LEAVING, SupportKind.AFTER)


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
    has_place: bool  # among those who are called in order
    alert: AlertId | None  # their own most urgent call for support that is not closed

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
        resonated(room.themes, name),
    )


@lru_cache(maxsize=NEWEST)
def stances(room: Room) -> Mapping[PersonId, Stance]:
    """Tell how everybody stands, in one object for all who stand alike.

    It is the same until something that it is made of has changed.
    """
    return _stances(
        room.people,
        room.floor,
        room.turn,
        room.held_at is not None,
        room.themes,
        room.alerts,
        queue_of(room),
        next_people(room),
    )


@lru_cache(maxsize=PARTS_KEPT)
def _stances(
    people: People,
    floor: Floor,
    turn: Turn | None,
    is_held: bool,
    themes: tuple[Theme, ...],
    alerts: tuple[Alert, ...],
    queue: Queue,
    called_in_order: tuple[PersonId, ...],
) -> dict[PersonId, Stance]:
    holder = turn.person if turn is not None else None
    standing, ready = standings(floor, turn, is_held), frozenset(called_in_order)
    found: dict[PersonId, Stance] = {}
    alike: dict[tuple[object, ...], Stance] = {}
    for name, person in people.items():
        parts = (
            person.role,
            person.silenced,
            name == holder,
            name in queue.people,
            name in floor.hands,
            resonated(themes, name) if themes else (),
            person.state,
            standing.get(name, "none"),
            name in ready and not person.silenced,
            own_alert(alerts, name) if alerts else None,
        )
        stance = alike.get(parts)  # most stand like somebody before them
        if stance is None:
            stance = alike[parts] = Stance(*parts)
        found[name] = stance
    return found


@lru_cache(maxsize=PARTS_KEPT)
def standings(floor: Floor, turn: Turn | None, is_held: bool) -> dict[PersonId, str]:
    """Tell where people stand: waiting, later, offered, speaking, held, spoke or passed.

    Who is not in it stands nowhere ("none"). For facilitators and the person only.
    """
    if floor.round is None:
        found = {**floor.outcomes, **dict.fromkeys((*floor.hands, *floor.called), "waiting")}
    else:
        waiting = (*floor.round.waiting, *floor.called)
        found = {**floor.round.settled, **dict.fromkeys(waiting, "waiting")}
        found |= dict.fromkeys(floor.round.later, LATER)
    if turn is not None:
        running = "held" if is_held or turn.dropped_until is not None else "speaking"
        found[turn.person] = running if turn.started else "offered"
    return found


def resonated(themes: tuple[Theme, ...], person: PersonId) -> tuple[ThemeId, ...]:
    """List the themes that this person said are theirs too."""
    return tuple(theme.id for theme in themes if person in theme.resonates)


def own_alert(alerts: tuple[Alert, ...], person: PersonId) -> AlertId | None:
    """Name the person's own most urgent call for support that is not closed."""
    newest = reversed(alerts)
    own = [alert for alert in newest if alert.person == person and alert.state != "closed"]
    return min(own, key=lambda alert: URGENCY.index(SupportKind(alert.kind))).id if own else None
