"""Redis Sentinel: the master dies while people act, another takes over, rooms go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import times
from tests.faults.failover import (
    OUTAGE_SECONDS,
    all_are_there,
    check_after,
    crowd_on,
    fail_over_again,
)
from tests.faults.stores import Watched, program_called

pytestmark = pytest.mark.alone


@pytest.fixture(params=["redis", "valkey"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    stores = Watched(program_called(request.param), tmp_path / "nodes")
    yield stores
    stores.end()


@pytest.mark.timeout(300)
async def test_rooms_go_on_when_another_store_becomes_the_master(
    stores: Watched, tmp_path: Path
) -> None:
    async with crowd_on(stores, tmp_path, rooms=2) as crowd:
        failovers = times(1, 6)
        outages = await fail_over_again(crowd, stores, failovers)
        done, lost = await check_after(crowd, failovers)
        await all_are_there(crowd)
    print(f"{done} done, {lost} lost and told, outages {[round(one, 1) for one in outages]} s")  # noqa: T201
    assert done > 0
    assert lost > 0, "nothing was lost: the replica was not behind"
    assert max(outages) <= OUTAGE_SECONDS
