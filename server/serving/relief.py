"""A rolling restart: every worker is relieved by a new one that serves already.

Rule 1: one at a time. A new worker is started; when it serves, an old one is told to
        go; when that has ended, the next new one is started.
Rule 2: a new worker that cannot serve, or does not reach the store, ends the restart, and the
        old ones go on.

Nothing is handed over: a new worker reads the logs of the rooms that people open on it.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable

from server.serving.child import Child
from server.serving.logs import log
from server.serving.worker import GRACE_SECONDS, LET_GO_SECONDS

# A start takes about half a second, and then the store may be away for a while.
START_SECONDS = 15.0
# What an old worker needs: to let its people go, uvicorn's patience, and the goodbye to the store.
GO_SECONDS = LET_GO_SECONDS + GRACE_SECONDS + 5.0


class Relief:
    """The restart that was asked for, one step after another."""

    def __init__(self, workers: list[Child], new_worker: Callable[[], Child]) -> None:
        """Take the parent's own list: a new worker takes the place of the one it relieves."""
        self._workers = workers
        self._new_worker = new_worker
        self._asked_at = 0.0
        self._coming: Child | None = None
        self._going: Child | None = None
        self._patience_until = 0.0

    @property
    def children(self) -> list[Child]:
        """The processes beside the workers of the list: who comes, who goes."""
        return [child for child in (self._coming, self._going) if child is not None]

    def ask(self) -> None:
        """Restart all workers that have been started before now."""
        self._asked_at = time.monotonic()

    def go_on(self, now: float) -> None:
        """Take the next step, if there is one to be taken now."""
        if self._going is not None:
            self._see_off(self._going, now)
        elif self._coming is not None:
            self._welcome(self._coming, now)
        elif self._next() is not None:
            self._coming = self._new_worker()
            self._coming.start()
            self._patience_until = now + START_SECONDS
        elif self._asked_at:
            self._asked_at = 0.0
            log.info("All workers have been restarted.")

    def _next(self) -> int | None:
        old = (at for at, one in enumerate(self._workers) if one.started_at < self._asked_at)
        return next(old, None)

    def _welcome(self, coming: Child, now: float) -> None:
        coming.ended()
        if coming.pid is None:
            log.error("A new worker could not start: the others go on as they were.")
            self._coming, self._asked_at = None, 0.0
        elif coming.ready:
            place = self._next()
            going = coming  # all others have died and were replaced meanwhile
            if place is not None:
                going, self._workers[place] = self._workers[place], coming
            self._coming, self._going = None, going
            self._patience_until = now + GO_SECONDS
            going.signal(signal.SIGHUP)
        elif now > self._patience_until:
            self._patience_until = math.inf
            log.error("A new worker did not serve in time: does it reach the store?")
            coming.signal(signal.SIGKILL)

    def _see_off(self, going: Child, now: float) -> None:
        going.ended()
        if going.pid is None:
            self._going = None
        elif now > self._patience_until:
            log.warning("Process %s did not end in time: killed.", going.pid)
            going.signal(signal.SIGKILL)
