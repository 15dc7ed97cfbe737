"""A turn that ends is not heard any more: within 150 ms, on every worker, however it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.server.house import House
from tests.server.voice.lines import FRAME_SECONDS, Circle, Line, circle, sound

# It mostly waits: it disturbs none of the other files, which run beside it.
pytestmark = pytest.mark.alone

LATE_SECONDS = 0.150

End = Callable[[Circle], Awaitable[object]]


async def talk(line: Line, number: int) -> None:
    """Speak and speak, with a microphone that does not know that the turn is over."""
    sequence = 0
    while line.close_code is None:
        await line.say(sound(number, sequence))
        sequence += 1
        await asyncio.sleep(FRAME_SECONDS)


async def finish(made: Circle) -> None:
    await made.ana.done("finish_turn", turn=made.turn)


async def pass_on(made: Circle) -> None:
    await made.ana.done("pass", kind="not_this_round", turn=made.turn)


async def later(made: Circle) -> None:
    await made.ana.done("pass", kind="later", turn=made.turn)


async def end_turn(made: Circle) -> None:
    await made.meera.done("end_turn", turn=made.turn)


async def next_turn(made: Circle) -> None:
    await made.meera.done("next", turn=made.turn)


async def silence(made: Circle) -> None:
    await made.meera.done("silence", person=made.ana.id)


async def remove(made: Circle) -> None:
    await made.meera.done("remove", person=made.ana.id)


async def hold(made: Circle) -> None:
    await made.meera.done("hold")


async def leave(made: Circle) -> None:
    await made.ana.done("leave")


async def advance(made: Circle) -> None:
    await made.meera.done("advance", from_="introductions", confirm=True)


async def end_session(made: Circle) -> None:
    await made.meera.done("end_session", confirm=True)


async def drop(made: Circle) -> None:
    made.ana.vanish()
    # The server knows of it as soon as the kernel does.
    await made.ben.see(lambda view, you: (view["turn"] or {}).get("state") == "held")


ENDS: list[End] = [
    *(finish, pass_on, later, end_turn, next_turn, silence, remove, hold, leave, advance),
    *(end_session, drop),
]


# First, as the others run beside its half minute.
async def test_the_limit_is_the_end_of_the_sound_everywhere(house: House) -> None:
    made = await circle(house, introduction_s=30, grace_s=1)
    limit = made.meera.view["turn"]["ends_at"]
    began = made.meera.latest or {}
    ends = time.monotonic() + (limit + 1_000 - began["now"]) / 1000  # The end of the grace.
    ana = await Line.open(made.ana, house.workers[1])
    listeners = [await Line.open(person) for person in (made.meera, made.ben)]
    await asyncio.sleep(ends - 2.5 - time.monotonic())
    talking = asyncio.create_task(talk(ana, made.number))
    try:
        await asyncio.sleep(ends + 0.5 - time.monotonic())
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    assert made.meera.view["turn"] is None
    for listener in listeners:
        assert -0.3 < listener.heard[-1].at - ends <= LATE_SECONDS


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
async def test_an_end_is_the_end_of_the_sound_everywhere(house: House, end: End) -> None:
    made = await circle(house)
    ana = await Line.open(made.ana, house.workers[1])  # Her voice is on another worker.
    listeners = [await Line.open(person) for person in (made.meera, made.ben)]
    talking = asyncio.create_task(talk(ana, made.number))
    try:
        for listener in listeners:
            await listener.until(lambda listener=listener: len(listener.heard) >= 5)
        await end(made)
        ended = time.monotonic()
        await asyncio.sleep(0.5)
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    for listener in listeners:
        assert len(listener.heard) >= 5
        assert listener.heard[-1].at - ended <= LATE_SECONDS
