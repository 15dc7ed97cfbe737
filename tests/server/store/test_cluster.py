"""The store over several nodes: every command finds its node, and none is sent twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.crc import key_slot
from redis.exceptions import ConnectionError as ConnectionError_
from redis.exceptions import MovedError
from redis.exceptions import TimeoutError as TimeoutError_

from server.rooms.ending import end_all
from server.rooms.sharded_feed import ShardedFeed
from server.store.client import open_client
from server.store.cluster import HOME, HOME_KEY, Cluster
from server.store.coverage import WAIT_MS
from server.store.errors import LogUnavailable, StoreRefused
from server.store.life import Life
from server.store.position import START, Position, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, Repeated, RoomLog, log_key
from tests.faults.stores import Clustered, program_called

HOUR_MS = 3_600_000
ROOMS = [f"s{number}" for number in range(12)]


@pytest.fixture(scope="module", params=["redis", "valkey"])
def all_nodes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Clustered]:
    program = program_called(request.param)
    nodes = Clustered(program, tmp_path_factory.mktemp("nodes"))
    yield nodes
    nodes.end()


@pytest.fixture
def nodes(all_nodes: Clustered) -> Clustered:
    for node in all_nodes.servers:
        if node.info("role") == "master":
            node.send("FLUSHALL")
            node.send("SCRIPT", "FLUSH")
    return all_nodes


@pytest.fixture
async def cluster(nodes: Clustered) -> AsyncIterator[Cluster]:
    client = open_client(nodes.url)
    assert isinstance(client, Cluster)
    yield client
    await client.aclose()


async def append(
    client: Cluster, log: RoomLog, room: str, at: Position, command_id: str = "c"
) -> Any:
    clock = RedisClock(client)
    await clock.sync()
    now = clock.now_ms()
    return await log.append(
        room,
        at,
        [Record(command_id, b"{}")],
        decided_at=now,
        due_at=0,
        expires_at_ms=now + HOUR_MS,
        wake_at=now + 1,
    )


async def test_rooms_on_different_nodes_are_kept_found_and_woken(cluster: Cluster) -> None:
    log = RoomLog(cluster)
    appended = {room: await append(cluster, log, room, START) for room in ROOMS}
    assert all(isinstance(one, Appended) for one in appended.values())
    ends = await log.positions([*ROOMS, "nowhere"])
    assert ends == {room: one.position for room, one in appended.items()} | {"nowhere": None}
    assert len({await cluster.node_of(log_key(room)) for room in ROOMS}) == 3
    await log.hinted()
    due = await log.due(10**15)
    assert sorted(due) == sorted(ROOMS)
    await cluster.delete("tp:wake")
    assert await log.rebuild_wake() == len(ROOMS)


async def test_signs_of_life_and_leases_work_as_on_one_server(cluster: Cluster) -> None:
    life = Life(cluster)
    assert await life.beat() == []
    await life.renew("w1", 5)
    assert await life.living(["w1", "w2"]) == {"w1": 5}


async def test_a_room_acts_once_while_its_slot_moves_key_by_key(
    nodes: Clustered, cluster: Cluster
) -> None:
    log, at, stored = RoomLog(cluster), START, 0
    moving = asyncio.create_task(asyncio.to_thread(nodes.move, log_key("s1"), 0.15))
    while not moving.done() or stored < 20:
        outcome = await append(cluster, log, "s1", at, f"c{stored}")
        assert isinstance(outcome, Appended), outcome
        assert isinstance(await append(cluster, log, "s1", START, f"c{stored}"), Repeated)
        at, stored = outcome.position, stored + 1
        await asyncio.gather(*(log.read("s1") for _ in range(8)))  # many lines are open
        await asyncio.sleep(0.01)
    await moving
    elements = await log.read("s1")
    assert elements is not None
    assert len(elements) == stored == at.version


async def test_a_room_whose_keys_have_gone_ahead_of_their_slot_is_asked_for_there(
    nodes: Clustered,
) -> None:
    client = open_client(nodes.url, timeout_s=0.3)
    assert isinstance(client, Cluster)
    try:
        log = RoomLog(client)
        outcome = await append(client, log, "s5", START)
        await asyncio.to_thread(nodes.move, log_key("s5"), 0.0, whole=False)
        assert len(await log.read("s5") or []) == 1
        assert await log.positions(["s5"]) == {"s5": outcome.position}
        assert isinstance(await append(client, log, "s5", outcome.position, "d"), Appended)
        await asyncio.to_thread(nodes.move, log_key("s5"), 0.0)
        assert len(await log.read("s5") or []) == 2
    finally:
        await client.aclose()


async def test_a_channel_is_followed_to_another_node_and_said_to_be_new_there(
    nodes: Clustered, cluster: Cluster
) -> None:
    log, news = RoomLog(cluster), asyncio.Queue[str]()
    feed = ShardedFeed(
        cluster,
        on_message=lambda channel, data: news.put_nowait("message"),
        on_subscribed=lambda channel: news.put_nowait("subscribed"),
    )
    feed.subscribe(log_key("s2"))
    task = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(10):
            assert await news.get() == "subscribed"
            outcome = await append(cluster, log, "s2", START, "before")
            assert await news.get() == "message"
            await asyncio.to_thread(nodes.move, log_key("s2"), 0.0)
            assert await news.get() == "subscribed"
            await append(cluster, log, "s2", outcome.position, "after")
            assert await news.get() == "message"
    finally:
        await end_all({task})
    assert news.empty()


async def test_a_channel_that_is_left_and_wanted_again_at_once_is_said_to_be_new(
    cluster: Cluster,
) -> None:
    told = asyncio.Queue[str]()
    feed = ShardedFeed(cluster, on_message=lambda *_: None, on_subscribed=told.put_nowait)
    feed.subscribe(log_key("s2"))
    task = asyncio.create_task(feed.run())
    try:
        async with asyncio.timeout(10):
            assert await told.get() == log_key("s2")
            feed.unsubscribe(log_key("s2"))
            feed.subscribe(log_key("s2"))
            assert await told.get() == log_key("s2")
    finally:
        await end_all({task})


async def test_a_node_that_stands_still_makes_the_store_silent_and_nothing_is_sent_twice(
    nodes: Clustered,
) -> None:
    client = open_client(nodes.url, timeout_s=0.3)
    assert isinstance(client, Cluster)
    try:
        key = log_key("s3")
        await asyncio.gather(*(client.set(key, 0) for _ in range(3)))  # lines that are open
        node = nodes.primary_of(key)
        node.signal(signal.SIGSTOP)
        try:
            for command in (client.incr(key), client.ping()):
                with pytest.raises(TimeoutError_):
                    await command
        finally:
            node.signal(signal.SIGCONT)
        assert await client.ping()
        assert await client.get(key) == b"1"
    finally:
        await client.aclose()


async def test_nobody_waits_for_a_silent_node_once_another_stands_in_its_place(
    nodes: Clustered,
) -> None:
    client = open_client(nodes.url, timeout_s=60.0)
    assert isinstance(client, Cluster)
    key = HOME_KEY
    await client.set(key, 0)
    node = nodes.primary_of(key)
    node.signal(signal.SIGSTOP)
    try:
        waiting: asyncio.Future[int] = asyncio.ensure_future(client.incr(key))
        async with asyncio.timeout(15):
            assert await client.ping()
            with pytest.raises(ConnectionError_):
                await waiting
            assert await client.incr(key) == 1
        assert client.successions == 1
    finally:
        node.signal(signal.SIGCONT)
        await asyncio.to_thread(nodes.return_as_replica, node)
        await client.aclose()


async def test_a_node_that_is_cut_off_from_the_others_is_not_believed(
    nodes: Clustered, tmp_path: Path
) -> None:
    alone = await asyncio.to_thread(nodes.one_cut_off, tmp_path)
    client = open_client(nodes.url.replace("://", f"://127.0.0.1:{alone.port},"))
    assert isinstance(client, Cluster)
    try:
        for _ in range(20):
            client.doubt()
            await client.set(log_key("s6"), 1)
    finally:
        await client.aclose()
        alone.end()


async def test_what_a_replica_has_is_covered_and_what_it_has_not_is_not(
    nodes: Clustered, cluster: Cluster
) -> None:
    log = RoomLog(cluster)
    outcome = await append(cluster, log, "s4", START)
    at = outcome.position
    asked = await asyncio.gather(*(log.covered("s4", [at]) for _ in range(5)))
    assert asked == [[True]] * 5
    other = Position(1, "0" * 40)  # of another history
    assert await log.covered("s4", [other, at, Position(2, at.head)]) == [False, True, False]
    replica = nodes.replica_of(nodes.primary_of(log_key("s4")))
    replica.signal(signal.SIGSTOP)
    try:
        began = asyncio.get_running_loop().time()
        later = await append(cluster, log, "s4", at, "later")
        assert await log.covered("s4", [later.position]) == [False]
        assert await log.covered("s4", [at]) == [False]  # asked again: waits again
        assert asyncio.get_running_loop().time() - began > 1.9 * WAIT_MS / 1000
    finally:
        replica.signal(signal.SIGCONT)
    assert await log.covered("s4", [later.position]) == [True]
    primary = nodes.primary_of(log_key("s4")).client
    primary.config_set("maxmemory", 1)
    try:  # nothing was written to wait for
        with pytest.raises(StoreRefused):
            await log.covered("s4", [at])
    finally:
        primary.config_set("maxmemory", 0)


async def test_a_node_that_does_not_know_its_own_host_is_on_that_of_who_was_asked(
    cluster: Cluster,
) -> None:
    await cluster.ping()  # it has read the map
    (host, port), *_ = cluster.nodes
    slot = key_slot(log_key(ROOMS[0]).encode())
    cluster.learn_from(MovedError(f"{slot} :{port}"), (host, 1))
    assert await cluster.node_of(log_key(ROOMS[0])) is cluster.nodes[host, port]
    cluster.learn_from(MovedError(f"{slot} :{port + 1}"))  # nobody was asked: the map is read anew
    assert await cluster.ping()
    assert set(cluster.nodes) == {place for place in cluster.nodes if place[0]}
    assert cluster.successions == 0
    cluster.learn_from(MovedError(f"{HOME} 127.0.0.1:1"))
    cluster.learn_from(MovedError(f"{HOME} 127.0.0.1:1"))
    assert cluster.successions == 1


async def test_without_any_node_the_store_does_not_answer() -> None:
    client = open_client("cluster://127.0.0.1:1,127.0.0.1:2")
    with pytest.raises(LogUnavailable):
        await RoomLog(client).read("s1")
    await client.aclose()


async def test_who_asks_a_silent_cluster_together_is_told_together(
    nodes: Clustered, cluster: Cluster
) -> None:
    log = RoomLog(cluster)
    await log.read(ROOMS[0])
    for node in nodes.servers:
        node.signal(signal.SIGSTOP)
    try:
        loop = asyncio.get_running_loop()
        with pytest.raises(LogUnavailable):
            await log.read(ROOMS[0])  # from now on there is doubt about the map
        began = loop.time()
        asked = (log.read(room) for room in ROOMS)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, LogUnavailable) for answer in answers)
        assert loop.time() - began < 4
    finally:
        for node in nodes.servers:
            node.signal(signal.SIGCONT)
