"""Two hundred people who want the last seat at once: exactly one gets it, whatever worker."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from server.pages.guidelines import GUIDELINES_VERSION
from session_engine import Role, circle
from tests.faults.checker import Story
from tests.faults.conftest import times
from tests.faults.crowd import seed
from tests.faults.member import Member, enter
from tests.server.house import House

AT_ONCE = 200
SEATS = 35
# A room remembers whoever had a seat; a new one is as quick as at the start.
ROUNDS_IN_A_ROOM = 25


class Door:
    """A connection to one worker that stays open from one knock to the next."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take an open connection."""
        self._reader = reader
        self._writer = writer

    async def knock(self, body: bytes) -> tuple[int, dict[str, object]]:
        """Ask to come in; return the status and the answer."""
        head = f"POST /api/enter HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        while True:
            self._writer.write(head.encode() + body)
            answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            size = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            told = json.loads(await self._reader.readexactly(size))
            if (status := int(answer.split()[1])) != 503:
                return status, told

    async def aclose(self) -> None:
        """Go away."""
        self._writer.close()
        await self._writer.wait_closed()


async def full_but_one(house: House, doors: list[Door], dice: random.Random) -> tuple[str, Member]:
    """Make a room with one seat left; return it and its facilitator, who is there."""
    session = await house.create(seats=SEATS)
    link = "#" + house.link(session, Role.FACILITATOR)
    facilitator = await enter(house.workers[0].url, link, Role.FACILITATOR, "Meera", dice)
    facilitator.start()
    await asyncio.wait_for(facilitator.connected.wait(), 10)
    body = body_of(house, session)
    for number in range(SEATS - 1):
        assert (await doors[number].knock(body))[0] == 200
    return session, facilitator


def body_of(house: House, session: str) -> bytes:
    """Return what somebody sends who wants to come in."""
    link = house.link(session, Role.PARTICIPANT)
    return json.dumps({"link": link, "name": "P", "consent": GUIDELINES_VERSION}).encode()


async def compete(doors: list[Door], body: bytes, facilitator: Member) -> None:
    """Let everybody knock at once for the one seat, then free it again."""
    answers = await asyncio.gather(*(door.knock(body) for door in doors))
    statuses = sorted(status for status, _ in answers)
    assert statuses == [200] + [409] * (AT_ONCE - 1)
    (winner,) = [told["person"] for status, told in answers if status == 200]
    assert (await facilitator.do("remove", person=winner, reason=""))["type"] == "done"
    assert (await facilitator.do("set_doors", doors="open"))["type"] == "done"


@pytest.mark.timeout(900)
async def test_of_two_hundred_for_the_last_seat_one_gets_it(tmp_path: Path) -> None:
    house, dice = House(tmp_path), random.Random(seed())
    try:
        ports = [house.start_worker().port, house.start_worker().port]
        async with AsyncExitStack() as stack:
            doors = []
            for number in range(AT_ONCE):
                line = await asyncio.open_connection("127.0.0.1", ports[number % 2])
                doors.append(await stack.enter_async_context(aclosing(Door(*line))))
            for _ in range(times(1, 40)):
                session, facilitator = await full_but_one(house, doors, dice)
                for _ in range(times(5, ROUNDS_IN_A_ROOM)):
                    await compete(doors, body_of(house, session), facilitator)
                await facilitator.stop()
                async with house.client() as store:
                    story = await Story.read(store, session)
                assert max(len(circle(room)) for room in story.rooms if room) == SEATS
    finally:
        house.close()
