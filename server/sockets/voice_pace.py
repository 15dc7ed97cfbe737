"""How fast one person's sound may come, and when it is not a mistake any more.

Rule 1: 20 frames a second are passed on, with bursts of 40; the rest is dropped.
        Speech is 16.7 a second.
Rule 2: over 200 dropped frames in each of 5 seconds on end are abuse (4103). A tab
        whose microphone is open a moment too long never gets there. How many
        frames of a flood are read at all is said in protocol.py.
"""

from __future__ import annotations

from typing import Final

RATE_PER_SECOND: Final = 20.0
BURST: Final = 40.0
DROPPED_MAX_PER_SECOND: Final = 200
ABUSE_SECONDS: Final = 5


class VoicePace:
    """The allowance of one voice socket, and what it sent in vain; times in seconds."""

    __slots__ = ("_at", "_bad_seconds", "_dropped", "_second", "_tokens")

    def __init__(self, now: float) -> None:
        """Begin with a full allowance."""
        self._at = self._second = now
        self._tokens = BURST
        self._dropped = self._bad_seconds = 0

    def admits(self, now: float) -> bool:
        """Take one frame's allowance; say whether it may be passed on."""
        self._tokens = min(BURST, self._tokens + (now - self._at) * RATE_PER_SECOND)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def note_dropped(self, now: float) -> None:
        """Count a frame that was not passed on."""
        passed = int(now - self._second)
        if passed:
            bad = self._dropped > DROPPED_MAX_PER_SECOND
            self._bad_seconds = self._bad_seconds + 1 if bad and passed == 1 else int(bad)
            self._second += passed
            self._dropped = 0
        self._dropped += 1

    @property
    def is_abused(self) -> bool:
        """Whether the socket must be closed with 4103."""
        return self._bad_seconds >= ABUSE_SECONDS
