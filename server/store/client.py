"""Connections to a store, chosen by its URL.

    unix://path                                      one server
    redis://[user:password@]host[:port][/db]         one server
    sentinel://[user:password@]host[:port],.../name  the master of that name, by Sentinel
    cluster://[user:password@]host[:port],...        Redis Cluster, by some of its nodes

`rediss`, `sentinels`, `clusters` mean TLS. Parameters follow after `?`, as redis-py knows
them (`ssl_ca_certs=/etc/ssl/redis.pem`).

The library must never repeat a command by itself: a repeated append would be decided for
another moment. So: no retries, two seconds of patience.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.store.cluster import Cluster
from server.store.line import Place
from server.store.master import Master, MasterPool, Sentinels, ToMaster

# Longer than any pause of a healthy store (a rewrite of its file takes milliseconds),
# shorter than the 3 s after which it counts as away.
TIMEOUT_SECONDS: Final = 2.0

SENTINEL_PORT: Final = 26379
REDIS_PORT: Final = 6379

# Commands beyond this many wait for a connection; more would only queue inside the store.
CONNECTIONS: Final = 32

# What a URL says of lines to the store is not for those to its sentinels.
FOR_THE_STORE: Final = ("username", "password", "max_connections", "timeout")

MANY: Final = re.compile(
    r"(?P<kind>sentinel|cluster)(?P<tls>s?)://"
    r"(?:(?P<username>[^:@/?]*)(?::(?P<password>[^@/?]*))?@)?"
    r"(?P<places>[^@/?#]+)(?:/(?P<name>[^/?#]*))?(?:\?(?P<query>[^#]*))?"
)
PLACE: Final = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.%]+)\]|(?P<host>[^\[\]:]+))(?::(?P<port>.*))?")


class HangsUp(AbstractConnection):
    """A line that may be closed under the library's hands: a server that dies as it is asked.

    asyncio says nothing of it, or with an OSError; uvloop raises RuntimeError, which the library
    takes for nobody's fault but the program's.
    """

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send. Raises: what the library does, and ConnectionError for a closed line."""
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            if "is closed" not in str(error):
                raise
            raise redis_errors.ConnectionError("the line was closed") from error


def _make_lines(pool: ConnectionPool, *kinds: type) -> None:
    """Let the lines of a pool be of these kinds before the library's own."""
    pool.connection_class = type("Connection", (*kinds, pool.connection_class), {})


def open_client(url: str, *, timeout_s: float = TIMEOUT_SECONDS) -> Redis:
    """Return a client for a store's URL; it connects when first used.

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
    try:
        if url.startswith("sentinel"):
            sentinels = _many(url, "sentinel://host:26379,host:26379/name")
            return _master_of(sentinels, options, timeout_s)
        if url.startswith("cluster"):
            return _cluster_of(_many(url, "cluster://host:6379,host:6379"), options, timeout_s)
        return _one_server(parse_url(url), options, timeout_s)
    except TypeError:
        raise ValueError("it has a parameter that a store's URL does not know") from None


def _one_server(given: Any, options: dict[str, Any], timeout_s: float) -> Redis:
    pool = BlockingConnectionPool(**{**_limits(timeout_s), **options, **given})
    _make_lines(pool, HangsUp)
    pool.connection_class(**pool.connection_kwargs)  # says TypeError now, not when it connects
    return Redis.from_pool(pool)


def _limits(timeout_s: float) -> dict[str, Any]:
    return {"max_connections": CONNECTIONS, "timeout": timeout_s}


def _master_of(url: re.Match[str], options: dict[str, Any], timeout_s: float) -> Redis:
    """Return a client that asks the sentinels for the master before every connection."""
    name = unquote(url["name"] or "")
    if not name:
        raise ValueError("sentinels and a name are needed: sentinel://host:26379,host:26379/name")
    given = _given(url)
    given.pop("connection_class", None)
    if url["tls"]:
        given["ssl"] = True
    own = {key: value for key, value in given.items() if key not in FOR_THE_STORE}
    places = _places(url, SENTINEL_PORT)
    # All are asked at once; half of a trip's patience is for the line to the master.
    quick = {"socket_timeout": timeout_s / 2, "socket_connect_timeout": timeout_s / 2}
    asked = Sentinels(  # type: ignore[no-untyped-call]
        places,
        sentinel_kwargs={**options, **own, **quick},
        **{**_limits(timeout_s), **options, **given},
    )
    master: Redis = asked.master_for(name, redis_class=Master, connection_pool_class=MasterPool)
    pool: Any = master.connection_pool
    _make_lines(pool, ToMaster, HangsUp)
    for sentinel in asked.sentinels:
        _make_lines(sentinel.connection_pool, HangsUp)
    pool.connection_class(**pool.connection_kwargs)
    return master


def _cluster_of(url: re.Match[str], options: dict[str, Any], timeout_s: float) -> Redis:
    """Return a client that finds the node of each key."""
    if url["name"]:
        raise ValueError("a cluster has no numbered databases: cluster://host:6379,host:6379")
    given = _given(url)

    def open_node(host: str, port: int) -> Redis:
        return _one_server({**given, "host": host, "port": port}, options, timeout_s)

    return Cluster(_places(url, REDIS_PORT), open_node, timeout_s)


# ---- URLs that name several servers -----------------------------------------------------


def _many(url: str, form: str) -> re.Match[str]:
    found = MANY.fullmatch(url)
    if found is None:
        raise ValueError(f"it should be like {form}")
    return found


def _given(url: re.Match[str]) -> dict[str, Any]:
    """Return what the URL says about every connection: user, password, TLS, parameters."""
    given: dict[str, Any] = dict(parse_url(f"redis{url['tls']}://?{url['query'] or ''}"))
    for key in ("username", "password"):
        if url[key]:
            given[key] = unquote(url[key])
    return given


def _places(url: re.Match[str], port: int) -> list[Place]:
    """Return the hosts and ports."""
    places: list[Place] = []
    for text in url["places"].split(","):
        place = PLACE.fullmatch(text)
        if place is None:
            raise ValueError(f"{text!r} is no host: write host:{port}, or [2001:db8::1]:{port}")
        number = place["port"] or str(port)
        if not (number.isascii() and number.isdigit() and 0 < int(number) < 65536):
            raise ValueError(f"the port of {text} is not a number from 1 to 65535")
        places.append((place["v6"] or place["host"], int(number)))
    return places


def without_password(url: str) -> str:
    """Return a store's URL as it may be shown: without user and password."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
