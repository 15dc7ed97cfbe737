"""Commands that come up to three times, some with their answers cut off: each acts once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from server.new_session import NewSession, create_session
from server.pages.guidelines import GUIDELINES_VERSION
from session_engine.events import HandLowered, HandRaised, PromptSet
from tests.faults.checker import Story
from tests.faults.conftest import NewCrowd, Note, times
from tests.faults.crowd import Crowd
from tests.faults.teller import CUT, Frame, Teller

pytestmark = pytest.mark.every_core

# With five lines each: what FRAMES_PER_SECOND of a line makes keeps two workers busy.
ROOMS = times(20, 64)
FACILITATORS = 4
COMMANDS = times(4_000, 1_000_000)
DOORS_AT_ONCE = 8
# A hand whose raising got no certain answer yet is not up when its lowering is decided.
ORDER_LOST = {"hand_raised", "hand_not_raised"}


def prompts(name: str) -> Callable[[int], Frame]:
    """Return commands of which each has an effect of its own."""
    return lambda number: {"do": "set_prompt", "text": f"{name} {number}"}


def hands(number: int) -> Frame:
    """Return commands of which a repeated one would undo the next."""
    return {"do": "lower_hand" if number % 2 else "raise_hand"}


async def enter(door: httpx.AsyncClient, link: str, name: str) -> dict[str, Any]:
    """Come in by a link; return what the door gave."""
    body = {"link": link.partition("#")[2], "name": name, "consent": GUIDELINES_VERSION}
    answer = await door.post("/api/enter", json=body)
    answer.raise_for_status()
    entry: dict[str, Any] = answer.json()
    return entry


async def fill(crowd: Crowd) -> list[Teller]:
    """Create rooms with four facilitators and a participant each, in the discussion."""
    server, limit = crowd.server, asyncio.Semaphore(DOORS_AT_ONCE)
    secret = (server.directory / "secret-key").read_text().strip()
    choices = {"title": "Repeats", "on_call": "Dr Rao, 555", "stepping": "by-hand"}

    async def room(door: httpx.AsyncClient) -> list[Teller]:
        async with limit:
            new: NewSession = await create_session(
                f"unix://{server.directory}/store.sock", secret, server.url, choices
            )
            made = []
            for number in range(FACILITATORS):
                entry = await enter(door, new.facilitator, f"F{number}")
                commands = prompts(str(entry["person"]))
                made.append(
                    Teller(server.port, entry, random.Random(crowd.dice.random()), commands)
                )
            entry = await enter(door, new.participant, "P")
            made.append(Teller(server.port, entry, random.Random(crowd.dice.random()), hands))
        begin = [{"do": "begin"}] + [
            {"do": "advance", "from": stage, "confirm": True}
            for stage in ("welcome", "introductions")
        ]
        first = Teller(server.port, made[0].entry, made[0].dice, begin.__getitem__, name="b")
        await first.tell(len(begin))
        return made

    async with httpx.AsyncClient(base_url=server.url, timeout=60) as door:
        rooms = await asyncio.gather(*(room(door) for _ in range(ROOMS)))
    return [teller for made in rooms for teller in made]


@pytest.mark.timeout(1800)
async def test_a_command_acts_once_however_often_it_comes(new_crowd: NewCrowd, note: Note) -> None:
    crowd = await new_crowd(rooms=0, participants=0)
    tellers = await fill(crowd)
    each = COMMANDS // len(tellers)
    began = time.monotonic()
    await asyncio.gather(*(teller.tell(each) for teller in tellers))
    took = time.monotonic() - began
    not_done = sum((teller.not_done for teller in tellers), Counter[str]())
    assert set(not_done) <= ORDER_LOST | {"unknown", "too_fast"}, not_done
    for first in range(0, len(tellers), FACILITATORS + 1):
        await check_effects(crowd, tellers[first : first + FACILITATORS + 1], each)
    cut = sum(teller.cut for teller in tellers)
    assert cut > each * len(tellers) * CUT / 2
    note("commands", each * len(tellers))
    note("sent again", sum(teller.copies for teller in tellers))
    note("answers cut off", cut)
    note("not done at first", dict(not_done))
    note("commands a second", round(each * len(tellers) / took))


async def check_effects(crowd: Crowd, tellers: list[Teller], each: int) -> None:
    """Check that the log of a room has each command once, and nothing else of its kind."""
    story = await Story.read(crowd.store, str(tellers[0].entry["session"]))
    found: Counter[tuple[str, Any]] = Counter()
    for event in story.events:
        if isinstance(event, PromptSet):
            found[event.by, event.text] += 1
        elif isinstance(event, HandRaised | HandLowered):
            found[event.person, type(event)] += 1
    right: Counter[tuple[str, Any]] = Counter()
    for teller in tellers:
        person = str(teller.entry["person"])
        for number in range(each):
            frame = teller.command(number)
            effect = {"raise_hand": HandRaised, "lower_hand": HandLowered}.get(frame["do"])
            right[person, effect or frame["text"]] += 1
            version, head = story.ids[f"{person}:c{number}"]
            assert story.heads[int(version)] == head
    assert found == right, f"{story.session}: {(found - right) or (right - found)}"
