"""How fast one socket may send, and when it is not a mistake any more.

Rule 1: 400 frames of any kind are read of a socket in a second, with bursts of as
        many; the rest waits in the kernel. Every 512 bytes count as one more. It is
        the only limit that sees pings, and who has not said a word yet.
Rule 2: 20 messages a second with bursts of 60 are acted on; what comes faster is
        refused with `too_fast`, a message that cannot be read with `bad_frame`.
Rule 3: rule 2 counts a person in a room, whatever sockets they come on. To come is a
        message, too: who comes too fast waits, and for over 5 s is closed with 4103.
        At the door to come in, or under another name, is one of them, and all who were
        not here before have one limit together: what is stored for them is read again
        by every worker that opens the room.
Rule 4: both refusals add to the socket's abuse score, which falls by 20 a second: a
        fast message counts 1, an unreadable one 10. At 200 (200 too many messages
        at once, or 20 unreadable ones) the socket is closed with 4103. A held key
        or a broken tab never gets there; a program that does so on purpose does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakValueDictionary

# A small frame costs 10 to 20 us, so a flood of them costs a hundredth of a core.
FRAMES_PER_SECOND: Final = 400.0
# 20 texts of a turn a second, of 2,000 letters of three bytes each, are about 260 of these.
BYTES_OF_ONE: Final = 512

RATE_PER_SECOND: Final = 20.0
BURST: Final = 60.0
COMING_SECONDS: Final = 5.0
# All newcomers of a room together, so that one link cannot fill its log: 35 seats are taken, and
# 100 observers come, as fast as they like.
NEWCOMERS: Final = ""
NEWCOMERS_BURST: Final = 200.0
ABUSE_LIMIT: Final = 200.0
COST_TOO_FAST: Final = 1.0
COST_UNREADABLE: Final = 10.0


class FrameLimit:
    """Counts the frames of every kind that are read of one peer."""

    __slots__ = ("_clock", "_until")

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._until = 0.0  # when all that came would have come at the right pace

    def count(self, frames: int, size: int) -> float:
        """Count these, of so many bytes; return for how many seconds no more are to be read."""
        now = self._clock()
        weight = frames + size / BYTES_OF_ONE
        self._until = max(self._until, now) + weight / FRAMES_PER_SECOND
        return max(0.0, self._until - now - 1.0)


class Allowance:
    """What a person may still say in a room, on whatever sockets: a token bucket."""

    __slots__ = ("__weakref__", "_at", "_burst", "_clock", "_tokens")

    def __init__(self, clock: Callable[[], float], burst: float = BURST) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._at = clock()
        self._burst = self._tokens = burst

    @property
    def is_spent(self) -> bool:
        """Whether there is no token left."""
        self._pass_time()
        return self._tokens < 1.0

    def take(self) -> bool:
        """Take one token, if there is one."""
        if self.is_spent:
            return False
        self._tokens -= 1.0
        return True

    def owe(self) -> None:
        """Pay for what was done already; of many at once the rest is owed."""
        self._pass_time()
        self._tokens -= 1.0

    def come(self) -> float | None:
        """Take a token for another socket; return how long it must wait for it, None: too long."""
        self._pass_time()
        if self._tokens - 1.0 < -COMING_SECONDS * RATE_PER_SECOND:
            return None
        self._tokens -= 1.0
        return max(0.0, -self._tokens / RATE_PER_SECOND)

    def full_in(self) -> float:
        """Return after how many seconds of rest it is as good as new."""
        self._pass_time()
        return (self._burst - self._tokens) / RATE_PER_SECOND

    def _pass_time(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * RATE_PER_SECOND)
        self._at = now


class Allowances:
    """Those of all people: kept after the last of their sockets until they are full again."""

    def __init__(self) -> None:
        """Begin without anybody."""
        self._kept: WeakValueDictionary[tuple[str, str], Allowance] = WeakValueDictionary()

    @contextmanager
    def of(self, session: str, person: str) -> Iterator[Allowance]:
        """Give the allowance of a person, or of NEWCOMERS, for a socket or a request."""
        allowance = self._kept.get((session, person))
        if allowance is None:
            allowance = self._kept[session, person] = Allowance(
                time.monotonic, BURST if person != NEWCOMERS else NEWCOMERS_BURST
            )
        try:
            yield allowance
        finally:
            asyncio.get_running_loop().call_later(allowance.full_in(), _let_go, allowance)


def _let_go(allowance: Allowance) -> None:
    """Do nothing: the timer held it until now; on no socket, it is nobody's any more."""


class FloodLimit:
    """What one socket may still send: the person's allowance, and a score of what was refused."""

    __slots__ = ("_abuse", "_allowance", "_at", "_clock")

    def __init__(self, clock: Callable[[], float], allowance: Allowance) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._allowance = allowance
        self._at = clock()
        self._abuse = 0.0

    def admits(self) -> bool:
        """Take one token; say whether the message may be acted on."""
        self._pass_time()
        if not self._allowance.take():
            self._abuse += COST_TOO_FAST
            return False
        return True

    def note_unreadable(self) -> None:
        """Count a message that could not be read."""
        self._abuse += COST_UNREADABLE

    @property
    def is_abused(self) -> bool:
        """Whether the socket must be closed with 4103."""
        return self._abuse >= ABUSE_LIMIT

    def _pass_time(self) -> None:
        now = self._clock()
        self._abuse = max(0.0, self._abuse - (now - self._at) * RATE_PER_SECOND)
        self._at = now
