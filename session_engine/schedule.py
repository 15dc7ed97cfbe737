"""Does it fit? How long people wait, when the stage will end, what would help.

Estimates count a full limit and a handover for everyone still to come, so that
passing visibly gives time back. They are absolute where a clock runs and relative
where it stands; nothing here reads a clock.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from session_engine.ids import PersonId
from session_engine.limits import HANDOVER_MS, MIN_DISCUSSION_S, MIN_SHORT_TURN_S, SECOND_MS
from session_engine.queue import all_waiting, next_people
from session_engine.room import NEWEST, PARTS_KEPT, Floor, Room, Turn, circle, seating
from session_engine.stages import PLANNED_MS, TURN_KIND, Stage, TurnKind
from session_engine.turns import left_ms

SHORTEN_STEP_S = 5


def stage_ends_at(room: Room) -> int:
    """Tell when the present stage is planned to end (ms)."""
    if room.stage is Stage.LOBBY:
        return room.settings.starts_at_ms
    return room.stage_started_at + PLANNED_MS.get(room.stage, 0) + room.stage_lost_ms


def clock_stands(room: Room, turn: Turn) -> bool:
    """Does this turn's clock stand, for whatever cause?"""
    return room.held_at is not None or turn.dropped_until is not None


def _open_turn_left(room: Room) -> tuple[int, int]:
    """Tell how long the open turn may still take, as (absolute part, relative part).

    The absolute part is the end of its clock, or 0 while the clock stands.
    """
    turn = room.turn
    if turn is None:
        return 0, 0
    more = turn.limit_ms if turn.phase == "offered" else 0
    if clock_stands(room, turn):
        return 0, left_ms(turn, room.clock(room.last_at)) + more
    return turn.ends_at, more


@lru_cache(maxsize=NEWEST)
def places(room: Room) -> Mapping[PersonId, tuple[int, int]]:
    """Tell for everyone who is called in order: (place, ms that they wait after the first).

    The silenced have none, and count for those behind them as long as their place has not come.
    """
    limit_ms = room.limits_ms[TURN_KIND[room.stage]]
    return _places(next_people(room), seating(room.people).silenced, room.floor, limit_ms)


@lru_cache(maxsize=PARTS_KEPT)
def _places(
    people: tuple[PersonId, ...], silenced: frozenset[PersonId], floor: Floor, limit_ms: int
) -> dict[PersonId, tuple[int, int]]:
    result: dict[PersonId, tuple[int, int]] = {}
    after_ms = 0
    for place, person in enumerate(people):
        if person not in silenced:
            result[person] = (place, after_ms)
        after_ms += floor.kept.get(person, (limit_ms, 0))[0] + HANDOVER_MS
    return result


def first_wait_ms(room: Room, now: int) -> int:
    """Tell how long the first in order waits at `now`; 0 for `now`: were nothing over yet."""
    if room.turn is None:
        return 0
    absolute, relative = _open_turn_left(room)
    return max(0, absolute - now) + relative + HANDOVER_MS


def _to_go(room: Room) -> int:
    """Count the people who are still to have their turn in this stage."""
    if room.stage in (Stage.LOBBY, Stage.WELCOME):
        return len(circle(room))
    return len(all_waiting(room) - seating(room.people).silenced)


def fit(room: Room) -> dict[str, Any]:
    """Compare what is still to come with the plan, for facilitators.

    `ends_at` is as of the room's last event; `needs_ms` is what everyone still
    to come takes after the open turn.
    """
    before = room.stage in (Stage.LOBBY, Stage.WELCOME)
    to_go = _to_go(room)
    limit_ms = room.limits_ms[TURN_KIND[room.stage]]
    needs_ms = to_go * (limit_ms + HANDOVER_MS)
    planned_end = stage_ends_at(room)
    if before:  # a forecast of the introductions
        if room.stage is Stage.LOBBY:
            planned_end += PLANNED_MS[Stage.WELCOME]
        base = max(planned_end, room.last_at)
        planned_end += PLANNED_MS[Stage.INTRODUCTIONS]
    else:
        absolute, relative = _open_turn_left(room)
        base = max(absolute, room.last_at) + relative
    ends_at = base + needs_ms
    over_ms = ends_at - planned_end
    return {
        "to_go": to_go,
        "of": len(circle(room)),
        "needs_ms": needs_ms,
        "ends_at": ends_at,
        "planned_end": planned_end,
        "over_ms": max(0, over_ms),
        "remedies": _remedies(room, to_go, planned_end - base) if to_go and over_ms > 0 else [],
    }


def _remedies(room: Room, to_go: int, room_left_ms: int) -> list[dict[str, Any]]:
    """Offer what would bring the stage back into its plan, each one command."""
    kind = TURN_KIND[room.stage]
    remedies: list[dict[str, Any]] = []
    least = MIN_DISCUSSION_S if kind is TurnKind.DISCUSSION else MIN_SHORT_TURN_S
    each_s = (room_left_ms // to_go - HANDOVER_MS) // SECOND_MS
    seconds = max(least, each_s - each_s % SHORTEN_STEP_S)
    if seconds * SECOND_MS < room.limits_ms[kind]:
        remedies.append({"do": "set_limit", "seconds": seconds})
    round_ = room.floor.round
    if round_ is not None and not round_.volunteers:
        remedies.append({"do": "volunteers_only"})
    if room.stage is Stage.INTRODUCTIONS:
        remedies.append({"do": "carry_over"})
    return remedies
