"""Redis Cluster as one store: each command goes to the node that holds its key.

Rule 1: a refusal (MOVED, ASK, TRYAGAIN) means that nothing was done: the command goes to
        where the refusal points, or waits a moment, for at most the store's patience.
Rule 2: a line that breaks or is silent leaves open what was done: nothing is sent again,
        only the map of the slots is read anew before the next command.
Rule 3: the store answers when every primary does. A room whose node is away must not
        lose time while others go on, so then the clocks of all rooms wait.
Rule 4: a node that is silent is waited for until another stands in its place: then nobody
        waits for its answer any more.

redis-py's own client for clusters keeps neither of the first two: after ASK it may send
the command on another line than the permission, and every fifth MOVED closes all lines,
with other rooms' commands on them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Final

from redis import exceptions as redis_errors
from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError, TryAgainError

from server.store.line import Place, forget, hang_up

# What leaves open whether a command was done.
NO_ANSWER: Final = (redis_errors.ConnectionError, redis_errors.TimeoutError, OSError)

# What has no key is asked of the node with the service's sign of life: its clock is the one.
HOME_KEY: Final = "tp:{life}"
HOME: Final[int] = key_slot(HOME_KEY.encode())
WITHOUT_KEY: Final = frozenset({"TIME", "INFO", "PING", "CONFIG GET"})

# A map that is not true yet (a failover takes seconds) is not asked for more often.
LEARN_AGAIN_SECONDS: Final = 0.1
# From when on a node that does not answer is looked for: perhaps another has its slots.
SILENT_SECONDS: Final = 0.5
# Keys of a room that are on their way to another node are together again in milliseconds.
TRY_AGAIN_SECONDS: Final = 0.01


class Cluster(Redis):
    """The nodes of a cluster; commands may touch keys of one slot only."""

    def __init__(
        self, places: Sequence[Place], open_node: Callable[[str, int], Redis], patience_s: float
    ) -> None:
        """Take where some nodes are, and how to open a client of one; connects when used."""
        self._open_node = open_node
        self._patience_s = patience_s
        # Also those that are replicas, or were: whom to ask when the primaries are gone.
        self.nodes = {place: open_node(*place) for place in places}
        self._owners: dict[int, Place] = {}
        self._learning: asyncio.Task[None] | None = None
        self._learned_at = 0.0
        self._is_stale = True
        self.successions = 0  # how often another node was found to have the service's sign of life
        super().__init__(connection_pool=self.nodes[places[0]].connection_pool)

    # ---- Where things are -------------------------------------------------------------

    async def node_of(self, key: str | bytes) -> Redis:
        """Return the client of the primary that holds a key, or channel."""
        return self._node_at(await self._place_of(_slot(key)))

    async def primaries(self) -> list[Redis]:
        """Return the clients of all primaries."""
        await self._know()
        return [self._node_at(place) for place in sorted(set(self._owners.values()))]

    def doubt(self) -> None:
        """Read the map anew before the next command: a node did not answer, or gave a slot away."""
        self._is_stale = True

    def learn_from(self, moved: MovedError, asked: Place | None = None) -> None:
        """Take note of where a slot is now; `asked`: who said so, and may not know its own host."""
        if moved.host or asked:
            place = self._pointed(moved, asked or moved.node_addr)
            self.successions += moved.slot_id == HOME and self._owners.get(HOME) != place
            self._owners[moved.slot_id] = place
        else:
            self.doubt()

    def _node_at(self, place: Place) -> Redis:
        if place not in self.nodes:
            self.nodes[place] = self._open_node(*place)
        return self.nodes[place]

    async def _place_of(self, slot: int) -> Place:
        await self._know()
        if slot not in self._owners:
            self.doubt()
            raise redis_errors.ConnectionError("no node of the cluster serves this slot")
        return self._owners[slot]

    async def _know(self) -> None:
        """Read which node has which slots, if there is doubt about it."""
        if not self._is_stale:
            return
        age = time.monotonic() - self._learned_at
        if self._owners and age < LEARN_AGAIN_SECONDS:
            return
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn())
            forget([self._learning])  # who waits is told by it, and may have gone
        await asyncio.shield(self._learning)  # who comes meanwhile is told the same

    async def _learn(self) -> None:
        before, self._owners = self._owners, await self._ask_all()
        self._learned_at = time.monotonic()
        self._is_stale = False
        self.successions += bool(before) and before.get(HOME) != self._owners.get(HOME)
        for place in set(before.values()) - set(self._owners.values()):
            if place in self.nodes:
                hang_up(self.nodes[place].connection_pool)

    async def _ask_all(self) -> dict[int, Place]:
        """Ask all known nodes at once, as some may be dead: the first whole map is enough.

        A node that is cut off from the others, or waits for their vote, may answer as quickly:
        its map counts when no other comes within a moment.
        """
        asked = {asyncio.create_task(_map_of(place, node)) for place, node in self.nodes.items()}
        error: Exception | None = None
        doubtful: dict[int, Place] = {}
        try:
            while asked:
                patience = LEARN_AGAIN_SECONDS if doubtful else None
                done, asked = await asyncio.wait(
                    asked, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for answer in [task.result() for task in done]:
                    if isinstance(answer, Exception):
                        error = answer
                        continue
                    owners, others, is_whole = answer
                    for place in others:
                        self._node_at(place)
                    if is_whole:
                        return owners
                    doubtful = owners
        finally:
            _cancel(asked)
        if not doubtful:
            assert error is not None
            raise error
        return doubtful

    # ---- Commands ---------------------------------------------------------------------

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command to where its key is; raises as a client of one server does."""
        slot = _slot(_key_of(args))
        ends = time.monotonic() + self._patience_s
        place, asking = await self._place_of(slot), False
        refusal: AskError | TryAgainError
        while True:
            try:
                return await _send(self._node_at(place), asking, args, options)
            except MovedError as moved:
                self.learn_from(moved, place)
                place, asking, refusal = self._pointed(moved, place), False, moved
            except AskError as ask:
                place, asking, refusal = self._pointed(ask, place), True, ask
            except TryAgainError as again:
                await asyncio.sleep(TRY_AGAIN_SECONDS)
                place, asking, refusal = await self._place_of(slot), False, again
            except (*NO_ANSWER, ClusterDownError):
                self.doubt()
                raise
            if time.monotonic() > ends:
                self.doubt()
                raise redis_errors.TimeoutError(f"the cluster does not settle: {refusal}")

    def _pointed(self, refusal: AskError, asked: Place) -> Place:
        # A node that was never told its own address points to it without a host.
        return (refusal.host or asked[0], refusal.port)

    async def each(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Send commands, all of a node in one trip; answers in order, refusals among them."""
        by_node: dict[Redis, list[int]] = {}
        for index, words in enumerate(commands):
            by_node.setdefault(await self.node_of(_key_of(words)), []).append(index)
        answers: list[Any] = [None] * len(commands)

        async def ask(node: Redis, indexes: list[int]) -> None:
            pipeline = node.pipeline(transaction=False)
            for index in indexes:
                pipeline.execute_command(*commands[index])
            try:
                found = await pipeline.execute(raise_on_error=False)
            except NO_ANSWER:
                self.doubt()
                raise
            for index, answer in zip(indexes, found, strict=True):
                answers[index] = answer

        await asyncio.gather(*(ask(*one) for one in by_node.items()))
        return answers

    async def publish(self, channel: Any, message: Any, **options: Any) -> Any:
        """Publish on a sharded channel, which lies where a key of its name would."""
        return await self.execute_command("SPUBLISH", channel, message)

    async def ping(self, **options: Any) -> Any:
        """Say whether every primary answers; raises when one does not."""
        pings: dict[Redis, asyncio.Future[Any]] = {}
        try:
            while True:
                primaries = await self.primaries()
                for one in primaries:
                    if one not in pings:
                        pings[one] = asyncio.ensure_future(one.ping())
                asked = [pings[one] for one in primaries]
                _, silent = await asyncio.wait(asked, timeout=SILENT_SECONDS)
                if not silent:
                    await asyncio.gather(*asked)
                    return True
                self.doubt()
        except (redis_errors.RedisError, OSError):
            self.doubt()
            raise
        finally:
            _cancel(pings.values())

    async def scan_iter(  # type: ignore[override]
        self, *args: Any, **options: Any
    ) -> AsyncIterator[Any]:
        """Go through the keys of all primaries."""
        for node in await self.primaries():
            async for key in node.scan_iter(*args, **options):
                yield key

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections."""
        for node in self.nodes.values():
            await node.aclose(close_connection_pool)


async def _send(node: Any, asking: bool, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if not asking:
        return await node.execute_command(*args, **options)
    # The permission is for the next command on the same line.
    pipeline = node.pipeline(transaction=False)
    pipeline.execute_command("ASKING")
    pipeline.execute_command(*args, **options)
    allowed, answer = await pipeline.execute(raise_on_error=False)
    for one in (allowed, answer):
        if isinstance(one, Exception):
            raise one
    return answer


async def _map_of(
    place: Place, node: Any
) -> tuple[dict[int, Place], list[Place], bool] | redis_errors.RedisError | OSError:
    """Ask a node who has which slots, which other nodes there are, and whether it sees all of it.

    Or return why it does not say.
    """
    owners: dict[int, Place] = {}
    others: list[Place] = []
    pipeline = node.pipeline(transaction=False)
    for about in ("SLOTS", "INFO"):
        pipeline.execute_command("CLUSTER", about)
    try:
        ranges, state = await pipeline.execute()
    except (redis_errors.RedisError, OSError) as error:
        return error
    for first, last, *nodes in ranges:
        # A node that was never told its own address gives none.
        places = [((host or b"").decode() or place[0], port) for host, port, *_ in nodes]
        owners |= dict.fromkeys(range(first, last + 1), places[0])
        others += places
    if not owners:
        return redis_errors.ResponseError("the cluster has no slots")
    return owners, others, b"cluster_state:ok" in state


def _slot(key: str | bytes) -> int:
    slot: int = key_slot(key.encode() if isinstance(key, str) else key)
    return slot


def _key_of(words: Sequence[Any]) -> str | bytes:
    """Return the (first) key of a command."""
    if words[0] in WITHOUT_KEY or len(words) == 1:
        return HOME_KEY
    key: str | bytes = words[3 if words[0] in ("EVALSHA", "EVAL") else 1]
    return key


def _cancel(asked: Iterable[asyncio.Future[Any]]) -> None:
    for one in asked:
        one.cancel()
    forget(asked)
