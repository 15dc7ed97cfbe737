"""What wakes rooms: every replica at its next deadline, and rooms that nobody visits.

All workers with a room wake; the append lets one win. The worker of the person who
has the floor goes first, the others a moment later, so that most often only one asks.
"""

from __future__ import annotations

import asyncio
from typing import Final

from server.rooms.defects import note_defect
from server.rooms.draft import LOOK_AGAIN_MS, is_ahead, wake_at
from server.rooms.outcomes import Done
from server.rooms.presence import Presence
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.rooms.watch import worker_of
from server.store.errors import StoreError
from session_engine import Tick, next_deadline

# After the deadline, so that a clock a little ahead does not ask in vain.
MARGIN_SECONDS: Final = 0.002
OTHERS_WAIT_SECONDS: Final = 0.02
# A tick that changed nothing is not repeated faster than this.
AGAIN_SECONDS: Final = 0.1

# Rooms that nobody visits are late by design: who is in the room goes first.
WAKE_SECONDS: Final = 1.0
VISITED_FIRST_MS: Final = 1_500
WAKE_MAX: Final = 100
# The set of rooms to wake is a hint; it is rebuilt from the logs at the start and hourly.
REBUILD_SECONDS: Final = 3_600.0


class Ticker:
    """One timer for each room in memory, and the look at those that are not."""

    def __init__(self, rooms: Rooms, presence: Presence) -> None:
        """Watch every room that is opened."""
        self._rooms = rooms
        self._presence = presence
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self._ticking: set[asyncio.Task[None]] = set()
        rooms.on_open.append(self._opened)
        rooms.on_close.append(self._closed)

    def _opened(self, replica: Replica) -> None:
        replica.watchers.append(self.set_timer)
        self.set_timer(replica)

    def _closed(self, replica: Replica) -> None:
        replica.watchers.remove(self.set_timer)
        self._cancel(replica)

    def _cancel(self, replica: Replica) -> None:
        timer = self.timers.pop(replica.session, None)
        if timer is not None:
            timer.cancel()

    def set_timer(self, replica: Replica, at_least: float = 0.0) -> None:
        """Set the room's timer to its next deadline."""
        known = replica.room is not None and self._rooms.clock.known
        due = next_deadline(replica.room) if known else None
        if due is None:
            self._cancel(replica)
            return
        wait = max(0.0, (due - self._rooms.clock.now_ms()) / 1000) + MARGIN_SECONDS
        if not self._goes_first(replica):
            wait += OTHERS_WAIT_SECONDS
        loop = asyncio.get_running_loop()
        # A timer of days would be of no use: the clock is looked at again in an hour.
        at = loop.time() + min(max(wait, at_least), REBUILD_SECONDS)
        timer = self.timers.get(replica.session)
        if timer is None or abs(timer.when() - at) > MARGIN_SECONDS / 2:
            self._cancel(replica)
            self.timers[replica.session] = loop.call_at(at, self._fire, replica)

    def _goes_first(self, replica: Replica) -> bool:
        room = replica.room
        if room is None or room.turn is None:
            return False
        holder = room.people[room.turn.person]
        return holder.connection is not None and (
            worker_of(holder.connection) == self._rooms.worker
        )

    def _fire(self, replica: Replica) -> None:
        self.timers.pop(replica.session, None)
        task = asyncio.create_task(self._tick(replica))
        self._ticking.add(task)
        task.add_done_callback(self._ticking.discard)

    async def _tick(self, replica: Replica) -> None:
        outcome = None
        try:
            outcome = await self._rooms.submit(replica, Tick())
        except Exception as error:
            note_defect("a tick", error)
        if self.timers.get(replica.session) is None and self._rooms.find(replica.session):
            self.set_timer(replica, AGAIN_SECONDS if isinstance(outcome, Done) else 1.0)

    def tick_all(self) -> None:
        """Let every room in memory look at the time: some of it was given back."""
        for replica in self._rooms.opened():
            self._fire(replica)

    async def ticked_all(self) -> None:
        """Do the same and wait for it."""
        self.tick_all()
        if self._ticking:
            await asyncio.wait(self._ticking)

    async def run(self) -> None:
        """Wake rooms that nobody visits, and those whose clock was set back, for ever."""
        loop = asyncio.get_running_loop()
        rebuilt_at: float | None = None
        while True:
            await asyncio.sleep(WAKE_SECONDS)
            if not self._rooms.watch.may_decide:
                continue
            try:
                if rebuilt_at is None or loop.time() - rebuilt_at > REBUILD_SECONDS:
                    await self._rooms.log.rebuild_wake()
                    rebuilt_at = loop.time()
                self._tick_ahead()
                await self._wake_due()
            except StoreError:
                pass
            except Exception as error:
                note_defect("waking rooms", error)

    def _tick_ahead(self) -> None:
        now = self._rooms.clock.now_ms()
        for replica in self._rooms.opened():
            if replica.room is not None and is_ahead(replica.room, now):
                self._fire(replica)

    async def _wake_due(self) -> None:
        now = self._rooms.clock.now_ms()
        for session in await self._rooms.log.due(now - VISITED_FIRST_MS, WAKE_MAX):
            try:
                await self._wake(session)
            except StoreError:
                raise
            except Exception as error:
                # It would be the first in the set for ever, and keep all others from waking.
                note_defect("waking a room", error)
                await self._rooms.log.set_wake(session, now + LOOK_AGAIN_MS)

    async def _wake(self, session: str) -> None:
        replica = await self._rooms.open(session)
        try:
            await self._woken(replica)
        finally:
            self._rooms.release(replica)

    async def _woken(self, replica: Replica) -> None:
        if replica.room is None:
            await self._rooms.log.forget_wake(replica.session)
            return
        before = replica.position
        await self._rooms.submit(replica, Tick())
        await self._presence.judge([replica])
        if replica.position == before:
            room, now = replica.room, self._rooms.clock.now_ms()
            await self._rooms.log.set_wake(replica.session, wake_at(room, now))
