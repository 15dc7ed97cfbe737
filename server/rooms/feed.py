"""What the store publishes, as one stream for all rooms of a worker.

Pub/sub forgets: the confirmation of a subscription is the only sign that something may have
been missed, so it is passed on like a message. A broken line is opened again, with all
channels; so is one that says nothing, not even when it is asked: a line that was cut without
a word, by a firewall or a cable, would be listened to for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from hiredis import pack_command
from redis.asyncio import Redis
from redis.exceptions import MovedError, RedisError

from server.rooms.defects import log, note_defect
from server.store.line import Line, connected

RECONNECT_SECONDS: Final = 0.25
# A pair: after this long without a word the store is asked for one, and has as long to give it.
# Together they are no longer than a failover takes: a dead machine says no goodbye.
SILENCE_SECONDS: Final = 2.5


class Feed:
    """Subscriptions on one line; calls back in the order of arrival.

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
        self._pool: Any = client.connection_pool
        self._on_message = on_message
        self._on_subscribed = on_subscribed
        self._on_moved = on_moved
        self._subscribe = "SSUBSCRIBE" if on_moved else "SUBSCRIBE"
        self._unsubscribe = "SUNSUBSCRIBE" if on_moved else "UNSUBSCRIBE"
        self._channels: set[str] = set()
        self._connection: Any = None
        self._line: Line | None = None
        self._wanted = asyncio.Event()
        self._broken = asyncio.Event()
        self._heard_at = 0.0
        self._refusal = ""

    def subscribe(self, channel: str) -> None:
        """Begin to listen; `on_subscribed` tells when nothing is missed any more."""
        self._channels.add(channel)
        self._wanted.set()
        self._say(self._subscribe, channel)

    def unsubscribe(self, channel: str) -> None:
        """Stop listening."""
        self._channels.discard(channel)
        self._say(self._unsubscribe, channel)

    def _say(self, *words: Any) -> None:
        if self._line is not None and self._line.is_open:  # else the next one is told
            self._line.write([pack_command(words)])

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError):
                pass
            except Exception as error:
                note_defect("the feed", error)
            finally:
                if self._line is not None:
                    self._line.cut()
            if self._on_moved is not None:
                self._on_moved(None)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        if not self._channels:
            self._wanted.clear()
            await self._wanted.wait()
        self._connection = await connected(self._pool, self._connection)
        self._broken.clear()
        self._line = Line(self._connection, self._take, self._broken.set)
        for channel in self._channels:  # one by one: sharded ones lie in different slots
            self._say(self._subscribe, channel)
        await self._until_broken()

    async def _until_broken(self) -> None:
        """Wait until the line breaks, or is silent although it was asked."""
        loop = asyncio.get_running_loop()
        asked_at, self._heard_at = 0.0, loop.time()
        while True:
            try:
                async with asyncio.timeout_at(max(asked_at, self._heard_at) + SILENCE_SECONDS):
                    await self._broken.wait()
                return
            except TimeoutError:
                self._refusal = ""  # this line has lasted
                if loop.time() < self._heard_at + SILENCE_SECONDS:
                    continue
                if asked_at > self._heard_at:
                    return
                self._say("PING")
                asked_at = loop.time()

    def _take(self, said: Any) -> None:
        """Pass on one message: its kind, its channel, and more."""
        self._heard_at = asyncio.get_running_loop().time()
        try:
            match said:
                case [b"message" | b"smessage", channel, data]:
                    self._on_message(channel.decode(), data)
                case [b"subscribe" | b"ssubscribe", channel, _]:
                    self._on_subscribed(channel.decode())
                case [b"sunsubscribe", channel, _]:
                    self._be_left(channel.decode())
                case MovedError() if self._on_moved is not None:
                    self._on_moved(said)
                case Exception():
                    self._be_refused(str(said))
                case _:
                    pass  # an answer: to a ping, or to what we wished
        except Exception as error:
            note_defect("the feed", error)

    def _be_refused(self, why: str) -> None:
        if why != self._refusal:  # it is asked again four times a second
            log.warning("The store refuses a subscription: %s", why)
        self._refusal = why
        self._broken.set()

    def _be_left(self, channel: str) -> None:
        if self._on_moved is not None and channel in self._channels:
            self._channels.discard(channel)  # Not by our wish.
            self._on_moved(channel)
