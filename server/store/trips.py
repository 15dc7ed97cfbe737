"""Commands of many rooms, sent together in one trip to the store, on one line.

A command that finds nobody on the way goes at once; those that come meanwhile go together
in the next trip. Under load that costs a fifth of a trip for each, and a store that syncs
its disk does so once for all of them.

Rule 1: a trip lasts no longer than its patience, opening the line included.
Rule 2: a store that is silent for one trip is so for those who wait behind it: they would be
        told the same, each trip later. A line that breaks says nothing of the next.
Rule 3: a line that was hung up, or has said something strange, is opened anew for the next
        trip: with sentinels that finds the master of now.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from hiredis import pack_command
from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelManagedConnection
from redis.exceptions import ConnectionError as LineBroken
from redis.exceptions import ReadOnlyError, ResponseError

from server.store.client import TIMEOUT_SECONDS
from server.store.cluster import Cluster
from server.store.line import HungUp, Line, connected

# More would only make the first of them wait for the last.
COMMANDS_MAX: Final = 64
SILENT: Final = (TimeoutError, redis_errors.TimeoutError)

Waiting = tuple[bytes, asyncio.Future[Any]]  # a command as it is sent, and its answer


class Trips:
    """One trip at a time."""

    def __init__(self, client: Redis, patience_s: float) -> None:
        """Take a client of one server, and how long a trip may last."""
        self._pool: Any = client.connection_pool
        self._patience_s = patience_s
        self._connection: Any = None
        self._line: Line | None = None
        self._is_strange = False
        self._waiting: list[Waiting] = []
        self._party: list[asyncio.Future[Any]] = []  # those on the way, the next answer's last
        self._opening: asyncio.Task[None] | None = None
        self._door = asyncio.Lock()  # one opening at a time: two lines would mix up their answers
        self._patience: asyncio.TimerHandle | None = None  # of the trip that is under way

    async def execute_command(self, *words: Any) -> Any:
        """Send a command with the next trip; raises what the client raises."""
        packed = pack_command(words)  # a word that is none is the fault of this command alone
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((packed, answer))
        if self._patience is None:
            self._depart()
        return await answer

    async def publish(self, channel: str, message: bytes) -> Any:
        """Publish with the next trip."""
        return await self.execute_command("PUBLISH", channel, message)

    # ---- A trip -------------------------------------------------------------------

    def _depart(self) -> None:
        loop = asyncio.get_running_loop()
        trip = self._patience = loop.call_later(self._patience_s, self._lose_patience)
        if self._line is not None and self._line.is_open:
            self._send(self._line)
        else:
            self._opening = loop.create_task(self._open(trip))

    async def _open(self, trip: asyncio.TimerHandle) -> None:
        """Open the line for a trip, whose patience may end meanwhile.

        The library can miss that it is cancelled: whoever opens for a trip before may be at it
        still, and goes first.
        """
        try:
            async with self._door:
                line = self._line = await self._opened()
        except Exception as error:
            if self._patience is trip:
                everybody = isinstance(error, SILENT)
                self._end(
                    error, self._next_party(len(self._waiting) if everybody else COMMANDS_MAX)
                )
        else:
            if self._patience is trip:
                self._send(line)

    async def _opened(self) -> Line:
        """Return the line, opened anew unless it is open."""
        if self._line is not None and self._line.is_open:
            return self._line
        self._connection = await connected(self._pool, self._connection)
        self._is_strange = False
        return Line(self._connection, self._take, self._break_off)

    def _next_party(self, most: int = COMMANDS_MAX) -> list[Waiting]:
        party, self._waiting = self._waiting[:most], self._waiting[most:]
        return party

    def _send(self, line: Line) -> None:
        party = self._next_party()
        self._party = [answer for _, answer in reversed(party)]
        line.write([packed for packed, _ in party])

    def _take(self, said: Any) -> None:
        """Give the next in the party their answer; the last one ends the trip."""
        if not self._party:  # nobody asked
            self._cut()
            return
        answer = self._party.pop()
        if isinstance(said, Exception):
            said = self._understand(said)
            if not answer.done():
                answer.set_exception(said)
        elif not answer.done():  # else nobody waits any more
            answer.set_result(said)
        if not self._party:
            if self._is_strange:
                self._cut()
            self._go_on()

    def _understand(self, said: Exception) -> Exception:
        """Return what an answer means that is an error."""
        if isinstance(said, ReadOnlyError) and isinstance(
            self._connection, SentinelManagedConnection
        ):
            said = LineBroken("The master is one no more.")
        self._is_strange = self._is_strange or not isinstance(said, ResponseError)
        return said

    # ---- Its end ------------------------------------------------------------------

    def _break_off(self) -> None:
        """The line is lost: what was done for those who have no answer is not known."""
        if self._party:
            self._end(HungUp(), [])

    def _lose_patience(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        self._cut()
        everybody, self._waiting = self._waiting, []
        self._end(TimeoutError(), everybody)

    def _cut(self) -> None:
        if self._line is not None:
            self._line.cut()

    def _end(self, error: Exception, others: list[Waiting]) -> None:
        """Give this to all who are on the way, and to these."""
        party, self._party = self._party, []
        for answer in (*reversed(party), *(answer for _, answer in others)):
            if not answer.done():
                answer.set_exception(error)
        self._go_on()

    def _go_on(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._waiting:
            self._depart()


def in_trips(client: Redis) -> Redis | Trips:
    """Return what sends a client's commands together: not a cluster's, whose keys share no line."""
    return client if isinstance(client, Cluster) else Trips(client, TIMEOUT_SECONDS)
