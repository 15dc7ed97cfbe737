"""Fixtures that every test may use: the event loop and a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import redis
from redis.asyncio import Redis

from server.store.client import open_client
from server.store.embedded_valkey import EmbeddedValkey


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is long: at the end it would keep one core busy, and nobody else."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run coroutine tests on asyncio's own loop; servers in processes of their own use uvloop.

    uvloop now and then waits for ever in shutdown_default_executor, after the last test.
    """
    return "asyncio", {"use_uvloop": False}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Keep one real Valkey for the whole run; tests get it empty by `store_url`."""
    valkey = EmbeddedValkey(tmp_path_factory.mktemp("store"))
    valkey.start()
    yield valkey
    valkey.stop()


@pytest.fixture
def store_url(store: EmbeddedValkey) -> str:
    """Give the URL of the shared store, which is empty at the start of the test."""
    with redis.Redis(unix_socket_path=str(store.socket_path), protocol=2) as client:
        client.flushall()
    return store.url


@pytest.fixture
async def client(store_url: str) -> AsyncIterator[Redis]:
    """Give a client of the shared store, which is empty at the start of the test."""
    client = open_client(store_url)
    yield client
    await client.aclose()
