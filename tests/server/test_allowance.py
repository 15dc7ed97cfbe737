"""What a person may say, and how often they may come, whatever sockets they use."""

from __future__ import annotations

import asyncio
import gc

from server.sockets.flood import BURST, COMING_SECONDS, RATE_PER_SECOND, Allowance, Allowances


def test_who_comes_too_fast_waits_and_then_is_refused() -> None:
    now = 100.0
    allowance = Allowance(lambda: now)
    assert [allowance.come() for _ in range(int(BURST))] == [0.0] * int(BURST)
    assert not allowance.take()
    waits = [allowance.come() for _ in range(int(COMING_SECONDS * RATE_PER_SECOND))]
    assert waits[0] == 1 / RATE_PER_SECOND
    assert waits[-1] == COMING_SECONDS
    assert allowance.come() is None
    now += COMING_SECONDS
    assert not allowance.take()  # those who waited have used it up
    now += 1.1 / RATE_PER_SECOND
    assert allowance.take()


def test_what_many_did_at_once_is_paid_back_before_anybody_may_go_on() -> None:
    now = 100.0
    allowance = Allowance(lambda: now, burst=2.0)
    for _ in range(22):  # all of them were under way before the first was done
        allowance.owe()
    now += 20 / RATE_PER_SECOND
    assert allowance.is_spent
    now += 1.1 / RATE_PER_SECOND
    assert not allowance.is_spent


async def test_it_outlives_the_socket_until_it_is_full_and_no_longer() -> None:
    allowances = Allowances()
    with allowances.of("s", "ana") as first:
        first.take()
    before = id(first)
    del first
    with allowances.of("s", "ana") as again, allowances.of("s", "ben") as another:
        assert id(again) == before
        assert again is not another
    del again, another
    await asyncio.sleep(0.1)
    gc.collect()
    assert not allowances._kept
