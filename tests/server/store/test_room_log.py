"""The log of a room: what it stores, what it refuses, and what it tells at once."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from redis.asyncio import Redis

from server.store.embedded_valkey import EmbeddedValkey
from server.store.errors import StoreRefused
from server.store.position import (
    START,
    Message,
    Position,
    Record,
    end_of_message,
    parse_message,
)
from server.store.room_log import (
    WAKE_KEY,
    Appended,
    Conflict,
    Late,
    NotDue,
    Outcome,
    Repeated,
    RoomLog,
    ids_key,
    log_channel,
    log_key,
)
from tests.faults.checker import next_head
from tests.faults.crowd import until

ROOM = "r1"
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def log(client: Redis) -> RoomLog:
    return RoomLog(client)


async def now_ms(client: Redis) -> int:
    seconds, microseconds = await client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


async def append(
    client: Redis,
    log: RoomLog,
    expected: Position,
    *records: tuple[str, bytes],
    decided: int = 0,
    due: int | None = None,
    expires: int = DAY_MS,
    wake: int | None = None,
) -> Outcome:
    """Append to the room; times are ms from now."""
    now = await now_ms(client)
    return await log.append(
        ROOM,
        expected,
        [Record(*record) for record in records],
        decided_at=now + decided,
        due_at=0 if due is None else now + due,
        expires_at_ms=now + expires,
        wake_at=None if wake is None else now + wake,
    )


async def stored(client: Redis, log: RoomLog, *records: tuple[str, bytes]) -> list[Position]:
    """Append behind whatever is there and return the positions."""
    end = (await log.positions([ROOM]))[ROOM] or START
    outcome = await append(client, log, end, *records)
    assert isinstance(outcome, Appended)
    return list(outcome.positions)


async def test_a_batch_gets_a_chain_of_positions(client: Redis, log: RoomLog) -> None:
    outcome = await append(client, log, START, ("a", b"one"), ("b", b"two"))
    first = Position(1, next_head("", b"one"))
    second = Position(2, next_head(first.head, b"two"))
    assert outcome == Appended(second, [first, second])
    assert await log.read(ROOM) == [(first, b"one"), (second, b"two")]


async def test_reading_goes_on_from_a_position(client: Redis, log: RoomLog) -> None:
    first, second = await stored(client, log, ("a", b"one"), ("b", b"\x00two\n"))
    assert await log.read(ROOM, first) == [(second, b"\x00two\n")]
    assert await log.read(ROOM, second) == []


async def test_reading_from_another_history_gives_none(client: Redis, log: RoomLog) -> None:
    _, second = await stored(client, log, ("a", b"one"), ("b", b"two"))
    assert await log.read(ROOM, Position(2, "0" * 40)) is None
    assert await log.read(ROOM, Position(3, second.head)) is None
    assert await log.read("nobody", second) is None
    assert await log.read("nobody") == []


async def test_what_is_stored_is_announced_in_the_same_step(client: Redis, log: RoomLog) -> None:
    async with client.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(log_channel(ROOM))
        first, second = await stored(client, log, ("a", b"one\n1 2"), ("b", b""))
        (third,) = await stored(client, log, ("c", b"three"))
        messages: list[Message] = []
        while len(messages) < 2:
            message = await channel.get_message(timeout=5)
            if message is not None:
                messages.append(parse_message(message["data"]))
                assert end_of_message(message["data"]) == messages[-1].elements[-1][0]
    assert messages[0].before == START
    assert messages[0].elements == [(first, b"one\n1 2"), (second, b"")]
    assert messages[1].before == second
    assert messages[1].elements == [(third, b"three")]


async def test_nothing_refused_is_announced(client: Redis, log: RoomLog) -> None:
    (first,) = await stored(client, log, ("a", b"one"))
    async with client.pubsub(ignore_subscribe_messages=True) as channel:
        await channel.subscribe(log_channel(ROOM))
        await append(client, log, START, ("b", b"two"))
        await append(client, log, first, ("a", b"one"))
        await append(client, log, first, ("b", b"two"), decided=-600)
        await append(client, log, first, ("b", b"two"), due=5000)
        (second,) = await stored(client, log, ("c", b"three"))
        while (message := await channel.get_message(timeout=5)) is None:
            pass
        assert parse_message(message["data"]).elements == [(second, b"three")]
        assert second.version == 2


async def test_a_repeated_command_gets_its_first_result(client: Redis, log: RoomLog) -> None:
    first, _ = await stored(client, log, ("a", b"one"), ("b", b"two"))
    (third,) = await stored(client, log, ("c", b"three"))
    outcome = await append(client, log, third, ("d", b"four"), ("a", b"other"), ("c", b"three"))
    assert outcome == Repeated({1: first, 2: third})
    assert (await log.positions([ROOM]))[ROOM] == third


async def test_a_repeated_command_is_found_out_from_an_old_position_and_late(
    client: Redis, log: RoomLog
) -> None:
    first, _ = await stored(client, log, ("a", b"one"), ("b", b"two"))
    outcome = await append(client, log, START, ("a", b"one"), decided=-60_000)
    assert outcome == Repeated({0: first})


async def test_commands_are_found_and_what_was_cut_off_is_not(client: Redis, log: RoomLog) -> None:
    first, second = await stored(client, log, ("a", b"one"), ("b", b"two"))
    assert await log.find(ROOM, ["b", "x", "a"]) == {"a": first, "b": second}
    assert await log.find(ROOM, []) == {}
    await client.ltrim(log_key(ROOM), 0, 0)
    assert await log.find(ROOM, ["b", "a"]) == {"a": first}
    await stored(client, log, ("c", b"other"))
    assert await log.find(ROOM, ["b", "a"]) == {"a": first}


async def test_where_no_replica_is_only_what_stands_in_the_log_is_covered(
    client: Redis, log: RoomLog
) -> None:
    (at,) = await stored(client, log, ("a", b"one"))
    elsewhere = Position(1, next_head("", b"of a store that has died"))
    lost = Position(2, next_head(at.head, b"two"))
    assert await log.covered(ROOM, [at, elsewhere, lost]) == [True, False, False]


@pytest.mark.parametrize("is_replica", [True, False])
async def test_a_replica_that_is_still_copying_is_waited_for_and_a_backup_is_not(
    store: EmbeddedValkey, client: Redis, log: RoomLog, is_replica: bool
) -> None:
    (at,) = await stored(client, log, ("a", b"one"))
    await client.config_set("repl-diskless-sync-delay", 60)  # else it would have it in 5 s
    answers, replica = await asyncio.open_unix_connection(str(store.socket_path))
    if is_replica:
        replica.write(b"REPLCONF listening-port 7000\r\n")
        assert await answers.readline() == b"+OK\r\n"
    replica.write(b"PSYNC ? -1\r\n")  # and never says that it has the copy

    async def copies() -> bool:
        return bool((await client.info("replication"))["connected_slaves"])

    async def is_alone() -> bool:
        return not await copies()

    await until(copies, 15)
    role, _, online = await client.execute_command("ROLE")  # type: ignore[no-untyped-call]
    assert (role, online) == (b"master", [])
    assert await log.covered(ROOM, [at]) == [not is_replica]
    replica.close()
    await until(is_alone, 15)
    assert await log.covered(ROOM, [at]) == [True]


async def test_who_waits_for_a_replica_keeps_no_line_from_others(
    store: EmbeddedValkey, client: Redis, log: RoomLog
) -> None:
    (at,) = await stored(client, log, ("a", b"one"))
    await client.config_set("repl-diskless-sync-delay", 60)
    answers, replica = await asyncio.open_unix_connection(str(store.socket_path))
    with contextlib.closing(replica):
        replica.write(b"REPLCONF listening-port 7000\r\n")
        assert await answers.readline() == b"+OK\r\n"
        replica.write(b"PSYNC ? -1\r\n")

        async def copies() -> bool:
            return bool((await client.info("replication"))["connected_slaves"])

        await until(copies, 15)
        waiting = [asyncio.create_task(log.covered(ROOM, [at])) for _ in range(100)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(0.5):
            await client.ping()
        assert await asyncio.gather(*waiting) == [[False]] * 100  # and not one after another


async def test_a_store_that_takes_nothing_without_replicas_covers_nothing_without_them(
    client: Redis, log: RoomLog
) -> None:
    (at,) = await stored(client, log, ("a", b"one"))
    await client.config_set("min-replicas-to-write", 1)
    try:
        with pytest.raises(StoreRefused, match="NOREPLICAS"):
            await log.covered(ROOM, [at])
    finally:
        await client.config_set("min-replicas-to-write", 0)


async def test_twins_in_one_batch_are_not_stored_twice(client: Redis, log: RoomLog) -> None:
    outcome = await append(client, log, START, ("a", b"one"), ("b", b"two"), ("a", b"one"))
    assert outcome == Repeated({2: None})
    assert await log.read(ROOM) == []


async def test_the_servers_own_records_have_no_id_and_never_repeat(
    client: Redis, log: RoomLog
) -> None:
    await stored(client, log, ("", b"tick"), ("", b"tick"))
    assert len(await stored(client, log, ("", b"tick"))) == 1
    assert not await client.exists(ids_key(ROOM))


async def test_a_cut_log_remembers_nothing(client: Redis, log: RoomLog) -> None:
    first, _ = await stored(client, log, ("a", b"one"), ("b", b"two"))
    await client.ltrim(log_key(ROOM), 0, 0)
    outcome = await append(client, log, first, ("b", b"again"))
    assert isinstance(outcome, Appended)
    assert await log.read(ROOM, first) == [(outcome.position, b"again")]


async def test_a_result_at_a_version_that_holds_something_else_is_forgotten(
    client: Redis, log: RoomLog
) -> None:
    first, _ = await stored(client, log, ("a", b"one"), ("b", b"two"))
    await client.ltrim(log_key(ROOM), 0, 0)
    (other,) = await stored(client, log, ("c", b"other"))
    assert other.version == 2
    outcome = await append(client, log, other, ("b", b"two"))
    assert isinstance(outcome, Appended)
    assert outcome.position.version == 3
    assert await log.read(ROOM, first) is not None


async def test_who_is_behind_gets_what_is_missing_in_the_reply(client: Redis, log: RoomLog) -> None:
    first, second = await stored(client, log, ("a", b"one"), ("b", b"two"))
    assert await append(client, log, first, ("c", b"three")) == Conflict([(second, b"two")])
    everything = [(first, b"one"), (second, b"two")]
    assert await append(client, log, START, ("c", b"three")) == Conflict(everything)
    assert await log.read(ROOM, second) == []


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_wrong_head_is_another_history(client: Redis, log: RoomLog, version: int) -> None:
    await stored(client, log, ("a", b"one"), ("b", b"two"))
    expected = Position(version, "f" * 40)
    assert await append(client, log, expected, ("c", b"three")) == Conflict(None)
    assert len(await log.read(ROOM) or []) == 2


async def test_a_position_in_a_log_that_has_gone_is_another_history(
    client: Redis, log: RoomLog
) -> None:
    _, second = await stored(client, log, ("a", b"one"), ("b", b"two"))
    await client.flushall()
    assert await append(client, log, second, ("c", b"three")) == Conflict(None)


@pytest.mark.parametrize("decided", [-600, -60_000, 700, 60_000])
async def test_a_command_decided_for_another_time_is_late(
    client: Redis, log: RoomLog, decided: int
) -> None:
    outcome = await append(client, log, START, ("a", b"one"), decided=decided)
    assert isinstance(outcome, Late)
    assert abs(outcome.now - await now_ms(client)) < 5000
    assert await log.read(ROOM) == []


async def test_a_command_decided_a_moment_ago_is_in_time(client: Redis, log: RoomLog) -> None:
    outcome = await append(client, log, START, ("a", b"one"), decided=-300)
    assert isinstance(outcome, Appended)


async def test_a_deadline_that_has_not_come_is_refused(client: Redis, log: RoomLog) -> None:
    outcome = await append(client, log, START, ("", b"ended"), due=400)
    assert isinstance(outcome, NotDue)
    assert await log.read(ROOM) == []
    assert isinstance(await append(client, log, START, ("", b"ended"), due=0), Appended)


async def test_every_append_renews_the_expiry_of_all_keys_of_the_room(
    client: Redis, log: RoomLog
) -> None:
    outcome = await append(client, log, START, ("a", b"one"), expires=60_000)
    assert isinstance(outcome, Appended)
    assert 50_000 < await client.pttl(log_key(ROOM)) <= 60_000
    await append(client, log, outcome.position, ("b", b"two"), expires=DAY_MS)
    for key in (log_key(ROOM), ids_key(ROOM)):
        assert DAY_MS - 10_000 < await client.pttl(key) <= DAY_MS


async def test_the_next_deadline_is_noted_and_taken_back(client: Redis, log: RoomLog) -> None:
    outcome = await append(client, log, START, ("a", b"one"), wake=1000)
    assert isinstance(outcome, Appended)
    now = await now_ms(client)
    assert await log.due(now) == []
    assert await log.due(now + 1000) == [ROOM]
    await append(client, log, outcome.position, ("b", b"two"), wake=None)
    assert await log.due(now + 1000) == []


async def test_the_wake_up_set_is_rebuilt_from_the_logs(client: Redis, log: RoomLog) -> None:
    await append(client, log, START, ("a", b"one"), wake=90_000)
    await client.delete(WAKE_KEY)
    assert await log.rebuild_wake() == 1
    assert await log.due(await now_ms(client)) == [ROOM]
    assert await log.rebuild_wake() == 0
    await log.forget_wake(ROOM)
    assert await log.due(await now_ms(client)) == []


async def test_positions_of_many_rooms_come_in_one_reply(client: Redis, log: RoomLog) -> None:
    _, second = await stored(client, log, ("a", b"one"), ("b", b"two"))
    assert await log.positions([ROOM, "nobody"]) == {ROOM: second, "nobody": None}
    assert await log.positions([]) == {}


async def test_of_many_appends_on_one_position_one_wins(client: Redis, log: RoomLog) -> None:
    (first,) = await stored(client, log, ("a", b"one"))
    attempts = (append(client, log, first, (f"c{n}", b"%d" % n)) for n in range(40))
    outcomes = await asyncio.gather(*attempts)
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(lost) == 39
    assert {outcome.missing[0][0] for outcome in lost if outcome.missing} == {won.position}


async def test_all_keys_of_a_room_lie_on_one_node_of_a_cluster() -> None:
    assert log_key(ROOM) == "tp:{r1}:log"
    assert ids_key(ROOM) == "tp:{r1}:ids"
