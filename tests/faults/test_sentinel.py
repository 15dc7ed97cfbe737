"""Redis Sentinel: the master dies while people act, another takes over, rooms go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import times
from tests.faults.failover import crowd_on, fail_over_and_check, on_both_programs
from tests.faults.stores import Watched

pytestmark = pytest.mark.alone


@pytest.mark.timeout(300)
async def test_rooms_go_on_when_another_store_becomes_the_master(tmp_path: Path) -> None:
    await on_both_programs(Watched, tmp_path, masters_die)


async def masters_die(stores: Watched, directory: Path) -> None:
    async with crowd_on(stores, directory, rooms=2) as crowd:
        await fail_over_and_check(crowd, stores, times(1, 6))
