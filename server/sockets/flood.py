"""How fast one socket may send, and when it is not a mistake any more.

Rule 1: 400 frames of any kind are read of a socket in a second, with bursts of as
        many; the rest waits in the kernel. It is the only limit that sees pings,
        and who has not said a word yet.
Rule 2: 20 messages a second with bursts of 60 are acted on; what comes faster is
        refused with `too_fast`, a message that cannot be read with `bad_frame`.
Rule 3: both add to the abuse score, which falls by 20 a second: a refused fast
        message counts 1, an unreadable one 10. At 200 (200 too many messages at
        once, or 20 unreadable ones) the socket is closed with 4103. A held key or
        a broken tab never gets there; a program that does so on purpose does.
Rule 4: rules 2 and 3 count a person in a room, whatever sockets they come on; to
        come is a message, too.
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

RATE_PER_SECOND: Final = 20.0
BURST: Final = 60.0
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

    def count(self, frames: int) -> float:
        """Count these; return for how many seconds no more are to be read, 0 for most."""
        now = self._clock()
        self._until = max(self._until, now) + frames / FRAMES_PER_SECOND
        return max(0.0, self._until - now - 1.0)


class FloodLimit:
    """A token bucket for messages, and a leaky one for what was refused."""

    __slots__ = ("__weakref__", "_abuse", "_at", "_clock", "_tokens")

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a monotonic clock in seconds."""
        self._clock = clock
        self._at = clock()
        self._tokens = BURST
        self._abuse = 0.0

    def admits(self) -> bool:
        """Take one token; say whether the message may be acted on."""
        self._pass_time()
        if self._tokens < 1.0:
            self._abuse += COST_TOO_FAST
            return False
        self._tokens -= 1.0
        return True

    def note_unreadable(self) -> None:
        """Count a message that could not be read."""
        self._abuse += COST_UNREADABLE

    @property
    def is_abused(self) -> bool:
        """Whether the socket must be closed with 4103."""
        return self._abuse >= ABUSE_LIMIT

    def full_in(self) -> float:
        """Return after how many seconds of rest it is as good as new."""
        self._pass_time()
        return max(BURST - self._tokens, self._abuse) / RATE_PER_SECOND

    def _pass_time(self) -> None:
        now = self._clock()
        gained = (now - self._at) * RATE_PER_SECOND
        self._at = now
        self._tokens = min(BURST, self._tokens + gained)
        self._abuse = max(0.0, self._abuse - gained)


class FloodLimits:
    """The limits of people in rooms: kept after the last of their sockets until they are full."""

    def __init__(self) -> None:
        """Begin without anybody."""
        self._limits: WeakValueDictionary[tuple[str, str], FloodLimit] = WeakValueDictionary()

    @contextmanager
    def of(self, session: str, person: str) -> Iterator[FloodLimit]:
        """Give the limit of a person, for one of their sockets."""
        limit = self._limits.get((session, person))
        if limit is None:
            limit = self._limits[session, person] = FloodLimit(time.monotonic)
        try:
            yield limit
        finally:
            asyncio.get_running_loop().call_later(limit.full_in(), _let_go, limit)


def _let_go(limit: FloodLimit) -> None:
    """Do nothing: until now the timer held it, and if it is on no socket nobody does any more."""
