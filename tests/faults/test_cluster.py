"""Redis Cluster: slots move and primaries die while people act."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.store.room_log import log_key
from tests.faults.conftest import times
from tests.faults.failover import crowd_on, fail_over_and_check, on_both_programs
from tests.faults.stores import Clustered

pytestmark = pytest.mark.alone


@pytest.mark.timeout(300)
async def test_rooms_go_on_while_their_slots_move_and_their_primary_dies(tmp_path: Path) -> None:
    await on_both_programs(Clustered, tmp_path, slots_move_and_primaries_die)


async def slots_move_and_primaries_die(stores: Clustered, directory: Path) -> None:
    async with crowd_on(stores, directory, rooms=3) as crowd:
        acting = asyncio.create_task(crowd.act(times(2, 20), every=0.15))
        while not acting.done():
            circle = crowd.dice.choice(crowd.circles)
            await asyncio.to_thread(stores.move, log_key(circle.session), 0.05)
            await asyncio.sleep(0.2)
        await acting
        assert await crowd.check() > 0
        for circle in crowd.circles:
            await circle.facilitator.do("resume")
        await fail_over_and_check(crowd, stores, times(2, 6))
