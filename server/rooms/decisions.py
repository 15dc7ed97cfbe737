"""The one way to change a room: a queue, decided in order, appended as one batch.

Rule 1: what waits is decided on the replica as it stands, in order, and appended
        at the position it was decided on; a conflict brings what was missing and
        all of it is decided again, for up to DECIDE_SECONDS, then it is unknown.
Rule 2: nothing is called done before the store has said so, and nothing refused
        before the store has said that the replica was current and that the same
        id was not accepted before: a repeated "next" is done, not stale.
Rule 3: time that the service was away is given back before anything else happens, and a clock
        that was set back is followed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from server.rooms.covering import Covering
from server.rooms.defects import note_defect
from server.rooms.draft import Draft, Job, expires_at, is_ahead, wake_at
from server.rooms.outcomes import UNKNOWN, NotDone, Outcome, not_done
from server.rooms.replica import Gap, OtherHistory, Replica
from server.store.errors import LogUnavailable, StoreError, StoreRefused
from server.store.life import Outage
from server.store.position import Position, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, Conflict, Late, NotDue, Repeated, RoomLog
from session_engine import ClockSetBack, Command, Refused, TimeLost

DECIDE_SECONDS: Final = 2.0
BATCH_MAX: Final = 64

# A time that no clock of today shows: the append then answers what it knows of the
# ids and the position, and can store nothing.
NEVER_MS: Final = 0


class DecisionFailed(Exception):  # noqa: N818
    """A defect while deciding: logged, and nothing was changed."""


class Service(Protocol):
    """What a decision must know about the store at large."""

    def ensure_may_decide(self) -> None:
        """Pass if the store answers and takes what it is given. Raises: StoreError."""

    @property
    def outages(self) -> tuple[Outage, ...]:
        """The times in which the service was away, oldest first."""

    async def know_lost_time(self) -> None:
        """Learn of an outage that has only just ended. Raises: StoreError."""

    def is_settling(self, now: int | None = None) -> bool:
        """Whether the last outage was so recent that people may still be coming back."""

    def is_connected(self, connection: str | None) -> bool:
        """Whether a connection is known to have outlived the last outage."""


class Decisions:
    """The queue of one room on this worker."""

    def __init__(
        self,
        replica: Replica,
        log: RoomLog,
        clock: RedisClock,
        service: Service,
        reload: Callable[[Replica], Coroutine[Any, Any, None]],
    ) -> None:
        """Take the copy to decide on; `reload` reads its log to the end."""
        self._replica = replica
        self._log = log
        self._clock = clock
        self._service = service
        self._reload = reload
        self._covering = Covering(replica.session, log)
        self._waiting: deque[Job] = deque()
        self._running: asyncio.Task[None] | None = None

    def submit(self, command: Command, command_id: str) -> asyncio.Future[Outcome]:
        """Put a command at the end of the queue; the future gives its outcome.

        It raises DecisionFailed for a defect.
        """
        job = Job(command, command_id, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return job.future

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        running = self._running is not None and not self._running.done()
        return not self._waiting and not running and self._covering.is_idle

    async def drained(self) -> None:
        """Wait until all that was submitted has its outcome."""
        if self._running is not None:
            await asyncio.wait({self._running})
        await self._covering.drained()

    # ---- The batch ----------------------------------------------------------------

    async def _run(self) -> None:
        while self._waiting:
            batch = self._take()
            try:
                try:
                    await self._settle(batch)
                except StoreRefused:
                    await self._refuse(batch)
            except StoreError:
                _give_up(batch, UNKNOWN)
            except Exception as error:
                note_defect("a decision", error)
                for job in batch:
                    job.fail(DecisionFailed())

    def _take(self) -> list[Job]:
        """Take the next jobs; the same id never twice in a batch."""
        batch: list[Job] = []
        ids: set[str] = set()
        while self._waiting and len(batch) < BATCH_MAX:
            if self._waiting[0].command_id in ids:
                break
            job = self._waiting.popleft()
            batch.append(job)
            if job.command_id:
                ids.add(job.command_id)
        return batch

    async def _settle(self, jobs: list[Job]) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + DECIDE_SECONDS
        while jobs := [job for job in jobs if not job.is_settled]:
            self._service.ensure_may_decide()
            if loop.time() > ends:
                raise LogUnavailable("nothing but conflicts")
            if self._replica.room is None:
                for job in jobs:
                    job.settle(NotDone("ended"))
                return
            await self._service.know_lost_time()
            jobs = [job for job in jobs if not job.future.done()]  # the others gave up
            draft = self._draft(jobs)
            jobs = [job for job in jobs if not job.future.done()]
            try:
                jobs = await self._attempt(jobs, draft)
            except (Gap, OtherHistory):  # read anew while the answer came: it may be lost
                await self._reload(self._replica)

    def _draft(self, jobs: list[Job]) -> Draft:
        room = self._replica.room
        assert room is not None
        draft = Draft(room, self._replica.position, self._clock.now_ms())
        if is_ahead(room, draft.now):
            draft.decide(ClockSetBack(to=draft.now), "")
        self._give_time_back(draft)
        for job in jobs:
            job.verdict, job.record = None, None
            made = len(draft.records)
            try:
                draft.decide(job.command, job.command_id)
                job.record = made if len(draft.records) > made else None
            except Refused as refused:
                job.verdict = not_done(refused)
            except Exception as error:
                # A defect of one command is nobody else's: the batch goes on without it.
                note_defect("a decision", error)
                job.fail(DecisionFailed())
        return draft

    def _give_time_back(self, draft: Draft) -> None:
        for outage in self._service.outages:
            room = draft.room
            if outage.until > max(room.lost_until, room.last_at):
                draft.decide(TimeLost(since=outage.since, until=outage.until), "")
        self._wait_for_the_holder(draft)

    def _wait_for_the_holder(self, draft: Draft) -> None:
        """Charge nobody for the time that they need to come back after an outage.

        Until the person whose turn it is has arrived again, or was judged absent,
        every decision gives back the time since the last one.
        """
        turn = draft.room.turn
        if turn is None or not self._service.is_settling(draft.now):
            return
        if not self._service.is_connected(draft.room.people[turn.person].connection):
            since = self._service.outages[-1].until
            draft.decide(TimeLost(since=since, until=draft.now), "")

    async def _attempt(self, jobs: list[Job], draft: Draft) -> list[Job]:
        """Try to store the draft; return the jobs that must be decided again."""
        refused = [job for job in jobs if job.verdict is not None]
        if not draft.records:
            if not any(job.command_id for job in refused):
                return self._agree(jobs, draft.position)
            return await self._look(jobs, draft, [job for job in refused if job.command_id])
        self._replica.hush()  # Who leaves is told what became of it, then closed.
        try:
            answer = await self._append(draft)
            match answer:
                case Appended():
                    self._take_appended(jobs, draft, answer)
                case Repeated():
                    ids = [record.command_id for record in draft.records]
                    jobs = await self._settle_repeated(jobs, ids, answer)
        except LogUnavailable:
            _give_up(jobs, UNKNOWN)
            raise
        except StoreRefused:
            await self._refuse(jobs)
            return []
        finally:
            self._replica.speak()
        match answer:
            case Appended():
                await self._settle_refused(refused, draft)
                return []
            case Repeated():
                return jobs
        await self._catch_up(draft, answer)
        return jobs

    async def _append(self, draft: Draft) -> Appended | Repeated | Conflict | Late | NotDue:
        return await self._log.append(
            self._replica.session,
            draft.position,
            draft.records,
            decided_at=draft.now,
            due_at=draft.due_at,
            expires_at_ms=expires_at(draft.room),
            wake_at=wake_at(draft.room, draft.now),
        )

    def _take_appended(self, jobs: list[Job], draft: Draft, answer: Appended) -> None:
        payloads = (record.payload for record in draft.records)
        elements = list(zip(answer.positions, payloads, strict=True))
        changed = self._replica.take(draft.position, elements, draft.room)
        for job in jobs:
            if job.verdict is None:
                at = -1 if job.record is None else job.record
                self._covering.settle(job, answer.positions[at])
        if changed:
            self._replica.tell()

    async def _refuse(self, jobs: list[Job]) -> None:
        """Refuse what the store does not take, except for what it took before."""
        asked = [job for job in jobs if job.command_id and not job.is_stored]
        try:
            found = await self._log.find(self._replica.session, [job.command_id for job in asked])
        except StoreError:
            _give_up(jobs, UNKNOWN)
            return
        for job in asked:
            if job.command_id in found:
                try:
                    await self._found(job, found[job.command_id])
                except (Gap, OtherHistory):
                    job.settle(UNKNOWN)  # of a history that this copy does not know
                except StoreError:
                    _give_up(jobs, UNKNOWN)
                    return
        _give_up(jobs, NotDone("cannot_store"))

    async def _settle_refused(self, refused: list[Job], draft: Draft) -> None:
        """Settle what was refused beside records that were stored: the copy was current."""
        remembered = [job for job in refused if job.command_id]
        if remembered:
            answered = await self._ask(draft.position, remembered)
            if isinstance(answered, Repeated):
                ids = [job.command_id for job in remembered]
                refused = await self._settle_repeated(refused, ids, answered)
        for job in refused:
            job.settle(job.verdict or UNKNOWN)

    async def _found(self, job: Job, at: Position) -> None:
        """Settle what the log holds already; nothing is called done that was not read.

        Raises: Gap, OtherHistory, StoreError.
        """
        was_quiet = self._replica.is_quiet
        self._replica.hush()  # as with records of our own: first the answer
        try:
            if at.version > self._replica.position.version:
                await self._reload(self._replica)
            self._replica.compare(at)
            self._covering.settle(job, at, repeated=True)
        finally:
            if not was_quiet:
                self._replica.speak()

    async def _settle_repeated(
        self, jobs: list[Job], ids: Sequence[str], answer: Repeated
    ) -> list[Job]:
        """Settle what the log holds already, of the ids that were asked; return the other jobs."""
        places = {ids[index]: at for index, at in answer.positions.items() if at and ids[index]}
        for job in jobs:
            if job.command_id in places:
                await self._found(job, places[job.command_id])
        return [job for job in jobs if job.command_id not in places]

    def _agree(self, jobs: list[Job], at: Position) -> list[Job]:
        for job in jobs:
            if job.verdict is None:
                self._covering.settle(job, at)
            else:
                job.settle(job.verdict)
        return []

    async def _look(self, jobs: list[Job], draft: Draft, refused: list[Job]) -> list[Job]:
        """Ask the store whether refusals are right: current, and not a repetition."""
        answer = await self._ask(draft.position, refused)
        match answer:
            case Late():
                return self._agree(jobs, draft.position)
            case Repeated():
                ids = [job.command_id for job in refused]
                return await self._settle_repeated(jobs, ids, answer)
        await self._catch_up(draft, answer)
        return jobs

    async def _ask(
        self, position: Position, jobs: list[Job]
    ) -> Appended | Repeated | Conflict | Late | NotDue:
        return await self._log.append(
            self._replica.session,
            position,
            [Record(job.command_id, b"") for job in jobs],
            decided_at=NEVER_MS,
            due_at=0,
            expires_at_ms=0,
            wake_at=None,
        )

    async def _catch_up(self, draft: Draft, answer: object) -> None:
        match answer:
            case Conflict(missing) if missing is not None:
                try:
                    if self._replica.take(draft.position, missing):
                        self._replica.tell()
                except (Gap, OtherHistory):
                    await self._reload(self._replica)
            case Conflict():
                await self._reload(self._replica)
            case Late():
                await self._clock.sync()
            case NotDue(now):
                # For what was taken as passed: the room itself may have gone on meanwhile.
                await asyncio.sleep(max(1, draft.due_at - now) / 1000)


def _give_up(jobs: list[Job], outcome: Outcome) -> None:
    for job in jobs:
        if not job.is_stored:
            job.settle(outcome)
