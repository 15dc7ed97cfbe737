"""Connections to a store, chosen by its URL.

The library must never repeat a command by itself: a repeated append would be
decided for another moment. So: no retries, two seconds of patience.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

# Longer than any pause of a healthy store (a rewrite of its file takes milliseconds),
# shorter than the 3 s after which it counts as away.
TIMEOUT_SECONDS = 2.0

SENTINEL_PORT = 26379

# Commands beyond this many wait for a connection; more would only queue inside the store.
CONNECTIONS = 32


def open_client(url: str, *, timeout_s: float = TIMEOUT_SECONDS) -> Redis:
    """Return a client for a store's URL; it connects when first used.

    `unix://path`, `redis://host:port/db`, `rediss://...` (TLS), or with Redis Sentinel
    `sentinel://host:26379,host:26379/name`: the master of that name, whichever it is.

    Raises:
        ValueError: with a sentence that says what is wrong with the URL.
    """
    options: dict[str, Any] = {
        # RESP 2: the newer protocol adds a handshake that Valkey answers with an error.
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
    if url.startswith("sentinel://"):
        return _master_of(url, options)
    try:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=timeout_s, **options
        )
        pool.connection_class(**pool.connection_kwargs)
    except TypeError:
        raise ValueError("it has a parameter that a store's URL does not know") from None
    return Redis.from_pool(pool)


class Master(Redis):
    """The master that sentinels name; closing it closes the lines to them, too."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections."""
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def _master_of(url: str, options: dict[str, Any]) -> Redis:
    """Return a client that asks the sentinels for the master before every connection."""
    parts = urlsplit(url)
    name = parts.path.strip("/")
    places = [place.partition(":") for place in parts.netloc.rpartition("@")[2].split(",")]
    if not name or not all(host for host, _, _ in places):
        raise ValueError("sentinels and a name are needed: sentinel://host:26379,host:26379/name")
    access = {
        key: unquote(value) for key in ("username", "password") if (value := getattr(parts, key))
    }
    sentinels = [(host, int(port or SENTINEL_PORT)) for host, _, port in places]
    asked = Sentinel(sentinels, **options, **access)  # type: ignore[no-untyped-call]
    master: Redis = asked.master_for(name, redis_class=Master)
    return master


def without_password(url: str) -> str:
    """Return a store's URL as it may be shown: without user and password."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
