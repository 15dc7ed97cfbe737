"""What the store publishes, as one stream for all rooms of a worker.

Pub/sub forgets, and the library reconnects without a word: the confirmation of a
subscription is the only sign that something may have been missed, so it is passed
on like a message. A broken connection is opened again, with all channels; so is one
that says nothing, not even when it is asked: a line that was cut without a word, by a
firewall or a cable, would be listened to for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import MovedError, RedisError

from server.rooms.defects import note_defect
from server.store.line import hear

RECONNECT_SECONDS: Final = 0.25
# A pair: after this long without a word the store is asked for one, and has as long to give it.
# Together they are no longer than a failover takes: a dead machine says no goodbye.
SILENCE_SECONDS: Final = 2.5
# A new timer for each message would cost as much as passing it on: it may end this much early.
HASTE_SECONDS: Final = 0.25


class Feed:
    """Subscriptions on one connection; calls back in the order of arrival.

    With `on_moved` the channels are sharded ones, of a node of a cluster: it is told which
    one the node gave away, where one lies that the node refused, or (None) that the line broke.
    """

    def __init__(
        self,
        client: Redis,
        *,
        on_message: Callable[[str, bytes], None],
        on_subscribed: Callable[[str], None],
        on_moved: Callable[[str | MovedError | None], None] | None = None,
    ) -> None:
        """Take who is told of a channel's message, and of a (new) subscription to it."""
        self._client = client
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._on_moved = on_moved
        self._shard = "s" if on_moved else ""
        self._channels: set[str] = set()
        self._pubsub: PubSub | None = None

    async def subscribe(self, channel: str) -> None:
        """Begin to listen; `on_subscribed` tells when nothing is missed any more."""
        self._channels.add(channel)
        await self._change("subscribe", channel)

    async def unsubscribe(self, channel: str) -> None:
        """Stop listening."""
        self._channels.discard(channel)
        await self._change("unsubscribe", channel)
        if channel in self._channels:  # Somebody came back meanwhile.
            await self._change("subscribe", channel)

    async def _change(self, how: str, channel: str) -> None:
        if self._pubsub is None:
            return
        try:
            await getattr(self._pubsub, self._shard + how)(channel)
        except (RedisError, OSError, TimeoutError):
            pass  # The connection is broken: the next one has the right channels.

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError):
                pass
            except Exception as error:
                note_defect("the feed", error)
            if self._on_moved is not None:
                self._on_moved(None)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        while not self._channels:  # noqa: ASYNC110
            await asyncio.sleep(RECONNECT_SECONDS)
        pubsub = self._client.pubsub()
        try:
            while missing := self._channels - _subscribed(pubsub):
                if self._on_moved is None:
                    await pubsub.subscribe(*missing)
                else:  # One by one: they lie in different slots.
                    await pubsub.ssubscribe(missing.pop())
            self._pubsub = pubsub
            await self._pass_on_all(pubsub)
        finally:
            self._pubsub = None
            # An error here would take the place of a cancellation, and the loop go on.
            with suppress(RedisError, OSError, TimeoutError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _pass_on_all(self, pubsub: PubSub) -> None:
        """Pass on what comes, until the line is silent although it was asked.

        Straight from the line: the library's `get_message` has a timer and a retry around
        each message, which cost as much as all that a worker does with one.
        """
        line: Any = pubsub.connection
        loop, asked = asyncio.get_running_loop(), False
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS) as patience:
                    while True:
                        said = await hear(line)
                        asked = False
                        if said[0] not in (b"message", b"smessage"):
                            # Keeps the library's own lists.
                            await pubsub.handle_message(said)  # type: ignore[no-untyped-call]
                        self._pass_on(said)
                        ends = loop.time() + SILENCE_SECONDS
                        if ends > (patience.when() or 0) + HASTE_SECONDS:
                            patience.reschedule(ends)
            except MovedError as moved:
                if self._on_moved is None:
                    raise
                self._on_moved(moved)
            except TimeoutError:
                if asked:
                    return
                await pubsub.ping()
                asked = True

    def _pass_on(self, said: list[bytes] | bytes) -> None:
        """Pass on one message: its kind, its channel, and more."""
        if isinstance(said, bytes):
            return  # The answer to a ping on a line without any channel is a bare word.
        kind, channel = said[0], said[1].decode()
        try:
            if kind in (b"message", b"smessage"):
                self._on_message(channel, said[2])
            elif kind in (b"subscribe", b"ssubscribe"):
                self._on_subscribed(channel)
            elif kind == b"sunsubscribe" and self._on_moved and channel in self._channels:
                self._channels.discard(channel)  # Not by our wish.
                self._on_moved(channel)
        except Exception as error:
            note_defect("the feed", error)


def _subscribed(pubsub: PubSub) -> set[str]:
    return {_text(name) for name in (*pubsub.channels, *pubsub.shard_channels)}


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
