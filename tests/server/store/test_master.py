"""The master is who the sentinels name, and when nobody can be asked, who it was."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions as redis_errors
from redis.asyncio.sentinel import MasterNotFoundError

from server.rooms.ending import end_all
from server.rooms.watch import StoreWatch
from server.store.client import open_client
from server.store.life import LIFE_KEY, Life
from server.store.master import Master, MasterPool, NobodyKnows, Sentinels
from server.store.redis_clock import RedisClock
from tests.faults.stores import NAME, Watched, program_called

PATIENCE_SECONDS = 15


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Watched]:
    servers = Watched(program_called("valkey"), tmp_path)
    yield servers
    servers.end()


@pytest.fixture
async def master(servers: Watched) -> AsyncIterator[Master]:
    client = open_client(servers.url)
    assert isinstance(client, Master)
    yield client
    await client.aclose()


async def test_without_sentinels_the_master_is_who_it_was(servers: Watched, master: Master) -> None:
    assert await master.ping()
    for sentinel in servers.sentinels:
        sentinel.kill()
    await master.connection_pool.disconnect()
    assert await master.ping()  # on a new line
    stranger = open_client(servers.url)
    with pytest.raises(NobodyKnows):  # who has not known one cannot know it
        await stranger.ping()
    await stranger.aclose()


async def test_nobody_waits_for_a_master_that_stands_still_once_another_is_one(
    servers: Watched,
) -> None:
    client = open_client(servers.url, timeout_s=60.0)
    assert isinstance(client, Master)
    await client.set("a", 1)
    following = asyncio.create_task(client.follow())
    old = servers.primary_of("a")
    old.signal(signal.SIGSTOP)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(redis_errors.ConnectionError):
                await client.set("a", 2)
            assert await client.get("a") == b"1"
        assert servers.primary_of("a") is not old
        assert client.successions == 1
    finally:
        old.signal(signal.SIGCONT)
        await end_all({following})
        await client.aclose()


async def test_one_failover_is_one_succession_while_a_replica_does_not_follow(
    tmp_path: Path,
) -> None:
    servers = await asyncio.to_thread(
        partial(Watched, program_called("valkey"), tmp_path, replicas=2)
    )
    client = open_client(servers.url)
    pool: Any = client.connection_pool
    try:
        assert await client.ping()
        _, second, third = servers.servers
        third.signal(signal.SIGSTOP)
        servers.sentinels[0].send("SENTINEL", "FAILOVER", NAME)
        found = []
        for _ in range(60):
            _, port = await pool.get_master_address()
            found.append(port)
            await asyncio.sleep(0.05)
        assert found[-1] == second.port
        assert pool.successions == 1, found
    finally:
        await client.aclose()
        servers.end()


async def test_a_sign_of_life_that_was_left_with_a_predecessor_is_none(master: Master) -> None:
    pool: Any = master.connection_pool
    watch = StoreWatch(master, RedisClock(master), Life(master), "w1")
    await watch.know_lost_time()
    assert await master.delete(LIFE_KEY) == 1
    await watch.know_lost_time()
    assert not await master.exists(LIFE_KEY)  # it is fresh
    pool.successions += 1
    await watch.know_lost_time()
    assert await master.exists(LIFE_KEY)


class Says:
    """A sentinel with a view of its own."""

    def __init__(self, **state: Any) -> None:
        self._state = state

    async def sentinel_masters(self) -> dict[str, Any]:
        if not self._state:
            raise redis_errors.ConnectionError("nobody")
        usual = {"is_master": True, "is_sdown": False, "is_odown": False, "num-other-sentinels": 2}
        return {"rooms": usual | {"flags": "master"} | self._state}


def asked(*says: Says) -> Sentinels:
    sentinels = Sentinels([])  # type: ignore[no-untyped-call]
    sentinels.sentinels = list(says)  # type: ignore[arg-type]
    return sentinels


OLD = Says(ip="10.0.0.1", port=1, **{"config-epoch": 3})
NEW = Says(ip="10.0.0.2", port=2, **{"config-epoch": 4})
SILENT = Says()


async def test_who_has_heard_of_the_newest_election_is_believed() -> None:
    assert await asked(SILENT, OLD, NEW).discover_master("rooms") == ("10.0.0.2", 2)
    down = Says(ip="10.0.0.2", port=2, is_sdown=True, **{"config-epoch": 4})
    assert await asked(OLD, down, NEW).discover_master("rooms") == ("10.0.0.2", 2)
    with pytest.raises(MasterNotFoundError) as error:  # the one before is none any more
        await asked(OLD, down).discover_master("rooms")
    assert not isinstance(error.value, NobodyKnows)


async def test_a_sentinel_that_puts_another_in_its_place_names_the_old_one() -> None:
    leads = Says(ip="10.0.0.1", port=1, flags="master,failover_in_progress", **{"config-epoch": 4})
    assert await asked(leads, NEW, SILENT).discover_master("rooms") == ("10.0.0.2", 2)
    sentinels = asked(leads, NEW, SILENT)
    pool = MasterPool("rooms", sentinels)  # type: ignore[no-untyped-call]
    assert await pool.get_master_address() == ("10.0.0.2", 2)
    sentinels.sentinels = asked(leads, OLD, SILENT).sentinels  # which has not heard of it
    assert await pool.get_master_address() == ("10.0.0.2", 2)
    assert pool.successions == 0


async def test_a_sentinel_that_was_asleep_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    sentinels = asked(OLD, NEW, SILENT)
    pool = MasterPool("rooms", sentinels)  # type: ignore[no-untyped-call]
    assert await pool.get_master_address() == ("10.0.0.2", 2)
    sentinels.sentinels = asked(OLD, SILENT, SILENT).sentinels
    assert await pool.get_master_address() == ("10.0.0.2", 2)
    # They were set up anew; they are asked every second, and the memory ends all the same.
    monkeypatch.setattr("server.store.master.REMEMBERED_SECONDS", 0.3)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await pool.get_master_address() != ("10.0.0.1", 1):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert pool.successions == 1


async def test_a_silent_sentinel_is_not_waited_for() -> None:
    class Hangs(Says):
        async def sentinel_masters(self) -> dict[str, Any]:
            await asyncio.sleep(PATIENCE_SECONDS)
            return {}

    async with asyncio.timeout(PATIENCE_SECONDS / 2):
        assert await asked(Hangs(), OLD, NEW).discover_master("rooms") == ("10.0.0.2", 2)


async def test_a_line_that_was_being_opened_to_who_is_none_any_more_is_not_used(
    servers: Watched, master: Master
) -> None:
    pool: Any = master.connection_pool
    assert await master.ping()
    line = pool.make_connection()
    here = pool.master_address
    opening = asyncio.create_task(line.connect_to(here))
    await asyncio.sleep(0)
    pool.master_address = ("10.0.0.2", 2)  # heard meanwhile
    with pytest.raises(redis_errors.ConnectionError, match="another server"):
        await opening
    assert not line.is_connected
