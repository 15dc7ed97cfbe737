"""Private lines and notes of calls of the last half minute, for whom they are for may be away.

Everybody is, for a moment, between two sockets: in a rolling restart, or when a phone
changes its network. What a room keeps is bounded, because all of it is said at once to
who comes back: who says most loses their own oldest line, and nobody else's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

# Longer than a page needs to come back after its line broke (web/static/js/room/connection.js).
RECENT_MS: Final = 30_000
# With the view before it, far less than what closes a socket (server/sockets/outbox.py).
RECENT_BYTES: Final = 16 * 1024

Words = Mapping[str, Any]


class RecentWords:
    """Those of one room, in memory only."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        """Begin without any; `now_ms` is the store's clock, as in the words' `at`."""
        self._now_ms = now_ms
        self._kept: list[tuple[Words, int]] = []
        self._timer: asyncio.TimerHandle | None = None

    def keep(self, words: Words) -> bool:
        """Keep words; return whether they are news: neither known nor old."""
        age_ms = self._now_ms() - words["at"]
        if age_ms >= RECENT_MS or any(known == words for known, _ in self._kept):
            return False
        self._kept.append((words, len(orjson.dumps(words))))
        while sum(size for _, size in self._kept) > RECENT_BYTES:
            self._make_room()
        if self._timer is None:
            self._wait(RECENT_MS - age_ms)
        return True

    def said(self) -> list[Words]:
        """List what is kept, in the order in which it came."""
        return [words for words, _ in self._kept]

    def clear(self) -> None:
        """Forget all at once: the room has gone from here."""
        self._kept.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _make_room(self) -> None:
        sizes: Counter[str] = Counter()
        for words, size in self._kept:
            sizes[_sender(words)] += size
        [(most, _)] = sizes.most_common(1)
        theirs = [one for one in self._kept if _sender(one[0]) == most]
        # A note belongs to a call that still stands.
        self._kept.remove(min(theirs, key=lambda one: one[0]["kind"] == "alert"))

    def _wait(self, ms: int) -> None:
        self._timer = asyncio.get_running_loop().call_later(ms / 1000, self._forget)

    def _forget(self) -> None:
        self._timer = None
        left_ms = [RECENT_MS - (self._now_ms() - words["at"]) for words, _ in self._kept]
        self._kept = [one for one, ms in zip(self._kept, left_ms, strict=True) if ms > 0]
        if self._kept:
            self._wait(max(1, min(ms for ms in left_ms if ms > 0)))


def _sender(words: Words) -> str:
    return str(words["from"] if words["kind"] == "line" else words["person"])
