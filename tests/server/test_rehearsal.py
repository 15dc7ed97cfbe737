"""A rehearsal fills any session with people of different temper, and ends with it."""

from __future__ import annotations

import asyncio

import pytest

from server.rehearsal import RehearsalError, run
from session_engine import Role
from tests.server.house import House
from tests.server.people import Frame, Person


def words(frame: Frame) -> bool:
    return (frame["type"], frame.get("kind")) == ("live", "text")


async def test_simulated_people_hold_a_session_until_it_ends(house: House) -> None:
    session = await house.create(introduction_s=30)
    worker = house.workers[1]
    link = f"{worker.url}/join#{house.link(session, Role.PARTICIPANT)}"
    rehearsal = asyncio.create_task(run(link, 8, seed=7))
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    await facilitator.see(
        lambda view, you: len([one for one in view["people"] if one["present"]]) == 9, seconds=15
    )
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    view = await facilitator.see(
        lambda view, you: view["turn"] is not None and view["turn"]["state"] == "speaking",
        seconds=20,
    )
    said = await facilitator.find(words)
    assert said["person"] == view["turn"]["person"]
    assert len(said["text"].split()) >= 2
    await facilitator.done("end_session", confirm=True)
    await asyncio.wait_for(rehearsal, 15)


async def test_what_is_no_participant_link_is_said_in_one_line(house: House) -> None:
    session = await house.create()
    base = house.workers[0].url
    with pytest.raises(RehearsalError, match="give the participant link"):
        await run("http://example.test/", 1)
    with pytest.raises(RehearsalError, match="This is the facilitator link"):
        await run(f"{base}/join#{house.link(session, Role.FACILITATOR)}", 1)
    with pytest.raises(RehearsalError, match="no longer valid"):
        await run(f"{base}/join#nothing", 1)
    with pytest.raises(RehearsalError, match="No server answers"):
        await run("http://127.0.0.1:9/join#nothing", 1)
