"""Commands of many rooms, sent together in one trip to the store, on one line.

A command that finds nobody on the way goes at once; those that come meanwhile go together
in the next trip. Under load that costs a fifth of a trip for each, and a store that syncs
its disk does so once for all of them.

A store that is silent for one trip is so for those who wait behind it: they would be told
the same, each trip later. A line that breaks says nothing of the next.

A line that rested is looked at before it is used again: the store may have hung up, and a
command into a dead line would have an unknown outcome for nothing.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Final

from hiredis import pack_command
from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.store.client import TIMEOUT_SECONDS
from server.store.cluster import Cluster

SILENT: Final = (TimeoutError, redis_errors.TimeoutError)
# More would only make the first of them wait for the last.
COMMANDS_MAX: Final = 64
# Shorter than any store needs to start again.
RESTED_SECONDS: Final = 0.05


class Trips:
    """One trip at a time."""

    def __init__(self, client: Redis, patience_s: float) -> None:
        """Take a client of one server, and how long a trip may last."""
        self._pool: Any = client.connection_pool
        self._patience_s = patience_s
        self._line: Any = None
        self._used_at = 0.0
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._running: asyncio.Task[None] | None = None

    async def execute_command(self, *words: Any) -> Any:
        """Send a command with the next trip; raises what the client raises."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((words, answer))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await answer

    async def publish(self, channel: str, message: bytes) -> Any:
        """Publish with the next trip."""
        return await self.execute_command("PUBLISH", channel, message)

    async def _run(self) -> None:
        while self._waiting:
            party, self._waiting = self._waiting[:COMMANDS_MAX], self._waiting[COMMANDS_MAX:]
            try:
                answers = await self._go([words for words, _ in party])
            except Exception as error:  # for none of them is known what was done
                if isinstance(error, SILENT):
                    party, self._waiting = party + self._waiting, []
                answers = [error] * len(party)
            for (_, waiting), answer in zip(party, answers, strict=True):
                if waiting.done():
                    continue  # nobody waits any more
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)

    async def _go(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        packed = [pack_command(words) for words in commands]
        async with asyncio.timeout(self._patience_s):
            line = await self._ready_line()
            try:
                await line.send_packed_command(packed, check_health=False)
                answers = [await _answer(line) for _ in commands]
            except BaseException:
                await line.disconnect(nowait=True)  # what it may still say is nobody's answer
                raise
        self._used_at = time.monotonic()
        return answers

    async def _ready_line(self) -> Any:
        if self._line is None:
            self._line = await self._pool.get_connection()
            self._line.socket_timeout = None  # a trip has its own, and no task for each write
        elif not self._line.is_connected or time.monotonic() - self._used_at > RESTED_SECONDS:
            await self._pool.ensure_connection(self._line)
        return self._line


def in_trips(client: Redis) -> Redis | Trips:
    """Return what sends a client's commands together: not a cluster's, whose keys share no line."""
    return client if isinstance(client, Cluster) else Trips(client, TIMEOUT_SECONDS)


async def _answer(line: Any) -> Any:
    try:
        return await line.read_response(timeout=math.inf, disconnect_on_error=False)
    except ResponseError as refusal:
        return refusal
