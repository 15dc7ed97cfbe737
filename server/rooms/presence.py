"""Who is connected where: connections of this worker, and those of dead workers.

A connection is named "<worker>.<n>", and the log's PersonArrived holds that name,
so the log itself says which worker a person is on. A worker answers for its own
connections; when a worker's lease has lapsed, any other drops its people.
Unknown is never taken for empty: without an answer about leases nobody is judged,
nor within one full lease after an outage or the own start.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final

from server.rooms.defects import note_defect
from server.rooms.outcomes import Outcome, Unknown
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.rooms.watch import worker_of
from server.store.errors import StoreError
from server.store.life import Life
from session_engine import Arrive, ConnectionId, Drop, PersonId, connected

# Ghosts are dropped a lease (10 s) and this after the kill of their worker, at the latest.
JUDGE_SECONDS: Final = 1.0
# A client comes back after up to half a second. Who does it while their worker is relieved was
# never away: their turn goes on, and is not held as by a drop.
HAND_OVER_SECONDS: Final = 1.0
# After an outage it matters soon who is still there: until then clocks stand.
SETTLING_SECONDS: Final = 0.25

Held = tuple[Replica, PersonId, ConnectionId]  # who is on which line, in which room


def _lines_of(replicas: Sequence[Replica]) -> list[Held]:
    return [
        (replica, person, connection)
        for replica in replicas
        if replica.room is not None
        for person, connection in connected(replica.room).items()
    ]


class Presence:
    """Arrivals and drops of this worker's sockets, and the judgement on others."""

    def __init__(self, rooms: Rooms, life: Life) -> None:
        """Begin without connections."""
        self._rooms = rooms
        self._life = life
        self._numbers = itertools.count(1)
        self._own: set[str] = set()
        self._handing_over = False

    def new_connection(self) -> ConnectionId:
        """Name a new connection of this worker."""
        connection = ConnectionId(f"{self._rooms.worker}.{next(self._numbers)}")
        self._own.add(connection)
        return connection

    def arrive(
        self, replica: Replica, person: PersonId, connection: ConnectionId, *, again: bool = False
    ) -> asyncio.Future[Outcome]:
        """Make a connection the current one of a person; `again`: unless they have a newer one."""
        arrive = Arrive(person=person, connection=connection, again=again)
        return self._rooms.submit(replica, arrive)

    def drop(self, replica: Replica, person: PersonId, connection: ConnectionId) -> None:
        """Say that a connection is gone; if the store is away, `judge` says it later."""
        if self._handing_over:
            loop = asyncio.get_running_loop()
            loop.call_later(HAND_OVER_SECONDS, self._drop, replica, person, connection)
        else:
            self._drop(replica, person, connection)

    def _drop(self, replica: Replica, person: PersonId, connection: ConnectionId) -> None:
        self._own.discard(connection)
        self._rooms.submit(replica, Drop(person=person, connection=connection))

    async def judge(self, replicas: Sequence[Replica]) -> None:
        """Drop the people whose worker is dead, and those whom a drop of ours missed.

        Raises: LogUnavailable.
        """
        watch = self._rooms.watch
        if watch.away or (not watch.may_judge() and not watch.is_settling()):
            return
        held = _lines_of(replicas)
        others = {worker_of(connection) for _, _, connection in held} - {self._rooms.worker}
        living = await self._life.living(sorted(others))
        watch.note_living(living)
        for replica, person, connection in held:
            worker = worker_of(connection)
            if worker == self._rooms.worker:
                gone = connection not in self._own
            else:
                gone = watch.may_judge() and worker not in living
            if gone:
                self._rooms.submit(replica, Drop(person=person, connection=connection))

    async def run(self) -> None:
        """Judge the rooms in memory, for ever."""
        while True:
            settling = self._rooms.watch.is_settling()
            await asyncio.sleep(SETTLING_SECONDS if settling else JUDGE_SECONDS)
            try:
                await self.judge(self._rooms.opened())
            except StoreError:
                pass
            except Exception as error:
                note_defect("presence", error)

    def hand_over(self) -> None:
        """Expect from now on that who loses their socket here comes back on another worker."""
        self._handing_over = True

    def _still_here(self) -> list[Held]:
        held = _lines_of(self._rooms.opened())
        return [one for one in held if worker_of(one[2]) == self._rooms.worker]

    async def leave_all(self) -> None:
        """Drop every own connection: this worker stops."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + (HAND_OVER_SECONDS if self._handing_over else 0.0)
        while loop.time() < ends and self._still_here():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        self._own.clear()
        waiting = [
            self._rooms.submit(replica, Drop(person=person, connection=connection))
            for replica, person, connection in self._still_here()
        ]
        for future in waiting:
            if isinstance(await future, Unknown):
                return
