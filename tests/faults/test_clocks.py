"""Workers whose own clocks are minutes off: turns are as long as the rules say, and end once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from session_engine import Role
from session_engine.events import TurnClosed, TurnStarted
from tests.faults.checker import Story
from tests.server.house import House
from tests.server.people import Person

pytestmark = pytest.mark.alone

OFF_SECONDS = 120
WRONG_SECONDS = 0.25
LIMIT_SECONDS, GRACE_SECONDS = 30, 2


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Two workers, one two minutes early and one two minutes late."""
    house = House(tmp_path)
    try:
        for off in (OFF_SECONDS, -OFF_SECONDS):
            house.start_worker(clock_s=off)
        yield house
        for person in tuple(Person.here):
            await person.go()
    finally:
        house.close()


async def seen(person: Person, state: str | None) -> float:
    """Wait until a screen shows this state of the turn; return when it did."""

    def is_so(view: dict[str, object], _: object) -> bool:
        turn = view["turn"]
        return (turn["state"] if isinstance(turn, dict) else None) == state

    await person.see(is_so, seconds=LIMIT_SECONDS + 5)
    return time.monotonic()


async def test_a_turn_is_as_long_as_the_rules_say(house: House) -> None:
    session = await house.create(
        introduction_s=LIMIT_SECONDS, grace_s=GRACE_SECONDS, stepping="by-hand", accept_window_s=60
    )
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await facilitator.see(lambda view, you: len(view["people"]) == 2)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    await facilitator.done("next", turn=None)
    turn = (await ana.see(lambda view, you: view["turn"] is not None))["turn"]["id"]
    await ana.done("start_turn", turn=turn)
    began = await asyncio.gather(*(seen(person, "speaking") for person in (facilitator, ana)))
    grace = await asyncio.gather(*(seen(person, "grace") for person in (facilitator, ana)))
    ended = await asyncio.gather(*(seen(person, None) for person in (facilitator, ana)))
    for start, late, end in zip(began, grace, ended, strict=True):
        assert late - start == pytest.approx(LIMIT_SECONDS, abs=WRONG_SECONDS)
        assert end - late == pytest.approx(GRACE_SECONDS, abs=WRONG_SECONDS)
    async with house.client() as store:
        story = await Story.read(store, session)
    ends = [event for event in story.events if isinstance(event, TurnClosed)]
    (start_of_turn,) = [event for event in story.events if isinstance(event, TurnStarted)]
    assert len(ends) == 1
    assert ends[0].at - start_of_turn.at == 1000 * (LIMIT_SECONDS + GRACE_SECONDS)
