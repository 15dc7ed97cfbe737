"""All rooms that this worker serves: their replicas, kept current, and `submit`.

A replica is fed by its own appends, by the channel of its log, and by a comparison
of positions every two seconds, because pub/sub forgets. Whoever needs a room opens
it, watches it, and lets it go; a room that nobody needs is forgotten after a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from server.rooms.decisions import Decisions
from server.rooms.defects import note_defect
from server.rooms.outcomes import Outcome
from server.rooms.replica import Gap, OtherHistory, Replica, replayed
from server.rooms.sharded_feed import AnyFeed
from server.rooms.watch import StoreWatch, worker_of
from server.store.errors import StoreError
from server.store.position import START, Position, end_of_message, parse_message
from server.store.redis_clock import RedisClock
from server.store.room_log import RoomLog, log_channel
from session_engine import Command, connected

# A pair: a lost message is repaired within COMPARE_SECONDS; a room that nobody needs
# is compared for at most FORGET_SECONDS more.
COMPARE_SECONDS: Final = 2.0
FORGET_SECONDS: Final = 30.0


class Rooms:
    """The rooms of one worker."""

    def __init__(self, log: RoomLog, clock: RedisClock, watch: StoreWatch, worker: str) -> None:
        """Join what a room needs; `feed` must be set before the first room is opened."""
        self.log = log
        self.clock = clock
        self.watch = watch
        self.worker = worker
        self.feed: AnyFeed | None = None
        self.on_open: list[Callable[[Replica], None]] = []
        self.on_close: list[Callable[[Replica], None]] = []
        self._replicas: dict[str, Replica] = {}
        self._decisions: dict[str, Decisions] = {}
        self._loading: dict[str, asyncio.Task[Replica]] = {}
        self._repairs: dict[str, asyncio.Task[None]] = {}
        self._repair_again: set[str] = set()
        self._unused_since: dict[str, float] = {}
        self._sessions_by_channel: dict[str, str] = {}

    # ---- Opening ------------------------------------------------------------------

    async def open(self, session: str) -> Replica:
        """Return the replica of a room, current as of now; `release` it later.

        `room` is None when there is no such log. Raises: LogUnavailable.
        """
        replica = self._replicas.get(session)
        if replica is None:
            task = self._loading.get(session)
            if task is None:
                task = asyncio.create_task(self._load(session))
                self._loading[session] = task
                task.add_done_callback(lambda _: self._loading.pop(session, None))
            replica = await asyncio.shield(task)
        self.keep(replica)
        return replica

    def keep(self, replica: Replica) -> None:
        """Need a room that is in memory for a while; `release` it later."""
        replica.users += 1
        self._unused_since.pop(replica.session, None)

    def release(self, replica: Replica) -> None:
        """Let go of a room that `open` returned or `keep` kept."""
        replica.users -= 1
        if replica.users == 0 and self._replicas.get(replica.session) is replica:
            self._unused_since[replica.session] = asyncio.get_running_loop().time()

    def opened(self) -> list[Replica]:
        """List the rooms in memory."""
        return list(self._replicas.values())

    def find(self, session: str) -> Replica | None:
        """Return a room that is in memory already."""
        return self._replicas.get(session)

    async def _load(self, session: str) -> Replica:
        replica = Replica(session)
        await self._read(replica)
        if replica.room is None:
            return replica  # No such log: it is not kept, nor listened to.
        self._replicas[session] = replica
        self._unused_since[session] = asyncio.get_running_loop().time()
        channel = log_channel(session)
        self._sessions_by_channel[channel] = session
        for tell in self.on_open:
            tell(replica)
        if self.feed is not None:
            self.feed.subscribe(channel)
        return replica

    # ---- Changing -----------------------------------------------------------------

    def submit(
        self, replica: Replica, command: Command, command_id: str = ""
    ) -> asyncio.Future[Outcome]:
        """Ask for a change; `command_id` "" is not remembered. Never waits to enqueue."""
        session = replica.session
        decisions = self._decisions.get(session)
        if decisions is None:
            decisions = Decisions(replica, self.log, self.clock, self.watch, self.catch_up)
            if self._replicas.get(session) is replica:
                self._decisions[session] = decisions
        return decisions.submit(command, command_id)

    async def drained(self) -> None:
        """Wait until every queue is empty."""
        for decisions in tuple(self._decisions.values()):
            await decisions.drained()
        await self.log.hinted()

    # ---- Staying current ----------------------------------------------------------

    def heard(self, channel: str, data: bytes) -> None:
        """Take what the channel of a log says."""
        replica = self._replicas.get(self._sessions_by_channel.get(channel, ""))
        if replica is None:
            return
        if replica.is_quiet:
            replica.put_off(partial(self.heard, channel, data))
            return
        if end_of_message(data) == replica.position:
            return  # Most often: it is our own, or came with an answer.
        message = parse_message(data)
        try:
            if replica.take(message.before, message.elements):
                replica.tell()
        except (Gap, OtherHistory):
            self.repair(replica)

    def subscribed(self, channel: str) -> None:
        """Take a confirmed subscription: something may have been missed before it."""
        replica = self._replicas.get(self._sessions_by_channel.get(channel, ""))
        if replica is not None:
            self.repair(replica)

    def repair(self, replica: Replica) -> asyncio.Task[None]:
        """Read what the log has beyond the replica, once at a time.

        A reading that is under way may have missed what it is asked for now: another follows.
        """
        task = self._repairs.get(replica.session)
        if task is not None and not task.done():
            self._repair_again.add(replica.session)
        else:
            task = asyncio.create_task(self._repair(replica))
            self._repairs[replica.session] = task
        return task

    async def _repair(self, replica: Replica) -> None:
        again = True
        try:
            while again:
                self._repair_again.discard(replica.session)
                if await self._read(replica):
                    replica.tell()
                again = replica.session in self._repair_again
        except StoreError:
            pass  # The comparison of positions comes back to it.
        except Exception as error:
            note_defect("reading a log", error)

    async def catch_up(self, replica: Replica) -> None:
        """Read the log to its end now. Raises: LogUnavailable."""
        if await self._read(replica):
            replica.tell()

    async def _read(self, replica: Replica) -> bool:
        """Bring a replica to the end of its log; say if it changed."""
        while True:
            after = replica.position
            elements = await self.log.read(replica.session, after)
            if elements is not None and (elements or after.version):
                goes_on = replica.position == after  # else it took some of them meanwhile
                became = await replayed(replica.room, elements) if goes_on else None
                try:
                    return replica.take(after, elements, became)
                except (Gap, OtherHistory):
                    pass
            had = replica.position
            whole = await self.log.read(replica.session, START)
            if whole is None:
                continue  # it became another one between two parts
            became = await replayed(None, whole)
            # Else it was mended meanwhile, and this may be older.
            if replica.position == had:
                replica.start_again(whole, became)
                return replica.position != had

    async def compare(self) -> None:
        """Compare all positions with the store's in one round trip; repair what differs.

        Raises: LogUnavailable.
        """
        replicas = self.opened()
        ends = await self.log.positions([replica.session for replica in replicas])
        behind = [
            replica
            for replica in replicas
            if (ends.get(replica.session) or Position(0, "")) != replica.position
        ]
        if behind:
            await asyncio.wait([self.repair(replica) for replica in behind])

    async def run(self) -> None:
        """Compare and forget, for ever."""
        while True:
            await asyncio.sleep(COMPARE_SECONDS)
            try:
                if self.watch.may_decide:
                    await self.compare()
                    self._forget_unused()
            except StoreError:
                pass
            except Exception as error:
                note_defect("the comparison", error)

    def _holds_somebody(self, session: str) -> bool:
        """Say whether the log has somebody connected here: first that must be put right."""
        replica = self._replicas.get(session)
        lines = connected(replica.room).values() if replica and replica.room else ()
        return any(worker_of(line) == self.worker for line in lines)

    def _forget_unused(self) -> None:
        now = asyncio.get_running_loop().time()
        for session, since in tuple(self._unused_since.items()):
            decisions = self._decisions.get(session)
            if now - since < FORGET_SECONDS or (decisions and not decisions.is_idle):
                continue
            if self._holds_somebody(session):
                continue
            del self._unused_since[session]
            self._decisions.pop(session, None)
            self._repairs.pop(session, None)
            self._repair_again.discard(session)
            replica = self._replicas.pop(session, None)
            if replica is None:
                continue
            for tell in self.on_close:
                tell(replica)
            channel = log_channel(session)
            self._sessions_by_channel.pop(channel, None)
            if self.feed is not None:
                self.feed.unsubscribe(channel)
