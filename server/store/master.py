"""The master that sentinels name, among servers of which it is one for now.

Rule 1: before every connection all sentinels are asked which server it is, and who has heard
        of the newest election is believed. When none of them answers it is who it was.
Rule 2: they are asked every second, too. A master that stands still, or that comes back after
        it was cut off, believes that it is one yet: with lines to both, a worker would read
        one history now and the other then. So lines to who is none any more are broken off.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from server.store.line import Place, hang_up

ASK_SECONDS: Final = 1.0


class NobodyAnswers(MasterNotFoundError):  # noqa: N818
    """No sentinel can be reached."""


class Sentinels(Sentinel):
    """Those who know the master, asked together."""

    async def discover_master(self, service_name: str) -> Place:
        """Return where the master is. Raises: MasterNotFoundError, NobodyAnswers."""
        asked = (one.sentinel_masters() for one in self.sentinels)
        answers: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
        heard = [answer for answer in answers if not isinstance(answer, BaseException)]
        if not heard:
            raise NobodyAnswers(f"no sentinel answers: {answers}")
        states = [state for answer in heard if (state := answer.get(service_name))]
        found = [state for state in states if self.check_master_state(state, service_name)]
        if not found:
            raise MasterNotFoundError(f"the sentinels know of no master {service_name!r}")
        newest = max(found, key=lambda state: state["config-epoch"])
        return newest["ip"], newest["port"]


class MasterPool(SentinelConnectionPool):
    """Lines to the master, and to nobody else."""

    successions = 0

    async def get_master_address(self) -> Any:
        """Ask the sentinels. Raises: MasterNotFoundError."""
        before: Any = self.master_address
        try:
            now = await super().get_master_address()  # type: ignore[no-untyped-call]
        except NobodyAnswers:
            if before is None:
                raise
            return before
        if before not in (None, now):
            self.successions += 1
            hang_up(self, keep=now)
        return now


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
