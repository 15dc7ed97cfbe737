"""Commands of many rooms on one line: together, each with its own answer."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions as redis_errors
from redis.asyncio import BlockingConnectionPool, Redis

from server.store.client import TIMEOUT_SECONDS, open_client
from server.store.embedded_valkey import EmbeddedValkey
from server.store.trips import COMMANDS_MAX, Trips
from tests.faults.stores import Watched, program_called


class DeafPool(BlockingConnectionPool):
    """Opens its first connection so late that patience has ended, and misses being cancelled."""

    is_late = True

    async def get_connection(self, *names: Any, **options: Any) -> Any:
        """Open one, or take one that is free."""
        if self.is_late:
            self.is_late = False
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            await asyncio.sleep(0.1)
        return await super().get_connection(*names, **options)  # type: ignore[no-untyped-call]


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Be a store that hears everything and answers nothing."""
    while await reader.read(1024):
        pass
    writer.close()


@pytest.fixture
def trips(client: Redis) -> Trips:
    return Trips(client, patience_s=2.0)


async def commands_seen(client: Redis) -> int:
    """Count the reads of the store: a trip is one, however many commands it has."""
    return int((await client.info("stats"))["total_reads_processed"])


async def test_everybody_gets_their_own_answer(trips: Trips) -> None:
    words = [f"word {number}" for number in range(3 * COMMANDS_MAX)]
    answers = await asyncio.gather(*(trips.execute_command("ECHO", word) for word in words))
    assert answers == [word.encode() for word in words]


async def test_what_comes_meanwhile_goes_together(client: Redis, trips: Trips) -> None:
    await trips.execute_command("PING")  # opens the line
    before = await commands_seen(client)
    await asyncio.gather(*(trips.execute_command("PING") for _ in range(1 + COMMANDS_MAX)))
    assert await commands_seen(client) - before <= 3  # two trips, and the question


async def test_a_refusal_is_that_of_one_command(trips: Trips) -> None:
    asked = ("SET", "word", "x"), ("LPUSH", "word", "y"), ("GET", "word")
    answers = await asyncio.gather(
        *(trips.execute_command(*words) for words in asked), return_exceptions=True
    )
    assert (answers[0], answers[2]) == (b"OK", b"x")
    assert isinstance(answers[1], redis_errors.ResponseError)


async def test_a_word_that_is_none_is_the_fault_of_one_command(trips: Trips) -> None:
    asked = ("ECHO", "before"), ("ECHO", object()), ("ECHO", "after")
    answers = await asyncio.gather(
        *(trips.execute_command(*words) for words in asked), return_exceptions=True
    )
    assert (answers[0], answers[2]) == (b"before", b"after")
    assert isinstance(answers[1], TypeError)


async def test_who_does_not_wait_any_more_keeps_nobody_else(trips: Trips) -> None:
    gone = asyncio.create_task(trips.execute_command("ECHO", "gone"))
    here = asyncio.create_task(trips.execute_command("ECHO", "here"))
    await asyncio.sleep(0)
    gone.cancel()
    assert await here == b"here"


async def test_a_silent_store_is_waited_for_no_longer_than_patience(client: Redis) -> None:
    trips = Trips(client, patience_s=0.2)
    waiting = [trips.execute_command("BLPOP", "nothing", 5), trips.execute_command("PING")]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError, TimeoutError]
    # What the silent line would still have said is nobody's answer.
    assert await trips.execute_command("ECHO", "back") == b"back"


async def test_nobody_waits_behind_a_silent_store_longer_than_patience(client: Redis) -> None:
    trips = Trips(client, patience_s=0.3)
    waiting = [trips.execute_command("BLPOP", "nothing", 5) for _ in range(3 * COMMANDS_MAX)]
    async with asyncio.timeout(0.5):
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in answers} == {TimeoutError}


async def test_an_opening_that_outlives_its_trip_takes_no_answer_from_the_next(
    store_url: str,
) -> None:
    pool = DeafPool.from_url(store_url, protocol=2)
    trips = Trips(Redis.from_pool(pool), patience_s=1.5)
    with pytest.raises(TimeoutError):
        await trips.execute_command("ECHO", "too late")
    async with asyncio.timeout(4):
        asked = ("BLPOP", "nothing", 0.15), ("ECHO", "first"), ("ECHO", "second")
        answers = await asyncio.gather(*(trips.execute_command(*words) for words in asked))
    assert answers == [None, b"first", b"second"]
    await pool.disconnect()


async def test_all_are_told_at_once_when_a_line_cannot_be_opened_in_time() -> None:
    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    client = open_client(f"redis://127.0.0.1:{port}/1?socket_timeout=0.3")  # /1: it is asked
    trips = Trips(client, patience_s=2.0)
    waiting = [trips.execute_command("PING") for _ in range(3 * COMMANDS_MAX)]
    async with asyncio.timeout(0.6):
        answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in answers} == {redis_errors.TimeoutError}
    await client.aclose()
    silent.close()
    await asyncio.sleep(0.05)  # until its sockets are closed, too


async def test_who_asked_something_that_is_no_command_costs_no_line(
    client: Redis, trips: Trips
) -> None:
    line = await trips.execute_command("CLIENT", "ID")
    with pytest.raises(TypeError):
        await trips.execute_command("ECHO", object())
    assert await trips.execute_command("CLIENT", "ID") == line


async def test_a_line_that_was_cut_is_opened_again(client: Redis, trips: Trips) -> None:
    line = await trips.execute_command("CLIENT", "ID")
    await client.execute_command("CLIENT", "KILL", "ID", line)  # type: ignore[no-untyped-call]
    await asyncio.sleep(0.1)
    assert await trips.execute_command("CLIENT", "ID") != line


async def test_a_line_that_was_cut_in_mid_trip_is_said_at_once(client: Redis, trips: Trips) -> None:
    line = await trips.execute_command("CLIENT", "ID")
    waiting = asyncio.create_task(trips.execute_command("BLPOP", "nothing", 5))
    await asyncio.sleep(0.1)
    await client.execute_command("CLIENT", "KILL", "ID", line)  # type: ignore[no-untyped-call]
    with pytest.raises(redis_errors.ConnectionError):
        await asyncio.wait_for(waiting, 0.5)
    assert await trips.execute_command("ECHO", "back") == b"back"


async def test_a_line_that_the_store_has_closed_costs_no_command(tmp_path: Path) -> None:
    store = EmbeddedValkey(tmp_path)
    store.start()
    client = open_client(store.url)
    try:
        trips = Trips(client, patience_s=2.0)
        await trips.execute_command("SET", "word", "x")
        store.stop()
        store.start()
        await asyncio.sleep(0.1)  # until this side has heard of it
        assert await trips.execute_command("GET", "word") == b"x"
    finally:
        await client.aclose()
        store.stop()


async def test_one_line_is_opened_at_a_time_however_deaf_the_openings_are(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = most = 0

    async def deaf(*_: Any) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        loop = asyncio.get_running_loop()
        ends = loop.time() + 0.5
        while loop.time() < ends:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.05)
        at_once -= 1
        raise redis_errors.ConnectionError("dead")

    monkeypatch.setattr("server.store.trips.connected", deaf)
    trips = Trips(client, patience_s=0.1)
    for _ in range(4):
        with pytest.raises(TimeoutError):
            await trips.execute_command("PING")
    await asyncio.sleep(0.6)
    assert most == 1


async def test_a_silent_sentinel_keeps_nobody_from_the_store(tmp_path: Path) -> None:
    stores = Watched(program_called("valkey"), tmp_path)
    client = open_client(stores.url)
    try:
        trips = Trips(client, patience_s=TIMEOUT_SECONDS)
        assert await trips.execute_command("PING")
        stores.sentinels[0].signal(signal.SIGSTOP)  # it is asked first
        trips._cut()
        assert await trips.execute_command("PING")
    finally:
        await client.aclose()
        stores.sentinels[0].signal(signal.SIGCONT)
        stores.end()
