"""Sound on its way to the listeners of all rooms: a few writes at a time.

A packet for 35 listeners is half a millisecond of writes, and with 80 rooms talking
there is always one more. A command would wait behind all of it at each of its steps,
so after a few writes everything else has its turn first: commands, answers, views.

Rule 1: packets leave in the order in which they came, SLICE writes at a time.
Rule 2: what has waited for longer than OLD_SECONDS is not worth hearing any more.
Rule 3: when the floor of a room changes, what waits for it is thrown away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from server.sockets.voice_outbox import VoiceOutbox

# About a quarter of a millisecond. Six at a time cost 7 % more processor and made no
# command quicker; all at once, a command took 50 % longer (benchmarks/voice.py).
SLICE: Final = 16
# A listener buffers 150 ms and more; sound that is later than this only adds to the load.
OLD_SECONDS: Final = 0.5


class VoiceSpread:
    """The writes of this worker's sound that are still to come."""

    def __init__(self) -> None:
        """Begin with nothing to write."""
        self._waiting: deque[tuple[float, object, bytes, Iterator[VoiceOutbox]]] = deque()
        self._is_due = False

    def put(self, room: object, message: bytes, listeners: Iterable[VoiceOutbox]) -> None:
        """Write a message to these listeners of a room soon."""
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time(), room, message, iter(listeners)))
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._write)

    def forget(self, room: object) -> None:
        """Throw away what waits for a room."""
        self._waiting = deque(entry for entry in self._waiting if entry[1] is not room)

    def _write(self) -> None:
        loop = asyncio.get_running_loop()
        left, oldest = SLICE, loop.time() - OLD_SECONDS
        while left > 0 and self._waiting:
            since, _, message, listeners = self._waiting[0]
            if since < oldest:
                for outbox in listeners:
                    outbox.lost += 1
            for outbox in islice(listeners, left):
                outbox.send(message)
                left -= 1
            if left > 0:
                self._waiting.popleft()
        self._is_due = bool(self._waiting)
        if self._is_due:
            loop.call_soon(self._write)
