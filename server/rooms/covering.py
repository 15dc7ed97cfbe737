"""Calls a few facts done only when replicas have them: seats, removals, calls for support.

Rule 1: everything else is done when the store has it; a failover may lose its last moment,
        and who it was is told (`lost`).
Rule 2: what is covered waits for the replicas after the append, outside of the room's
        queue: nobody else's command waits with it.
Rule 3: when no replica says in time that it has it, the outcome is unknown. It stands in
        the log, and may still be lost; asked again with the same id it is a repetition,
        and a repetition waits for the replicas as the first time did. So nobody is told
        "done" of something that only a store that may just be dying has seen.
"""

from __future__ import annotations

import asyncio
from typing import Final

from server.rooms.defects import note_defect
from server.rooms.draft import Job
from server.rooms.outcomes import UNKNOWN, Done
from server.store.errors import StoreError
from server.store.position import Position
from server.store.room_log import RoomLog
from session_engine import Command, Enter, PersonCommand

COVERED: Final = frozenset({"admit", "remove", "ask_support"})


def must_be_covered(command: Command) -> bool:
    """Say whether a command gives or takes a seat, or calls for support."""
    return isinstance(command, Enter) or (
        isinstance(command, PersonCommand) and command.do in COVERED
    )


class Covering:
    """What of one room waits for replicas; one wait for all that came meanwhile."""

    def __init__(self, session: str, log: RoomLog) -> None:
        """Begin with nothing."""
        self._session = session
        self._log = log
        self._waiting: list[tuple[Job, Done, Position]] = []
        self._running: asyncio.Task[None] | None = None

    def settle(self, job: Job, at: Position, *, repeated: bool = False) -> None:
        """Give a job its "done" as of a position: now, or when replicas have it."""
        done = Done(at, repeated)
        if not self._log.is_replicated or not must_be_covered(job.command):
            job.settle(done)
            return
        job.is_stored = True
        self._waiting.append((job, done, at))
        if self.is_idle:
            self._running = asyncio.create_task(self._cover())

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits."""
        return self._running is None or self._running.done()

    async def drained(self) -> None:
        """Wait until all have their outcome."""
        if self._running is not None:
            await asyncio.wait({self._running})

    async def _cover(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            covered = [False] * len(waiting)
            try:
                # Each by itself: a failover meanwhile may have lost some and kept the newest.
                covered = await self._log.covered(self._session, [at for _, _, at in waiting])
            except StoreError:
                pass
            except Exception as error:
                note_defect("waiting for replicas", error)
            for (job, done, _), is_covered in zip(waiting, covered, strict=True):
                job.settle(done if is_covered else UNKNOWN)
