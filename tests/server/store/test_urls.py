"""A store's URL: one server, a master that sentinels name, or a cluster; plain or TLS."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import BlockingConnectionPool, SSLConnection

from server.store.client import open_client, without_password
from server.store.cluster import Cluster


def sentinels_of(url: str) -> list[tuple[str, int]]:
    pool: Any = open_client(url).connection_pool
    options = [one.connection_pool.connection_kwargs for one in pool.sentinel_manager.sentinels]
    return [(one["host"], one["port"]) for one in options]


def nodes_of(url: str) -> Any:
    cluster = open_client(url)
    assert isinstance(cluster, Cluster)
    return cluster.nodes


def test_sentinels_are_named_by_hosts_and_ports_of_both_kinds() -> None:
    named = sentinels_of("sentinel://a.example,10.0.0.2:5000,[2001:db8::1],[::1]:7/rooms")
    assert named == [("a.example", 26379), ("10.0.0.2", 5000), ("2001:db8::1", 26379), ("::1", 7)]


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    nodes = nodes_of("cluster://user:p%40ss@a.example,[::1]:7000")
    assert list(nodes) == [("a.example", 6379), ("::1", 7000)]
    for node in nodes.values():
        options = node.connection_pool.connection_kwargs
        assert (options["username"], options["password"]) == ("user", "p@ss")
        assert options["retry"].get_retries() == 0
        assert not issubclass(node.connection_pool.connection_class, SSLConnection)


def test_with_tls_every_line_is_encrypted_also_those_to_sentinels() -> None:
    ca = "ssl_ca_certs=/etc/ssl/redis.pem"
    for node in nodes_of(f"clusters://a.example:7000?{ca}").values():
        assert issubclass(node.connection_pool.connection_class, SSLConnection)
        assert node.connection_pool.connection_kwargs["ssl_ca_certs"] == "/etc/ssl/redis.pem"
    pool: Any = open_client(f"sentinels://:secret@a.example/rooms?{ca}").connection_pool
    lines = [pool, *(one.connection_pool for one in pool.sentinel_manager.sentinels)]
    for line in lines:
        assert issubclass(line.connection_class, SSLConnection)
        assert line.connection_kwargs["ssl_ca_certs"] == "/etc/ssl/redis.pem"
    assert [line.connection_kwargs.get("password") for line in lines] == ["secret", None]


@pytest.mark.parametrize("url", ["redis://a", "sentinel://a/rooms", "cluster://a"])
def test_who_finds_every_line_in_use_waits_for_one(url: str) -> None:
    pool: Any = open_client(f"{url}?max_connections=3&timeout=4&socket_timeout=5").connection_pool
    assert isinstance(pool, BlockingConnectionPool)
    assert (pool.max_connections, pool.timeout) == (3, 4)
    assert pool.connection_kwargs["socket_timeout"] == 5


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sentinel://a:26379", "sentinels and a name are needed"),
        ("sentinel://a:x/rooms", "the port of a:x is not a number"),
        ("cluster://a:7000,b:70000", "the port of b:70000 is not a number"),
        ("cluster://2001:db8::1", "not a number|no host"),
        ("cluster://a,,b", "'' is no host"),
        ("cluster://a:7000/3", "no numbered databases"),
        ("cluster://", "it should be like cluster://host:6379"),
        ("cluster://a?foo=bar", "a parameter that a store's URL does not know"),
        ("sentinel://a/rooms?foo=bar", "a parameter that a store's URL does not know"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        open_client(url)


def test_a_url_is_shown_without_its_password() -> None:
    assert without_password("clusters://me:secret@a:1,b:2") == "clusters://a:1,b:2"
