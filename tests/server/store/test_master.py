"""The master is who the sentinels name, and when nobody can be asked, who it was."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions as redis_errors
from redis.asyncio.sentinel import MasterNotFoundError

from server.rooms.ending import end_all
from server.store.client import open_client
from server.store.master import Master, NobodyAnswers, Sentinels
from tests.faults.stores import Watched, program_called

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
    with pytest.raises(NobodyAnswers):  # who has not known one cannot know it
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


class Says:
    """A sentinel with a view of its own."""

    def __init__(self, **state: Any) -> None:
        self._state = state

    async def sentinel_masters(self) -> dict[str, Any]:
        if not self._state:
            raise redis_errors.ConnectionError("nobody")
        usual = {"is_master": True, "is_sdown": False, "is_odown": False, "num-other-sentinels": 2}
        return {"rooms": usual | self._state}


async def found(*sentinels: Says) -> Any:
    asked = Sentinels([])  # type: ignore[no-untyped-call]
    asked.sentinels = list(sentinels)  # type: ignore[arg-type]
    return await asked.discover_master("rooms")


async def test_who_has_heard_of_the_newest_election_is_believed() -> None:
    late = Says(ip="10.0.0.1", port=1, **{"config-epoch": 3})
    newest = Says(ip="10.0.0.2", port=2, **{"config-epoch": 4})
    down = Says(ip="10.0.0.1", port=1, is_sdown=True, **{"config-epoch": 5})
    assert await found(Says(), late, newest, down) == ("10.0.0.2", 2)
    with pytest.raises(MasterNotFoundError) as error:
        await found(down, Says())
    assert not isinstance(error.value, NobodyAnswers)
