"""A batch before it is stored: commands that wait, and what they make of the room.

Also how long a room's keys live and when somebody must look at it: both are said
with every batch.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from server.rooms.outcomes import Outcome
from server.rooms.replica import encode_events
from server.store.position import Position, Record
from session_engine import Command, Event, Room, connected, enact, next_deadline

HOUR_MS: Final = 3_600_000
KEPT_AFTER_END_MS: Final = 24 * HOUR_MS
KEPT_AFTER_PLAN_MS: Final = 48 * HOUR_MS

# How often some worker looks at a room whose people were last seen here.
LOOK_AGAIN_MS: Final = 30_000
# A room waits for a clock that was set back by less; two stores are not always this close.
SET_BACK_MS: Final = 5_000


@dataclass(slots=True, eq=False)
class Job:
    """A command that waits for its outcome; `command_id` "" is not remembered."""

    command: Command
    command_id: str
    future: asyncio.Future[Outcome]
    verdict: Outcome | None = None
    record: int | None = None  # which record of the draft it made, if any
    is_stored: bool = False  # in the log; its "done" may still wait for replicas

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing to decide: it has its answer, or nobody waits for one."""
        return self.is_stored or self.future.done()

    def settle(self, outcome: Outcome) -> None:
        """Give the answer, unless nobody waits any more."""
        if not self.future.done():
            self.future.set_result(outcome)

    def fail(self, error: Exception) -> None:
        """Give no answer but an error, unless nobody waits any more."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # said where it happened; asyncio need not say it again


@dataclass(slots=True)
class Draft:
    """A batch as decided on one position of the replica."""

    room: Room
    position: Position
    now: int
    due_at: int = 0
    records: list[Record] = field(default_factory=list)

    def decide(self, command: Command, command_id: str) -> None:
        """Decide one command on top of the others; all of it is taken, or nothing.

        Raises: Refused.
        """
        due = next_deadline(self.room)
        room, events = enact(self.room, command, max(self.now, self.room.last_at))
        self._take(room, events, command_id)
        if due is not None and due <= self.now:
            self.due_at = max(self.due_at, due)

    def _take(self, room: Room, events: tuple[Event, ...], command_id: str) -> None:
        # Also what changed nothing: later it could, and a repetition must not.
        if events or command_id:
            self.records.append(Record(command_id, encode_events(events)))
            self.room = room


def expires_at(room: Room) -> int:
    """Return when the room's keys go away (ms)."""
    at_the_latest = room.settings.planned_end_ms + KEPT_AFTER_PLAN_MS
    if room.stage == "ended":
        return min(room.stage_started_at + KEPT_AFTER_END_MS, at_the_latest)
    return at_the_latest


def is_ahead(room: Room, now: int) -> bool:
    """Say whether the room's last event was seen by a clock that has been set back since."""
    return room.last_at - now > SET_BACK_MS


def wake_at(room: Room, now: int) -> int | None:
    """Return when some worker must look at the room, visited or not (ms)."""
    due = next_deadline(room)
    if connected(room):
        return min(due or now + LOOK_AGAIN_MS, now + LOOK_AGAIN_MS)
    return due
