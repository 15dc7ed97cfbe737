"""The stream of what the store publishes, over lines that break in every way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from server.rooms import feed as feeds
from server.rooms.ending import end_all
from server.rooms.feed import Feed
from server.store.client import open_client
from server.store.embedded_valkey import EmbeddedValkey


class Line:
    """A line to the store that can be cut without either end being told."""

    def __init__(self, store: EmbeddedValkey) -> None:
        self._store = store
        self._cuts: list[asyncio.Event] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Let nothing through any more on the connections of today."""
        for cut in self._cuts:
            cut.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = asyncio.Event()
        self._cuts.append(cut)
        there = await asyncio.open_unix_connection(str(self._store.socket_path))
        for ends in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._carry(*ends, cut))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        try:
            while data := await reader.read(65536):
                if not cut.is_set():
                    writer.write(data)
        finally:
            writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Give the URL of the store at the other end."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        try:
            yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)


class Heard:
    """What a feed has told."""

    def __init__(self) -> None:
        self.news = asyncio.Event()
        self.messages: list[bytes] = []
        self.subscribed = 0

    def message(self, channel: str, data: bytes) -> None:
        self.messages.append(data)
        self.news.set()

    def subscription(self, channel: str) -> None:
        self.subscribed += 1
        self.news.set()

    async def subscriptions(self, count: int) -> None:
        """Wait until so many were confirmed."""
        async with asyncio.timeout(10):
            while self.subscribed < count:
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def listening(url: str, heard: Heard) -> AsyncIterator[Feed]:
    client = open_client(url)
    feed = Feed(client, on_message=heard.message, on_subscribed=heard.subscription)
    feed.subscribe("news")
    task = asyncio.create_task(feed.run())
    try:
        await heard.subscriptions(1)
        yield feed
    finally:
        await end_all({task})  # a single cancellation may be lost
        await client.aclose()


async def test_a_line_that_was_cut_without_a_word_is_opened_again(
    store: EmbeddedValkey, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "SILENCE_SECONDS", 0.1)
    heard, line = Heard(), Line(store)
    async with line.open() as url, listening(url, heard):
        line.cut()
        await heard.subscriptions(2)
        await client.publish("news", b"after the cut")
        async with asyncio.timeout(5):
            while heard.messages != [b"after the cut"]:
                heard.news.clear()
                await heard.news.wait()


async def test_a_line_on_which_nothing_happens_is_kept(
    store_url: str, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "SILENCE_SECONDS", 0.25)
    heard = Heard()
    async with listening(store_url, heard):
        (before,) = await client.client_list(_type="pubsub")
        await asyncio.sleep(1.5)  # six silences, each of them asked about
        (after,) = await client.client_list(_type="pubsub")
    assert (before["id"], heard.subscribed) == (after["id"], 1)


async def test_a_store_that_refuses_a_subscription_is_asked_again_and_reported_once(
    store_url: str,
    client: Redis,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(feeds, "SILENCE_SECONDS", 0.1)
    acl = ("ACL", "SETUSER", "deaf", "on", ">word", "~*", "+@all", "resetchannels")
    await client.execute_command(*acl)  # type: ignore[no-untyped-call]
    deaf, heard = Redis.from_url(store_url, username="deaf", password="word", protocol=2), Heard()
    feed = Feed(deaf, on_message=heard.message, on_subscribed=heard.subscription)
    feed.subscribe("news")
    task = asyncio.create_task(feed.run())
    await asyncio.sleep(3 * feeds.RECONNECT_SECONDS)
    assert caplog.text.count("refuses a subscription") == 1
    await client.execute_command("ACL", "SETUSER", "deaf", "allchannels")  # type: ignore[no-untyped-call]
    await heard.subscriptions(1)
    await asyncio.sleep(0.3)  # the line lasts: another refusal is news
    await client.execute_command(*acl)  # type: ignore[no-untyped-call]
    await asyncio.sleep(3 * feeds.RECONNECT_SECONDS)
    assert caplog.text.count("refuses a subscription") == 2
    await end_all({task})
    await deaf.aclose()
    await client.execute_command("ACL", "DELUSER", "deaf")  # type: ignore[no-untyped-call]


async def test_the_first_channel_is_listened_to_at_once(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "RECONNECT_SECONDS", 60)
    client, heard = Redis.from_url(store_url, protocol=2), Heard()
    feed = Feed(client, on_message=heard.message, on_subscribed=heard.subscription)
    task = asyncio.create_task(feed.run())
    await asyncio.sleep(0.05)
    feed.subscribe("news")
    await heard.subscriptions(1)
    await end_all({task})
    await client.aclose()


async def test_a_line_without_any_channel_waits_for_the_next(
    store_url: str, client: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feeds, "SILENCE_SECONDS", 0.05)
    heard = Heard()
    async with listening(store_url, heard) as feed:
        feed.unsubscribe("news")
        await asyncio.sleep(0.5)
        feed.subscribe("news")
        await heard.subscriptions(2)
    assert caplog.text == ""
