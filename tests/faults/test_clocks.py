"""Workers whose own clocks are minutes off: turns are as long as the rules say, and end once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from session_engine import Role
from session_engine.events import TurnClosed
from tests.faults.checker import Story, check_screens
from tests.faults.clocks import (
    WRONG_MS,
    check_countdowns,
    check_given_back,
    check_nothing_overdue,
    check_turns,
    read_outages,
    true_offset_ms,
)
from tests.faults.conftest import LONG, Note
from tests.faults.crowd import seed, until
from tests.faults.member import Member, enter
from tests.server.house import House, Worker

pytestmark = pytest.mark.alone

OFF_SECONDS = 120
LIMIT_SECONDS, GRACE_SECONDS = 30, 2
# Longer than the three seconds from which on an outage is one.
AWAY_SECONDS = 5


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Two workers, one two minutes early and one two minutes late."""
    house = House(tmp_path)
    try:
        for off in (OFF_SECONDS, -OFF_SECONDS):
            house.start_worker(clock_s=off)
        yield house
    finally:
        house.close()


async def come(house: House, session: str, role: Role, worker: int, dice: random.Random) -> Member:
    """Come in and connect by this worker."""
    link = f"#{house.link(session, role)}"
    member = await enter(house.workers[worker].url, link, role, f"P{worker}", dice)
    member.start()
    await asyncio.wait_for(member.connected.wait(), 20)
    return member


def seen_at(member: Member, state: str | None) -> float:
    """Return when a screen last came to show this state of the turn; 0: it does not."""
    began = 0.0
    for heard, frame in reversed(member.views):
        turn = frame["view"]["turn"]
        if (turn["state"] if turn else None) != state:
            break
        began = heard
    return began


async def seen_by(members: list[Member], state: str | None) -> list[float]:
    """Wait until all screens show this state of the turn; return when they did."""

    async def all_do() -> bool:
        return all(seen_at(member, state) for member in members)

    await until(all_do, LIMIT_SECONDS + AWAY_SECONDS + 10)
    return [seen_at(member, state) for member in members]


@pytest.mark.parametrize("away", [True, False] if LONG else [True])
async def test_a_turn_is_as_long_as_the_rules_say(house: House, note: Note, away: bool) -> None:
    session = await house.create(
        introduction_s=LIMIT_SECONDS, grace_s=GRACE_SECONDS, stepping="by-hand", accept_window_s=60
    )
    for worker, off in zip(house.workers, (OFF_SECONDS, -OFF_SECONDS), strict=True):
        assert abs(clock_of(worker) - time.time() - off) < 5, "its clock is not off"
    chosen = seed()
    note("seed", chosen)
    dice = random.Random(chosen)
    roles = (Role.FACILITATOR, Role.PARTICIPANT)
    members = [await come(house, session, role, each, dice) for each, role in enumerate(roles)]
    facilitator, ana = members
    await facilitator.do("begin")
    await facilitator.do("advance", from_="welcome")
    await facilitator.do("next", turn=None)
    await seen_by(members, "offered")
    await ana.do("start_turn", turn=ana.latest["view"]["turn"]["id"])
    began = await seen_by(members, "speaking")
    if away:
        await asyncio.sleep(dice.uniform(1, 3))
        house.freeze_store()
        await asyncio.sleep(AWAY_SECONDS)
        house.thaw_store()
    grace = await seen_by(members, "grace")
    ended = await seen_by(members, None)
    async with house.client() as store:
        story = await Story.read(store, session)
        outages, offset_ms = await read_outages(store), await true_offset_ms(store)
    given_ms = check_given_back(story, outages)
    assert (given_ms >= 1000 * AWAY_SECONDS) if away else not given_ms
    assert check_turns(story) == 1
    check_nothing_overdue(story)
    assert sum(isinstance(event, TurnClosed) for event in story.events) == 1
    for start, late, end in zip(began, grace, ended, strict=True):
        agree(late - start, LIMIT_SECONDS + given_ms / 1000)
        agree(end - late, GRACE_SECONDS)
    for member in members:
        check_screens(story, member)
    wrong_ms = max(check_countdowns(member, offset_ms) for member in members)
    note("clocks on screens off by (ms)", round(wrong_ms, 1))
    await asyncio.gather(*(member.stop() for member in members))


def clock_of(worker: Worker) -> float:
    """Return what time it is for a worker, as it tells browsers."""
    answer = httpx.get(f"{worker.url}/healthz", timeout=10)
    return parsedate_to_datetime(answer.headers["date"]).timestamp()


def agree(measured: float, right: float) -> None:
    """Check what a screen showed."""
    assert measured == pytest.approx(right, abs=WRONG_MS / 1000)
