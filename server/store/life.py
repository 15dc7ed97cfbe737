"""Signs of life: of the whole service, to know its outages, and of each worker.

Time in which nobody served does not exist for a room. It is known afterwards from
the last sign of life: whoever beats first after more than three silent seconds
records the outage, in the same step.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from server.store.cluster import HOME_KEY
from server.store.data_directory import LEAST_FREE_BYTES
from server.store.errors import StoreRefused, translated
from server.store.script import Script

# A worker beats every second; three missed beats are an outage.
BEAT_SECONDS = 1.0
AWAY_SECONDS = 3.0
# As long as any room can still need an outage given back, and never an endless list.
REMEMBERED_SECONDS = 48 * 3600
REMEMBERED_OUTAGES = 50
# A lease: renewed every three seconds, lapsing after ten (two renewals may fail).
RENEW_SECONDS = 3.0
LEASE_SECONDS = 10.0

LIFE_KEY = HOME_KEY
OUTAGES_KEY = "tp:{life}:outages"


def lease_key(worker: str) -> str:
    """Return the key of a worker's lease; all lie on one node of a cluster."""
    return f"tp:{{workers}}:{worker}"


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which no worker served or the store did not answer (ms)."""

    since: int
    until: int


class Life:
    """Beats for the service and keeps the workers' leases.

    A worker beats successfully before it decides anything after its start and after the
    store was away. Every method raises `LogUnavailable` and `StoreRefused`.
    """

    def __init__(self, client: Redis, directory: Path | None = None) -> None:
        """Take the directory of a store whose disk is ours to look at."""
        self._client = client
        self._directory = directory
        self._beat = Script(client, "beat.lua")

    async def beat(self) -> list[Outage]:
        """Leave a sign of life; return the outages of the last two days, oldest first."""
        if self._directory:
            _look_at_disk(self._directory)
        with translated():
            answer = await self._beat(
                keys=[LIFE_KEY, OUTAGES_KEY],
                args=[int(AWAY_SECONDS * 1000), REMEMBERED_SECONDS * 1000, REMEMBERED_OUTAGES],
            )
        times = answer[1:]
        return [Outage(*pair) for pair in zip(times[::2], times[1::2], strict=True)]

    async def renew(self, worker: str, at: int = 0) -> None:
        """Take or renew the lease of a worker, which says that it lived at this time (ms)."""
        with translated():
            await self._client.set(lease_key(worker), at, px=int(LEASE_SECONDS * 1000))

    async def release(self, worker: str) -> None:
        """Give a lease back: the worker stops, others need not wait for it to lapse."""
        with translated():
            await self._client.delete(lease_key(worker))

    async def living(self, workers: Iterable[str]) -> dict[str, int]:
        """Return those of the workers whose lease has not lapsed, and when it was renewed (ms)."""
        asked = list(workers)
        if not asked:
            return {}
        with translated():
            found = await self._client.mget([lease_key(worker) for worker in asked])
        leases = zip(asked, found, strict=True)
        return {worker: int(lease) for worker, lease in leases if lease is not None}


def _look_at_disk(directory: Path) -> None:
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        raise StoreRefused(f"its directory cannot be looked at: {error.strerror}") from error
    if free < LEAST_FREE_BYTES:
        raise StoreRefused(f"less than {LEAST_FREE_BYTES >> 20} MB are free on its disk")
