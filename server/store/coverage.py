"""Whether replicas have what a room's log holds, up to a position.

A store acknowledges before its replicas have heard of it, so a failover may lose the
last moment. For a few facts that is not good enough: a seat given, a removal, a call for
support. They are covered when a replica has them on its disk (WAITAOF; before Redis 7.2,
which has no such command, in its memory: WAIT).

WAITAOF counts what its own connection wrote. So one connection asks that the log there
holds the position, writes a small key behind it, and waits for that: what stands before
it in the stream of the same server is then covered, too. The store may have changed since
the append; asking the log first makes sure that it is the same history.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from redis.asyncio import Redis

from server.store.cluster import Cluster
from server.store.errors import LogUnavailable, translated
from server.store.position import Position, stands_at

# A replica says what is on its disk when it is asked, which is just before it writes what came
# with the question, and else once a second. Asked again soon, a seat takes 100 ms, not 1,003.
# Together shorter than a client's patience (2 s): the answer is a number, not a broken line.
WAITS_MS: Final = (10, 40, 150, 1_300)
WAIT_MS: Final = sum(WAITS_MS)
# One failure at a time: the replica that takes over is the one with the longest stream.
REPLICAS: Final = 1
# Each wait keeps a line of the client's pool, of 32: with the replica slow and many rooms full of
# people who come, the signs of life would find none, and the store would be called away.
AT_ONCE: Final = 8
# So long is believed that there are replicas; when the last one has left, it costs one wait.
REPLICATED_SECONDS: Final = 5.0

WAITAOF: Final = ("WAITAOF", 0)  # on no disk of the server itself: how it syncs is its own choice
WAIT: Final = ("WAIT",)


class Coverage:
    """Asks; keeps for a while which servers have replicas."""

    def __init__(self, client: Redis) -> None:
        """Begin without knowing."""
        self._client = client
        self._replicated_until: dict[Redis, float] = {}
        self._word: tuple[str | int, ...] = WAITAOF
        self._at_once: defaultdict[Redis, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(AT_ONCE)
        )

    async def covered(self, log: str, marker: str, positions: Sequence[Position]) -> list[bool]:
        """Wait until a replica has all that the log holds; say of each position if it is there.

        False for what the log does not hold (any more), and for all when no replica says so in
        time. No replica is waited for where there is none, unless the store takes nothing without
        one (min-replicas-to-write). Raises: LogUnavailable, StoreRefused.
        """
        with translated():
            client = self._client
            node = await client.node_of(log) if isinstance(client, Cluster) else client
            if time.monotonic() >= self._replicated_until.get(node, 0.0):
                elements, has_replicas = await self._look(node, log, marker, positions)
                if not has_replicas:  # asked again every time: one that has just come is not missed
                    return _held(elements, positions)
                self._replicated_until[node] = time.monotonic() + REPLICATED_SECONDS
            try:
                async with asyncio.timeout(WAIT_MS / 1000):
                    await self._at_once[node].acquire()
            except TimeoutError:
                return [False] * len(positions)
            try:
                elements, waited = await self._wait(node, log, marker, positions)
            finally:
                self._at_once[node].release()
        enough = isinstance(waited, int) and waited >= REPLICAS
        covered = [enough and held for held in _held(elements, positions)]
        if not all(covered):
            self._replicated_until.pop(node, None)  # perhaps it has left
        return covered

    async def _look(
        self, node: Redis, log: str, marker: str, positions: Sequence[Position]
    ) -> tuple[list[Any], bool]:
        """Return what stands at the positions, and whether this same server has replicas.

        Who has just taken over has none, and may lack what its predecessor was given. Who has
        just lost its replicas may be about to be replaced: it says so by taking no marker. One
        that is still copying counts: it may take over with a copy from before the position.
        """
        pipeline = node.pipeline(transaction=False)
        for at in positions:
            pipeline.lindex(log, at.version - 1)
        pipeline.info("replication")  # ROLE leaves out who is still copying
        pipeline.set(marker, b"", px=WAIT_MS)
        *elements, said, _ = await pipeline.execute()
        if said["role"] != "master":
            raise LogUnavailable("the store is a replica now")
        followers = [said.get(f"slave{number}") for number in range(said["connected_slaves"])]
        # What is copied for a backup serves nobody, and says no port.
        return elements, any(one is None or one["port"] for one in followers)

    async def _wait(
        self, node: Redis, log: str, marker: str, positions: Sequence[Position]
    ) -> tuple[list[Any], Any]:
        word = self._word
        pipeline = node.pipeline(transaction=False)
        for at in positions:
            pipeline.lindex(log, at.version - 1)
        pipeline.set(marker, b"", px=WAIT_MS)
        for wait_ms in WAITS_MS:
            pipeline.execute_command(*word, REPLICAS, wait_ms)
        answers: list[Any] = await pipeline.execute(raise_on_error=False)
        elements, waited = answers[: len(positions)], answers[-1]
        marked = answers[len(positions)]
        if isinstance(marked, Exception):
            raise marked  # then it was no wait for anything
        if word is WAITAOF and "unknown command" in str(waited).lower():
            self._word = WAIT
            return await self._wait(node, log, marker, positions)
        return elements, waited[-1] if isinstance(waited, list) else waited


def _held(elements: Sequence[Any], positions: Sequence[Position]) -> list[bool]:
    """Say of each position if the element that stands there is its own."""
    return [stands_at(element, at) for element, at in zip(elements, positions, strict=True)]
