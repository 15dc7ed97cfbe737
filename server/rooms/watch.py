"""Whether the store is there: heard by this worker's own pulse.

Every second a worker publishes a word to itself. Three seconds without hearing it,
while the worker's own loop was on time, mean that the store is away: nothing is
decided, nothing is called done. When it is heard again, the worker reads the
clock, leaves a sign of life (which tells how long nobody served), compares its
rooms with their logs, and only then serves again. A store that answers but does not
take a sign of life (no memory, no disk, read-only) is away in the same way, except
that a refusal is certain: nothing was stored.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from redis.asyncio import Redis

from server.rooms.defects import log, note_defect
from server.store.cluster import Cluster
from server.store.errors import LogUnavailable, StoreError, StoreRefused, translated
from server.store.life import (
    AWAY_SECONDS,
    BEAT_SECONDS,
    LEASE_SECONDS,
    RENEW_SECONDS,
    Life,
    Outage,
)
from server.store.master import Master
from server.store.redis_clock import RedisClock

# While it is away it is asked more often: people wait, and then ask again within a second.
AWAY_PULSE_SECONDS: Final = 0.25

# A decision on an older sign of life could miss an outage: with the 500 ms that may pass
# until the append, this stays under the three seconds from which on one is recorded.
FRESH_SECONDS: Final = 2.0

# How often the judgement is made, and from when on the loop itself counts as late.
JUDGE_SECONDS: Final = 0.25
LOOP_LATE_SECONDS: Final = 1.0


# After an outage, until everybody had the time to come back and the missing were judged:
# the lease, and the next looks at it.
SETTLING_MS: Final = int(LEASE_SECONDS * 1000) + 4_000


def worker_of(connection: str) -> str:
    """Return the worker that holds a connection."""
    return connection.rpartition(".")[0]


class StoreWatch:
    """Knows whether this worker may decide, and what time was lost."""

    def __init__(self, client: Redis, clock: RedisClock, life: Life, worker: str) -> None:
        """Begin as away: nothing is decided before the first sign of life."""
        self._client = client
        self._clock = clock
        self._life = life
        self._worker = worker
        self._heard_at = 0.0
        self._beat_at = 0.0
        self._beat_successions = 0
        self._renewed_at = 0.0
        self._recovering: asyncio.Task[None] | None = None
        self._judge_nobody_until = 0.0
        self.channel = f"tp:pulse:{worker}"
        self.away = True
        self._said_away = False  # at a start there is nothing to say
        # Why the store does not take what it is given; "" = it does, or does not answer.
        self.refusal = ""
        self.outages: tuple[Outage, ...] = ()
        self._living: set[str] = {worker}
        self.on_return: Callable[[], Awaitable[None]] | None = None
        self.on_decide: Callable[[], Awaitable[None]] | None = None
        self.on_change: list[Callable[[bool], None]] = []
        self.on_lost_time: Callable[[], None] | None = None

    @property
    def may_decide(self) -> bool:
        """Whether the store answers and the lost time is known."""
        return not self.away

    def ensure_may_decide(self) -> None:
        """Pass if anything may be decided.

        Raises: StoreRefused, LogUnavailable: why not.
        """
        if self.away:
            raise StoreRefused(self.refusal) if self.refusal else LogUnavailable("away")

    def may_judge(self) -> bool:
        """Whether leases can be trusted: not within one lease after an outage or a start."""
        return not self.away and asyncio.get_running_loop().time() >= self._judge_nobody_until

    def is_settling(self, now: int | None = None) -> bool:
        """Whether an outage ended so recently that people may still be on their way back."""
        if not self.outages:
            return False
        now = self._clock.now_ms() if now is None else now
        return now - self.outages[-1].until < SETTLING_MS

    def note_living(self, renewed: Mapping[str, int]) -> None:
        """Take note of the workers that have lived since the last outage."""
        since = self.outages[-1].until if self.outages else 0
        self._living |= {worker for worker, at in renewed.items() if at >= since}

    def is_connected(self, connection: str | None) -> bool:
        """Whether this connection is known to have outlived the last outage."""
        return connection is not None and worker_of(connection) in self._living

    def heard(self) -> None:
        """Note that the own pulse came back."""
        self._heard_at = asyncio.get_running_loop().time()
        if self.away and (self._recovering is None or self._recovering.done()):
            self._recovering = asyncio.create_task(self._recover())

    async def pulse(self) -> None:
        """Say a word to ourselves every second, and leave a sign of life, for ever.

        While the store is away the word is said more often.
        """
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                with translated():
                    if isinstance(self._client, Cluster):
                        await self._client.ping()  # every part of it, or it is away
                    await self._client.publish(self.channel, secrets.token_hex(4))
                if not self.away:
                    await self._live()
                    await self._renew()
            except StoreRefused as refused:
                self.refusal = refused.reason
                self._set_away(True)
            except StoreError:
                pass
            except Exception as error:
                note_defect("the pulse", error)
            pause = AWAY_PULSE_SECONDS if self.away else BEAT_SECONDS
            await asyncio.sleep(max(0.05, pause - (loop.time() - began)))

    async def _live(self) -> None:
        began, successions = asyncio.get_running_loop().time(), self._successions()
        outages = await self._life.beat()
        self.refusal = ""
        self._learn(outages)
        self._beat_at, self._beat_successions = began, successions

    async def know_lost_time(self) -> None:
        """Learn before a decision of an outage that no pulse has told of yet.

        It costs nothing unless this process, or the store, has just stood still, or another
        server is the store now, which need not have our last sign of life.
        Raises: LogUnavailable, StoreRefused.
        """
        is_fresh = asyncio.get_running_loop().time() - self._beat_at <= FRESH_SECONDS
        if not is_fresh or self._beat_successions != self._successions():
            await self._live()

    def _successions(self) -> int:
        client = self._client
        return client.successions if isinstance(client, (Cluster, Master)) else 0

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._renewed_at >= RENEW_SECONDS - BEAT_SECONDS / 2:
            await self._life.renew(self._worker, self._clock.now_ms())
            self._renewed_at = now

    async def judge(self) -> None:
        """Say when nothing of it was heard for too long, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(JUDGE_SECONDS)
            now = loop.time()
            if now - began - JUDGE_SECONDS > LOOP_LATE_SECONDS:
                self._heard_at = now  # We were late ourselves, and heard nobody.
            if not self.away and now - self._heard_at > AWAY_SECONDS:
                self._set_away(True)

    async def _recover(self) -> None:
        try:
            await self._clock.sync()
            await self._live()
            await self._life.renew(self._worker, self._clock.now_ms())
            self._judge_nobody_until = asyncio.get_running_loop().time() + LEASE_SECONDS
            if self.on_return is not None:
                await self.on_return()
        except StoreError as error:
            if isinstance(error, StoreRefused):
                self.refusal = error.reason
            return  # The next pulse that is heard tries again.
        except Exception as error:
            note_defect("the return of the store", error)
            return
        self.away = False
        try:
            # The lost time is given back first: else screens would show a clock that ran on.
            if self.on_decide is not None:
                await self.on_decide()
        except Exception as error:
            note_defect("giving time back", error)
        if not self.away:
            self._set_away(False)

    def _learn(self, outages: list[Outage]) -> None:
        if tuple(outages) == self.outages:
            return
        self.outages = tuple(outages)
        self._living = {self._worker}
        self._judge_nobody_until = asyncio.get_running_loop().time() + LEASE_SECONDS
        if not self.away and self.on_lost_time is not None:
            self.on_lost_time()

    def _set_away(self, away: bool) -> None:
        if away and self.away:
            return  # everybody was told
        if away:
            why = f"refuses: {self.refusal}" if self.refusal else "does not answer"
            log.warning("The store %s. Nothing is decided until it is back.", why)
        elif self._said_away:
            log.info("The store is back: the rooms go on.")
        self._said_away = self.away = away
        for tell in tuple(self.on_change):
            try:
                tell(away)
            except Exception as error:  # else one screen's defect would end the watch for all
                note_defect("telling of the store", error)
