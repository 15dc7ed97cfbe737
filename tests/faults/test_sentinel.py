"""Redis Sentinel: the master fails or is cut off while people act, another takes over."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.conftest import times
from tests.faults.crowd import SETTLED_SECONDS, Circle, stopped, until
from tests.faults.failover import (
    OUTAGE_SECONDS,
    all_are_there,
    answered,
    answers,
    call_for_support,
    check_after,
    crowd_on,
    fail_over_and_check,
    on_both_programs,
)
from tests.faults.network import Network, NoNetwork
from tests.faults.stores import MAX_LAG_SECONDS, CutOff, Watched

# The lag is looked at once a second, and by then ours notice that they are refused.
REFUSED_SECONDS = MAX_LAG_SECONDS + 5
FOR_EVER = 3600

pytestmark = pytest.mark.alone


@pytest.mark.timeout(300)
async def test_rooms_go_on_when_another_store_becomes_the_master(tmp_path: Path) -> None:
    await on_both_programs(Watched, tmp_path, masters_die)


async def masters_die(stores: Watched, directory: Path) -> None:
    async with crowd_on(stores, directory, rooms=2) as crowd:
        await fail_over_and_check(crowd, stores, times(2, 6))


@pytest.mark.timeout(300)
async def test_what_a_master_took_alone_is_lost_and_told_and_it_soon_takes_nothing(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        try:
            networks = [stack.enter_context(Network()) for _ in range(2)]
        except NoNetwork as why:
            pytest.skip(f"a master is cut off by a network of its own: {why}")
        await on_both_programs(
            lambda program, home: CutOff(program, home, networks.pop()), tmp_path, goes_on_alone
        )


async def goes_on_alone(stores: CutOff, directory: Path) -> None:
    async with crowd_on(stores, directory, rooms=2) as crowd:
        master, replica = stores.servers
        acting = asyncio.create_task(crowd.act(FOR_EVER, every=0.15))
        calling = asyncio.create_task(call_for_support(crowd, FOR_EVER))
        try:
            await asyncio.sleep(1)
            stores.network.cut()
            async with asyncio.timeout(REFUSED_SECONDS):
                await refused(crowd.circles[0])
            stores.network.mend()
            assert (master.info("role"), replica.info("role")) == ("master", "master")
            await asyncio.to_thread(stores.return_as_replica, master)
            for circle in crowd.circles:
                await answered(circle)
        finally:
            await asyncio.gather(stopped(acting), stopped(calling))
        await until(lambda: answers(crowd), OUTAGE_SECONDS)
        done, lost = await check_after(crowd, 1)
        await until(lambda: all_are_there(crowd), SETTLED_SECONDS)
        print(f"cut off: {done} done, {lost} lost and told")  # noqa: T201
        assert lost > 0, "the master took nothing while it was cut off"


async def refused(circle: Circle) -> None:
    """Wait until the facilitator of a room is told that nothing can be stored."""
    while True:
        answer = await circle.facilitator.do("set_prompt", text=f"alone {time.monotonic()}")
        if answer.get("code") == "cannot_store":
            return
        await asyncio.sleep(0.1)
