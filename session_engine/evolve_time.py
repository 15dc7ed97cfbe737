"""Moves the clocks of the floor on: after a hold, and after an outage."""

from session_engine.replacing import replace
from session_engine.room import Room


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
