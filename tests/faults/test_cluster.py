"""Redis Cluster: slots move and primaries die while people act."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.room_log import log_key
from tests.faults.conftest import times
from tests.faults.failover import (
    OUTAGE_SECONDS,
    all_are_there,
    check_after,
    crowd_on,
    fail_over_again,
)
from tests.faults.stores import Clustered, program_called

pytestmark = pytest.mark.alone


@pytest.fixture(params=["redis", "valkey"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clustered]:
    stores = Clustered(program_called(request.param), tmp_path / "nodes")
    yield stores
    stores.end()


@pytest.mark.timeout(300)
async def test_rooms_go_on_while_their_slots_move_and_their_primary_dies(
    stores: Clustered, tmp_path: Path
) -> None:
    async with crowd_on(stores, tmp_path, rooms=3) as crowd:
        acting = asyncio.create_task(crowd.act(times(2, 20), every=0.15))
        while not acting.done():
            circle = crowd.dice.choice(crowd.circles)
            await asyncio.to_thread(stores.move, log_key(circle.session), 0.05)
            await asyncio.sleep(0.2)
        await acting
        assert await crowd.check() > 0
        for circle in crowd.circles:
            await circle.facilitator.do("resume")
        failovers = times(1, 6)
        outages = await fail_over_again(crowd, stores, failovers)
        done, lost = await check_after(crowd, failovers)
        await all_are_there(crowd)
    print(f"{done} done, {lost} lost and told, outages {[round(one, 1) for one in outages]} s")  # noqa: T201
    assert done > 0
    assert lost > 0, "nothing was lost: the replica was not behind"
    assert max(outages) <= OUTAGE_SECONDS
