"""Rooms that nobody visits go on by themselves."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

import pytest
from redis.asyncio import Redis

from server.app import Application
from server.rooms import ticker as ticking
from server.rooms.presence import Presence
from server.rooms.replica import encode_events
from server.rooms.ticker import Ticker
from server.settings import read_settings
from server.store.position import START, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, RoomLog
from session_engine import (
    Arrive,
    ConnectionId,
    Drop,
    PersonId,
    Role,
    Settings,
    TimeLost,
    create,
)
from tests.server.house import SECRET
from tests.server.one_room import enter, opened

HOUR_MS = 3_600_000


async def store_room(client: Redis, session: str, payload: bytes, wake_at: int) -> None:
    clock = RedisClock(client)
    await clock.sync()
    answer = await RoomLog(client).append(
        session,
        START,
        [Record("", payload)],
        decided_at=clock.now_ms(),
        due_at=0,
        expires_at_ms=clock.now_ms() + HOUR_MS,
        wake_at=wake_at,
    )
    assert isinstance(answer, Appended)


async def abandoned_room(client: Redis, session: str) -> None:
    """Store a session of yesterday to which nobody ever came: it has to end."""
    clock = RedisClock(client)
    await clock.sync()
    then = clock.now_ms() - 24 * HOUR_MS
    settings = Settings(title="Yesterday", starts_at_ms=then)
    await store_room(client, session, encode_events(create(settings, session, "log", then)), 2)


async def test_a_log_that_cannot_be_read_keeps_no_other_room_from_waking(
    store_url: str, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await store_room(client, "broken", b"no JSON at all", wake_at=1)  # the first to be woken
    await abandoned_room(client, "abandoned")
    settings = read_settings(
        redis_url=store_url, secret_key=SECRET, public_url="http://127.0.0.1", live_redis_url=""
    )
    with caplog.at_level(logging.ERROR, logger="thera_peer"):
        async with Application(settings).running(), asyncio.timeout(10):
            while b"SessionEnded" not in (await client.lindex("tp:{abandoned}:log", -1) or b""):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            left = await client.zscore("tp:wake", "broken")
    assert left is not None
    assert left > 2, "it is not tried again at once"
    assert caplog.text.count("defect in waking a room") == 1


async def test_a_timer_is_set_again_only_when_it_stands_wrong(
    store_url: str, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two clocks are read for it, and a busy machine may stand still between them.
    monkeypatch.setattr(ticking, "MARGIN_SECONDS", 0.2)
    replica, rooms = await opened(store_url, client)
    ticker = Ticker(rooms, cast(Presence, None))
    meera, line = PersonId("meera"), ConnectionId("w1.1")
    for command in (
        enter(meera, Role.FACILITATOR),
        Arrive(person=meera, connection=line),
        Drop(person=meera, connection=line),
    ):
        await rooms.submit(replica, command)
    ticker.set_timer(replica)
    first = ticker.timers[replica.session]
    await rooms.submit(replica, enter("ana"))
    ticker.set_timer(replica)
    assert ticker.timers[replica.session] is first
    await asyncio.sleep(0.3)
    now = rooms.clock.now_ms()
    await rooms.submit(replica, TimeLost(since=now - 200, until=now))
    ticker.set_timer(replica)
    assert first.cancelled()
    assert ticker.timers[replica.session].when() - first.when() == pytest.approx(0.2, abs=0.05)
