"""Moves moments: the floor's on after a hold or an outage, all back with a clock set back."""

from typing import Final, TypeVar

from session_engine import events as e
from session_engine.replacing import replace
from session_engine.room import Alert, People, Person, Room, Turn, Undo

Part = TypeVar("Part", Room, Person, Turn, Undo, Alert)

# Every field of a room and its parts that is a moment.
MOMENTS: Final[dict[type, tuple[str, ...]]] = {
    Room: ("stage_started_at", "held_at", "lost_until", "facilitators_gone_at", "quiet_since"),
    Person: ("entered_at", "absent_at", "expires_at"),
    Turn: ("ends_at", "dropped_until"),
    Undo: ("until", "stage_started_at"),
    Alert: ("at",),
}


def moved_on(room: Room, by_ms: int) -> Room:
    """Shift every pending deadline of the floor by a time that did not count."""
    turn = room.turn
    if turn is not None:
        dropped = turn.dropped_until
        turn = replace(
            turn,
            ends_at=turn.ends_at + by_ms,
            dropped_until=None if dropped is None else dropped + by_ms,
        )
    return replace(room, turn=turn, quiet_since=room.quiet_since + by_ms)


def moments_set_back(room: Room, event: e.MomentsSetBack) -> Room:
    """Put every moment earlier: what has passed and what is left stay as they were."""
    by_ms = event.by_ms
    people = {person.id: _earlier(person, by_ms) for person in room.people.values()}
    return replace(
        _earlier(room, by_ms),
        people=People(people),
        turn=room.turn and _earlier(room.turn, by_ms),
        undo=room.undo and _earlier(room.undo, by_ms),
        alerts=tuple(_earlier(alert, by_ms) for alert in room.alerts),
    )


def _earlier(part: Part, by_ms: int) -> Part:
    moments = {name: getattr(part, name) for name in MOMENTS[type(part)]}
    return replace(part, **{name: at - by_ms for name, at in moments.items() if at is not None})
