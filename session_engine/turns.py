"""One turn: its phases, its clock, and what its end means.

    offered ──start──▶ speaking ──limit──▶ grace ──▶ closed
       │                  ▲ extend ◀───────┘
       └── later, pass, no answer ──▶ closed

Rule 1: a turn closes for one of REASONS, and the reason alone decides the outcome.
Rule 2: at the last offer of a round, *later* means *not this round*.
Rule 3: the clock of one turn never exceeds 120 s plus the grace, over all its parts.
"""

from collections.abc import Mapping
from typing import Final

from session_engine.limits import EXTENSION_MS, MAX_OFFERS, MAX_TURN_S, SECOND_MS
from session_engine.room import Room, Turn
from session_engine.stages import TurnKind

SPOKE: Final = "spoke"
PASSED: Final = "passed"
LATER: Final = "later"
GONE: Final = "gone"
UNDONE: Final = "undone"

# reason: (outcome when started, outcome when only offered)
REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "finished": (SPOKE, SPOKE),
    "limit": (SPOKE, SPOKE),
    "not_this_round": (PASSED, PASSED),
    "later": (LATER, LATER),
    "unanswered": (LATER, LATER),
    "absent": (LATER, LATER),
    "dropped": (LATER, LATER),
    "skipped": (SPOKE, LATER),
    "ended": (SPOKE, LATER),
    "next": (SPOKE, LATER),
    "stage": (SPOKE, LATER),
    "silenced": (SPOKE, PASSED),
    "left": (GONE, GONE),
    "removed": (GONE, GONE),
    "session_over": (SPOKE, PASSED),
    "undone": (UNDONE, UNDONE),
}


def left_ms(turn: Turn, clock: int) -> int:
    """Tell how much of the turn's present phase is left at this clock."""
    return turn.left_ms if turn.dropped_until is not None else turn.ends_at - clock


def spoken_ms(turn: Turn, clock: int) -> int:
    """Tell how much of the turn's clock has been used since it was offered."""
    if not turn.started:
        return 0
    return turn.limit_ms + (turn.grace_ms if turn.phase == "grace" else 0) - left_ms(turn, clock)


def extension_ms(turn: Turn) -> int:
    """Tell by how much the turn can still be extended: 30 s, or less near 120 s."""
    return min(EXTENSION_MS, MAX_TURN_S * SECOND_MS - turn.used_ms - turn.limit_ms)


def outcome(room: Room, turn: Turn, reason: str) -> str:
    """Decide what closing the turn for this reason means for the queue."""
    started, offered = REASONS[reason]
    result = started if turn.started else offered
    if result != LATER or reason == "stage":
        return result
    last_offer = turn.kind is not TurnKind.DISCUSSION and turn.offer >= MAX_OFFERS
    if turn.phase == "grace" or (reason == "dropped" and last_offer):
        return SPOKE  # what was said was said; there is no time or no offer left
    if turn.kind is TurnKind.DISCUSSION:
        silent = reason in ("unanswered", "absent")
        asked_enough = turn.hand is None or turn.hand.unanswered + 1 >= MAX_OFFERS
        return PASSED if silent and asked_enough else LATER
    if room.floor.round is None:  # a closing word that was called for: a rest is asked for once
        return LATER if reason == "dropped" and turn.used_ms == 0 else PASSED
    return PASSED if turn.offer >= MAX_OFFERS else LATER


def kept_ms(turn: Turn, result: str, clock: int) -> int:
    """Tell how much time the person keeps for the rest of an interrupted turn."""
    if result != LATER:
        return 0
    if not turn.started:
        return turn.limit_ms if turn.used_ms else 0  # a rest that was offered in vain
    return max(0, left_ms(turn, clock))
