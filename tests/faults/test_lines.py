"""Lines that break: between people and us, and between us and the store."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.faults.conftest import NewCrowd, times
from tests.faults.crowd import Crowd, until

pytestmark = pytest.mark.alone

REPAIR_SECONDS = 3.0


async def forget_pub_sub(crowd: Crowd) -> None:
    """Kill every subscription at once."""
    await crowd.store.execute_command("CLIENT", "KILL", "TYPE", "pubsub")  # type: ignore[no-untyped-call]


@pytest.mark.timeout(1800)
async def test_what_pub_sub_forgot_is_repaired_within_3_s(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=6, participants=2)
    for _ in range(times(15, 2_000) // 5):
        acting = asyncio.create_task(crowd.act(1.0))
        for _ in range(5):
            await forget_pub_sub(crowd)
            await asyncio.sleep(crowd.dice.uniform(0.05, 0.3))
        await acting
    await until(lambda: everybody_is_current(crowd), REPAIR_SECONDS)
    assert await crowd.check() > 20


@pytest.mark.timeout(1800)
async def test_a_lost_last_message_is_repaired_within_3_s(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=6, participants=2)
    await crowd.act(1.0)
    for number in range(times(5, 500)):
        await forget_pub_sub(crowd)
        for circle in crowd.circles:
            await circle.facilitator.do("set_prompt", text=f"last {number}")
        await until(lambda: everybody_is_current(crowd), REPAIR_SECONDS)
    await crowd.check()


async def everybody_is_current(crowd: Crowd) -> bool:
    """Compare what everybody sees of the prompt with what the facilitator sees."""
    return all(
        member.latest["view"]["prompt"] == circle.facilitator.latest["view"]["prompt"]
        for circle in crowd.circles
        for member in circle.members
    )


@pytest.mark.timeout(1800)
async def test_commands_that_come_up_to_three_times_act_once(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=6, participants=3)
    for member in crowd.members:
        member.copies, member.cut = 3, 0.05
    await crowd.act(times(6, 60), every=0.15)
    for member in crowd.members:
        member.copies, member.cut = 1, 0.0
    sent = sum(len(member.sent) for member in crowd.members)
    done = await crowd.check()
    assert done > sent / 4


@pytest.mark.timeout(300)
async def test_everybody_dropped_at_once_is_back_and_current(new_crowd: NewCrowd) -> None:
    crowd = await new_crowd(rooms=times(12, 100), participants=times(9, 34), pause_s=60)
    before = {id(member): len(member.views) for member in crowd.members}
    began = time.monotonic()
    for member in crowd.members:
        member.drop()

    async def all_back() -> bool:
        return all(len(member.views) > before[id(member)] for member in crowd.members)

    await until(all_back, 15.0)
    took = time.monotonic() - began
    await crowd.check()
    assert took < 15.0
