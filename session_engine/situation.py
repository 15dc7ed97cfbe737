"""How a room stands, as far as anybody's commands depend on it.

Rule 1: conditions get a `Situation` and know no more of a room: rooms that stand alike let
        people who stand alike do the same, and what they may do is worked out once for all.
"""

from functools import lru_cache
from typing import NamedTuple

from session_engine.queue import next_people
from session_engine.room import PARTS_KEPT, UNTAKEN, Room, Turn, seating
from session_engine.stages import Stage
from session_engine.turns import extension_ms


class Situation(NamedTuple):
    """All that a condition knows of a room."""

    stage: Stage
    is_held: bool
    # The open turn; False where there is none.
    turn_is_open: bool
    turn_has_started: bool
    turn_is_dropped: bool
    turn_is_full: bool  # cannot be extended any more
    # The open round.
    round_is_open: bool
    for_volunteers: bool
    # The queue.
    somebody_is_next: bool
    somebody_is_movable: bool  # behind those who were given the floor
    # People.
    somebody_knocks: bool
    somebody_sits: bool
    somebody_is_heard: bool  # sits, and is not silenced
    seat_is_free: bool
    # What else there is.
    themes: int
    alert_waits: bool
    alert_is_taken: bool
    on_call_is_named: bool
    can_undo: bool


@lru_cache(maxsize=PARTS_KEPT)
def situation_of(room: Room) -> Situation:
    """Tell how a room stands."""
    turn, round_, called = room.turn, room.floor.round, room.floor.called
    seats, upcoming, alerts = seating(room.people), next_people(room), room.alerts
    return Situation(
        stage=room.stage,
        is_held=room.held_at is not None,
        turn_is_open=turn is not None,
        turn_has_started=turn is not None and turn.started,
        turn_is_dropped=turn is not None and turn.dropped_until is not None,
        turn_is_full=turn is not None and _is_full(turn),
        round_is_open=round_ is not None,
        for_volunteers=round_ is not None and round_.volunteers,
        somebody_is_next=bool(upcoming),
        somebody_is_movable=bool(upcoming) and not set(upcoming) <= set(called),
        somebody_knocks=bool(seats.knocking),
        somebody_sits=bool(seats.circle),
        somebody_is_heard=seats.somebody_is_heard,
        seat_is_free=len(seats.circle) < room.settings.seats,
        themes=len(room.themes),
        alert_waits=bool(alerts) and any(alert.state in UNTAKEN for alert in alerts),
        alert_is_taken=bool(alerts) and any(alert.state == "taken" for alert in alerts),
        on_call_is_named=bool(room.on_call.strip()),
        can_undo=room.undo is not None,
    )


def _is_full(turn: Turn) -> bool:
    return extension_ms(turn) <= 0
