"""The store's clock, as a worker knows it: the only clock that counts.

The worker's own wall clock is never read: with one that is minutes off, turns
would be shorter or longer than agreed.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from redis.asyncio import Redis

from server.store.errors import StoreError, translated

# The error of a sample is at most half its round trip; the quickest of a few is good enough.
SAMPLES = 5
REFRESH_SECONDS = 5.0
# A slow sample is worse than an older good one, for as long as clocks do not drift apart:
# 50 parts in a million make 3 ms in a minute.
SLOW_SECONDS = 0.05
TRUSTED_SECONDS = 60.0
# Two samples that differ by more than their errors and this are of clocks that were set apart.
DRIFT_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the store's clock, in seconds."""

    offset: float
    round_trip: float
    taken: float

    def contradicts(self, other: Sample) -> bool:
        """Say whether both cannot be true: the clock was set, or it is another store's."""
        error = (self.round_trip + other.round_trip) / 2 + DRIFT_SECONDS
        return abs(self.offset - other.offset) > error


class RedisClock:
    """Keeps the offset between this process' monotonic clock and the store's."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._best: Sample | None = None

    @property
    def known(self) -> bool:
        """Whether the store's clock has been seen at all."""
        return self._best is not None

    def now_ms(self) -> int:
        """Return the store's time in ms.

        Raises:
            RuntimeError: before the first `sync`.
        """
        if self._best is None:
            raise RuntimeError("The store's clock has not been read yet.")
        return int((time.monotonic() + self._best.offset) * 1000)

    async def sync(self) -> None:
        """Look at the store's clock again.

        Raises:
            LogUnavailable: when the store does not answer; the old offset stays.
        """
        with translated():
            best = min(
                [await self._sample() for _ in range(SAMPLES)], key=lambda sample: sample.round_trip
            )
        held = self._best
        if (
            held is None
            or best.round_trip <= max(SLOW_SECONDS, held.round_trip)
            or best.taken - held.taken > TRUSTED_SECONDS
            or best.contradicts(held)
        ):
            self._best = best

    async def _sample(self) -> Sample:
        before = time.monotonic()
        seconds, microseconds = await self._client.time()
        after = time.monotonic()
        middle = (before + after) / 2
        return Sample(seconds + microseconds / 1_000_000 - middle, after - before, after)

    async def run(self) -> None:
        """Look again every few seconds, for ever; a store that is away is asked again."""
        while True:
            try:
                await self.sync()
            except StoreError:
                pass
            await asyncio.sleep(REFRESH_SECONDS)
