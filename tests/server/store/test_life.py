"""Signs of life: outages are known afterwards, and leases lapse by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.store.errors import StoreRefused
from server.store.life import LEASE_SECONDS, LIFE_KEY, OUTAGES_KEY, Life, Outage, lease_key


@pytest.fixture
def life(client: Redis) -> Life:
    return Life(client)


async def silence(client: Redis, ms: int) -> int:
    """Make the last sign of life `ms` old; return its time."""
    seconds, microseconds = await client.time()
    last = int(seconds) * 1000 + int(microseconds) // 1000 - ms
    await client.set(LIFE_KEY, last)
    return last


async def test_a_first_start_is_no_outage(life: Life) -> None:
    assert await life.beat() == []
    assert await life.beat() == []


async def test_a_short_silence_is_no_outage(client: Redis, life: Life) -> None:
    await silence(client, 2500)
    assert await life.beat() == []


async def test_the_first_beat_after_a_silence_records_it_for_all(client: Redis, life: Life) -> None:
    last = await silence(client, 60_000)
    (outage,) = await life.beat()
    assert outage.since == last
    assert 60_000 <= outage.until - outage.since < 65_000
    assert await life.beat() == [outage]
    assert await Life(client).beat() == [outage]


async def test_an_outage_of_two_days_ago_is_forgotten(client: Redis, life: Life) -> None:
    old = await silence(client, 49 * 3600 * 1000)
    await client.rpush(OUTAGES_KEY, f"{old - 10_000} {old}")
    last = await silence(client, 5000)
    assert [outage.since for outage in await life.beat()] == [last]
    assert await client.llen(OUTAGES_KEY) == 1


async def test_at_most_fifty_outages_are_kept(client: Redis, life: Life) -> None:
    now = await silence(client, 0)
    for n in range(60):
        await client.rpush(OUTAGES_KEY, f"{now - 1000 - n} {now - n}")
    last = await silence(client, 4000)
    outages = await life.beat()
    assert len(outages) == 50
    assert outages[-1].since == last
    assert isinstance(outages[0], Outage)


async def test_leases_tell_which_workers_live(client: Redis, life: Life) -> None:
    await life.renew("w1")
    await life.renew("w2")
    await life.renew("w2", 1234)
    assert await life.living(["w1", "w2", "w3"]) == {"w1": 0, "w2": 1234}
    assert 9000 < await client.pttl(lease_key("w1")) <= LEASE_SECONDS * 1000
    await life.release("w1")
    assert set(await life.living(["w1", "w2"])) == {"w2"}
    assert await life.living([]) == {}


async def test_a_lease_that_is_not_renewed_lapses(client: Redis, life: Life) -> None:
    await life.renew("w1")
    await client.pexpire(lease_key("w1"), 1)
    while await client.exists(lease_key("w1")):
        pass
    assert await life.living(["w1"]) == {}


async def test_an_outage_of_a_clock_that_was_set_back_is_forgotten(
    client: Redis, life: Life
) -> None:
    now = await silence(client, 0)
    await client.rpush(OUTAGES_KEY, f"{now - 20_000} {now - 10_000}", f"{now} {now + 3_600_000}")
    assert [outage.until for outage in await life.beat()] == [now - 10_000]
    assert await client.llen(OUTAGES_KEY) == 1


async def test_a_disk_that_cannot_be_looked_at_is_a_refusal(client: Redis, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="No such file"):
        await Life(client, tmp_path / "gone").beat()
