"""The store's clock as a worker knows it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.store.client import open_client, without_password
from server.store.errors import LogUnavailable, StoreRefused
from server.store.position import START, Record
from server.store.redis_clock import RedisClock, Sample
from server.store.room_log import RoomLog


async def test_the_clock_follows_the_stores(client: Redis) -> None:
    clock = RedisClock(client)
    assert not clock.known
    await clock.sync()
    for _ in range(20):
        before = clock.now_ms()
        seconds, microseconds = await client.time()
        after = clock.now_ms()
        shown = int(seconds) * 1000 + int(microseconds) // 1000
        assert before - 50 <= shown <= after + 50
        await asyncio.sleep(0.005)


async def test_an_unread_clock_tells_no_time(client: Redis) -> None:
    with pytest.raises(RuntimeError):
        RedisClock(client).now_ms()


async def test_a_store_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    nowhere = open_client(f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(LogUnavailable):
        await RedisClock(nowhere).sync()
    with pytest.raises(LogUnavailable):
        await RoomLog(nowhere).read("r1")
    await nowhere.aclose()


async def test_a_store_that_never_answers_is_unavailable_after_its_patience(
    tmp_path: Path,
) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    path = tmp_path / "mute.sock"
    async with await asyncio.start_unix_server(swallow, path):
        mute = open_client(f"unix://{path}", timeout_s=0.2)
        with pytest.raises(LogUnavailable):
            await RoomLog(mute).positions(["r1"])
        await mute.aclose()


async def test_a_store_without_memory_refuses_with_its_reason(client: Redis) -> None:
    await client.config_set("maxmemory", "1")
    try:
        now = await client.time()
        at = int(now[0]) * 1000
        with pytest.raises(StoreRefused, match="maxmemory"):
            await RoomLog(client).append(
                "r1",
                START,
                [Record("a", b"one")],
                decided_at=at,
                due_at=0,
                expires_at_ms=at + 60_000,
                wake_at=None,
            )
    finally:
        await client.config_set("maxmemory", "0")
    assert await RoomLog(client).read("r1") == []


def test_a_url_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        open_client("http://store")


def test_a_password_is_not_shown() -> None:
    assert without_password("redis://me:secret@host:1/0") == "redis://host:1/0"
    assert without_password("unix:///tmp/s") == "unix:///tmp/s"


async def test_of_a_store_far_away_a_clock_that_was_set_is_followed_at_once(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = RedisClock(client)
    sample = Sample(offset=1000.0, round_trip=0.060, taken=0.0)

    async def take() -> Sample:
        return sample

    monkeypatch.setattr(clock, "_sample", take)
    await clock.sync()
    before = clock.now_ms()
    sample = Sample(offset=1000.05, round_trip=0.064, taken=1.0)  # may be the same clock
    await clock.sync()
    assert clock.now_ms() - before < 40
    sample = Sample(offset=1002.0, round_trip=0.064, taken=2.0)  # cannot be
    await clock.sync()
    assert clock.now_ms() - before >= 2_000
