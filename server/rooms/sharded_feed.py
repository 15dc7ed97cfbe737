"""What a cluster publishes: a line to each node that holds channels of ours.

A sharded channel lies where a key of its name would. It moves when its slot is given to
another node (the old one says so), and when a replica takes over (the old line breaks).
Each channel is then subscribed where it is now, and the confirmation is passed on as for
every subscription: something may have been missed, so whoever listens reads the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import MovedError, RedisError

from server.rooms.defects import note_defect
from server.rooms.ending import end_all
from server.rooms.feed import Feed
from server.store.cluster import Cluster

# A node that is dead says nothing about its channels: where they are is looked at as often.
LOOK_SECONDS: Final = 0.25


@dataclass(slots=True)
class NodeFeed:
    """A feed from one node, and the task that runs it; kept when its last channel has gone."""

    feed: Feed
    task: asyncio.Task[None]


class ShardedFeed:
    """The same as a `Feed`, over the nodes of a cluster."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        on_message: Callable[[str, bytes], None],
        on_subscribed: Callable[[str], None],
    ) -> None:
        """Take who is told of a channel's message, and of a (new) subscription to it."""
        self._cluster = cluster
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._channels: set[str] = set()
        self._lines: dict[Redis, NodeFeed] = {}
        self._placed: dict[str, Redis] = {}
        self._news = asyncio.Event()

    def subscribe(self, channel: str) -> None:
        """Begin to listen; `on_subscribed` tells when nothing is missed any more."""
        self._channels.add(channel)
        self._news.set()

    def unsubscribe(self, channel: str) -> None:
        """Stop listening, at once: who subscribes again is to be told that something was missed."""
        self._channels.discard(channel)
        self._leave(channel)

    async def run(self) -> None:
        """Listen for ever, wherever the channels are."""
        try:
            while True:
                self._news.clear()
                try:
                    await self._place_all()
                except (RedisError, OSError):
                    pass  # Where they are is not known now: soon again.
                except Exception as error:
                    note_defect("the feed of a cluster", error)
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._news.wait()
                except TimeoutError:
                    pass
        finally:
            await end_all({line.task for line in self._lines.values()})

    async def _place_all(self) -> None:
        """Subscribe every channel where it is now, and nowhere else."""
        for channel in tuple(self._channels):
            node = await self._cluster.node_of(channel)
            if channel in self._channels and self._placed.get(channel) is not node:
                self._leave(channel)
                self._placed[channel] = node
                self._line_to(node).subscribe(channel)

    def _leave(self, channel: str) -> None:
        node = self._placed.pop(channel, None)
        if node is not None:
            self._lines[node].feed.unsubscribe(channel)

    def _line_to(self, node: Redis) -> Feed:
        if node not in self._lines:
            feed = Feed(
                node,
                on_message=self._on_message,
                on_subscribed=self._on_subscribed,
                on_moved=self._moved,
            )
            self._lines[node] = NodeFeed(feed, asyncio.create_task(feed.run()))
        return self._lines[node].feed

    def _moved(self, what: str | MovedError | None) -> None:
        """Look where channels are: a node gave one away, or refused one, or broke its line."""
        if isinstance(what, MovedError):
            self._cluster.learn_from(what)
        else:
            self._cluster.doubt()
        if isinstance(what, str):
            self._placed.pop(what, None)
        self._news.set()


AnyFeed = Feed | ShardedFeed


def open_feed(
    client: Redis,
    *,
    on_message: Callable[[str, bytes], None],
    on_subscribed: Callable[[str], None],
) -> AnyFeed:
    """Return the feed that fits the store."""
    kind = ShardedFeed if isinstance(client, Cluster) else Feed
    return kind(client, on_message=on_message, on_subscribed=on_subscribed)  # type: ignore[arg-type]
