"""The master that sentinels name, among servers of which it is one for now.

Rule 1: before every connection the sentinels are asked which server it is, and who has heard
        of the newest election is believed, but not the sentinel that carries it out: it names
        the old master until all replicas follow the new one. When no such sentinel answers it is
        who it was.
Rule 2: they are asked every second, too. A master that stands still, or that comes back after
        it was cut off, believes that it is one yet: with lines to both, a worker would read
        one history now and the other then. So lines to who is none any more are broken off.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from server.store.line import Place, forget, hang_up

ASK_SECONDS: Final = 1.0
# Sentinels tell each other every 2 s. Those that were set up anew begin to count at 0.
REMEMBERED_SECONDS: Final = 60.0
# What a sentinel says of a master while it puts another in its place.
ELECTING: Final = "failover_in_progress"


class NobodyKnows(MasterNotFoundError):  # noqa: N818
    """No sentinel can be reached that has heard of the newest election."""


class Sentinels(Sentinel):
    """Those who know the master, asked together; most of them are waited for."""

    _newest = 0  # the newest election that was heard of
    _newest_at = 0.0

    async def discover_master(self, service_name: str) -> Place:
        """Return where the master is. Raises: MasterNotFoundError, NobodyKnows."""
        answers, why_not = await self._answers()
        states = [state for answer in answers if (state := answer.get(service_name))]
        if time.monotonic() - self._newest_at > REMEMBERED_SECONDS:
            self._newest = 0
        newest = max([self._newest, *(state["config-epoch"] for state in states)])
        if any(state["config-epoch"] == newest for state in states):
            self._newest, self._newest_at = newest, time.monotonic()
        knowing = [
            state
            for state in states
            if state["config-epoch"] == newest and ELECTING not in state["flags"]
        ]
        if not knowing:
            raise NobodyKnows(f"no sentinel says who is the master {service_name!r} {why_not}")
        for state in knowing:
            if self.check_master_state(state, service_name):
                return state["ip"], state["port"]
        raise MasterNotFoundError(f"the sentinels know of no master {service_name!r}")

    async def _answers(self) -> tuple[list[Any], list[BaseException]]:
        """Ask all; return what was said when most have answered, and why others did not."""
        asked = {asyncio.ensure_future(one.sentinel_masters()) for one in self.sentinels}
        answers: list[Any] = []
        why_not: list[BaseException] = []
        while asked and 2 * len(answers) <= len(self.sentinels):
            done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                if error := one.exception():
                    why_not.append(error)
                else:
                    answers.append(one.result())
        forget(asked)
        return answers, why_not


class MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Lines to the master, and to nobody else; who finds all of them in use waits."""

    successions = 0

    async def get_master_address(self) -> Any:
        """Ask the sentinels. Raises: MasterNotFoundError."""
        try:
            now = await self.sentinel_manager.discover_master(self.service_name)
        except NobodyKnows:
            if self.master_address is None:
                raise
            return self.master_address
        if now != self.master_address:
            self.successions += self.master_address is not None
            self.master_address = now
            hang_up(self, keep=now)
            for idle in tuple(self._available_connections):
                await idle.disconnect(nowait=True)  # a silent server says no goodbye
        return now


class ToMaster:
    """A line of such a pool, before the library's own kind."""

    connection_pool: Any

    async def connect_to(self, address: Any) -> None:
        """Connect. Raises: ConnectionError, also when another is the master by then."""
        library: Any = super()
        await library.connect_to(address)
        if self.connection_pool.master_address != address:
            line: Any = self
            await line.disconnect(nowait=True)
            raise redis_errors.ConnectionError("another server is the master now")


class Master(Redis):
    """A client of the master; closing it closes the lines to the sentinels, too."""

    @property
    def successions(self) -> int:
        """How often another server was found to be it."""
        pool: Any = self.connection_pool
        return int(pool.successions)

    async def follow(self) -> None:
        """Ask who it is, for ever."""
        pool: Any = self.connection_pool
        while True:
            try:
                await pool.get_master_address()
            except (redis_errors.RedisError, OSError):
                pass  # they know of none just now
            await asyncio.sleep(ASK_SECONDS)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections."""
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()
