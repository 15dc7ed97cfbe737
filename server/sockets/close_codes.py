"""Close codes of our sockets; the range says whether to come back.

Rule 1: 4100 to 4199 are final, a client that gets one does not come back.
Rule 2: every other code, 1006, 1011 and 1012 included, means "come back with
        jittered back-off".
Rule 3: a code that was given out never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class CloseCode(IntEnum):
    """The codes this server closes with, besides those of the WebSocket protocol."""

    SERVICE_AWAY = 4000
    FELL_BEHIND = 4001
    SILENT = 4002
    PASS_INVALID = 4100
    REMOVED = 4101
    ENDED = 4102
    PROTOCOL_ABUSE = 4103
    REPLACED = 4104
    TURNED_AWAY = 4105
    OBSERVERS_OFF = 4106
    LEFT = 4107
    NO_VOICE = 4108


# What the close frame's reason says; short, because it may be 123 bytes at most.
REASONS: Final[Mapping[CloseCode, str]] = {
    CloseCode.SERVICE_AWAY: "The service is away for a moment.",
    CloseCode.FELL_BEHIND: "This connection fell too far behind.",
    CloseCode.SILENT: "The first message did not come in time.",
    CloseCode.PASS_INVALID: "This pass is not valid here.",
    CloseCode.REMOVED: "A facilitator has ended your part in this session.",
    CloseCode.ENDED: "This session has ended.",
    CloseCode.PROTOCOL_ABUSE: "Too many messages that could not be accepted.",
    CloseCode.REPLACED: "You are connected from somewhere else now.",
    CloseCode.TURNED_AWAY: "The facilitator did not open the door.",
    CloseCode.OBSERVERS_OFF: "This session has no observers any more.",
    CloseCode.LEFT: "You have left this session.",
    CloseCode.NO_VOICE: "No sound is carried for you here.",
}

# Why somebody is gone from a room, in the words of the log, and their close code.
# A seat that expired (nobody ever came) needs a new pass, so its pass is invalid.
CODE_OF_GONE: Final[Mapping[str, CloseCode]] = {
    "left": CloseCode.LEFT,
    "removed": CloseCode.REMOVED,
    "turned_away": CloseCode.TURNED_AWAY,
    "expired": CloseCode.PASS_INVALID,
    "observers_off": CloseCode.OBSERVERS_OFF,
}


def comes_back(code: int) -> bool:
    """Say whether a client that was closed with this code should come back."""
    return not 4100 <= code <= 4199
