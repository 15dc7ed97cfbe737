"""The stages of a session and the only commands that change them.

Rule 1: a stage changes by NEXT_STAGE or not at all.
Rule 2: a pair that is not there is refused, and test_stages.py tries every pair.
Rule 3: `ended` has no way out.
"""

from collections.abc import Mapping
from typing import Final

from session_engine.limits import MINUTE_MS
from session_engine.word import Word


class Stage(Word):
    """Where a session is."""

    LOBBY = "lobby"
    WELCOME = "welcome"
    INTRODUCTIONS = "introductions"
    DISCUSSION = "discussion"
    CLOSE = "close"
    ENDED = "ended"


class TurnKind(Word):
    """What a turn is for; each kind has its own limit."""

    INTRODUCTION = "introduction"
    DISCUSSION = "discussion"
    CLOSING = "closing"


# Keyed by the wire name of the command.
NEXT_STAGE: Final[Mapping[Stage, Mapping[str, Stage]]] = {
    Stage.LOBBY: {"begin": Stage.WELCOME, "end_session": Stage.ENDED},
    Stage.WELCOME: {"advance": Stage.INTRODUCTIONS, "end_session": Stage.ENDED},
    Stage.INTRODUCTIONS: {"advance": Stage.DISCUSSION, "end_session": Stage.ENDED},
    Stage.DISCUSSION: {"advance": Stage.CLOSE, "end_session": Stage.ENDED},
    Stage.CLOSE: {"advance": Stage.ENDED, "end_session": Stage.ENDED},
    Stage.ENDED: {},
}

ALL_STAGES: Final = frozenset(Stage)
OPEN_STAGES: Final = ALL_STAGES - {Stage.ENDED}
LIVE_STAGES: Final = OPEN_STAGES - {Stage.LOBBY}
FLOOR_STAGES: Final = frozenset({Stage.INTRODUCTIONS, Stage.DISCUSSION, Stage.CLOSE})

# 7, 30, 40 and 10 of 90 minutes; what is left over is for the doors.
PLANNED_MS: Final[Mapping[Stage, int]] = {
    Stage.WELCOME: 7 * MINUTE_MS,
    Stage.INTRODUCTIONS: 30 * MINUTE_MS,
    Stage.DISCUSSION: 40 * MINUTE_MS,
    Stage.CLOSE: 10 * MINUTE_MS,
}

# The kind of turn whose limit a facilitator sees and changes in each stage.
TURN_KIND: Final[Mapping[Stage, TurnKind]] = {
    Stage.LOBBY: TurnKind.INTRODUCTION,
    Stage.WELCOME: TurnKind.INTRODUCTION,
    Stage.INTRODUCTIONS: TurnKind.INTRODUCTION,
    Stage.DISCUSSION: TurnKind.DISCUSSION,
    Stage.CLOSE: TurnKind.CLOSING,
    Stage.ENDED: TurnKind.CLOSING,
}
