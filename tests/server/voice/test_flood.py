"""A hostile client: nothing of it is delivered, others do not feel it, and it is closed.

The long form sends a million frames: THERA_PEER_LONG_TESTS=1.
"""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from tests.server.house import House
from tests.server.voice.lines import FRAME_SECONDS, Circle, Line, circle, sound

pytestmark = pytest.mark.alone

FRAMES = 1_000_000 if os.environ.get("THERA_PEER_LONG_TESTS") else 30_000


def masked(frame: bytes) -> bytes:
    """Return a frame as it goes over the wire: the library's own encoder is too slow to flood."""
    return b"\x82\xfe" + len(frame).to_bytes(2) + b"\0\0\0\0" + frame


def hostile_frames(number: int) -> bytes:
    """Return a hundred frames that nobody may hear."""
    kinds = (
        sound(number, opus=b"HOSTILE" * 10),  # not the holder's
        sound(number - 1, opus=b"HOSTILE" * 10),  # an old turn
        sound(0, opus=b"HOSTILE" * 10),  # not a facilitator's
        sound(number, opus=b"HOSTILE" * 80),  # too large
        sound(number, opus=b"HOSTILE", version=9),
    )
    return b"".join(masked(kind) for kind in kinds) * 20


async def flood(made: Circle, frames: int) -> list[int]:
    """Send that many frames as Cai, coming back after each close; return the close codes."""
    data, codes, sent = hostile_frames(made.number), [], 0
    while sent < frames:
        line = await Line.open(made.cai, made.house.workers[0])
        transport = line.socket.transport
        transport.set_write_buffer_limits(64 * 1024)
        while line.close_code is None and sent < frames and not transport.is_closing():
            if transport.get_write_buffer_size() < 64 * 1024:
                transport.write(data)
                sent += 100
            await asyncio.sleep(0)
        if line.close_code is not None:
            codes.append(line.close_code)
        await line.go()
    return codes


@pytest.mark.timeout(1_200)
async def test_a_flood_reaches_nobody_and_delays_nobody(house: House) -> None:
    made = await circle(house)
    ana = await Line.open(made.ana)
    listeners = [await Line.open(person) for person in (made.meera, made.ben)]
    flooding = asyncio.create_task(flood(made, FRAMES))
    spoken: list[float] = []
    answers: list[float] = []
    while not flooding.done() and len(spoken) < 400:
        spoken.append(time.monotonic())
        await ana.say(sound(made.number, len(spoken) - 1, opus=b"calm"))
        before = time.monotonic()
        await made.ana.send_text('{"ping": 1}')
        await made.ana.find(lambda frame: frame["type"] == "pong", take=True)
        answers.append(time.monotonic() - before)
        await asyncio.sleep(max(0.0, before + FRAME_SECONDS - time.monotonic()))
    await flooding
    await listeners[1].until(lambda: len(listeners[1].heard) == len(spoken))
    for listener in listeners:
        assert [one.sequence for one in listener.heard] == list(range(len(spoken)))
        assert {one.opus for one in listener.heard} == {b"calm"}
        delays = sorted(one.at - spoken[one.sequence] for one in listener.heard)
        assert delays[len(delays) // 2] < 0.1
    assert sorted(answers)[len(answers) // 2] < 0.1


async def test_two_hundred_dropped_frames_a_second_for_five_seconds_are_abuse(
    house: House,
) -> None:
    made = await circle(house)
    line, began = await Line.open(made.ben), time.monotonic()
    with suppress(RuntimeError):  # The library has answered the close, and writes no more.
        while line.close_code is None and time.monotonic() - began < 10:
            for _ in range(25):
                line.socket.transport.write(masked(sound(made.number)))
            await asyncio.sleep(0.05)
    assert await line.closed() == 4103
    assert 4.5 < time.monotonic() - began < 8


async def test_a_microphone_that_is_left_open_is_no_abuse(house: House) -> None:
    made = await circle(house)
    line = await Line.open(made.ben)
    for _ in range(int(6.5 / FRAME_SECONDS)):
        await line.say(sound(made.number))
        await asyncio.sleep(FRAME_SECONDS)
    assert line.close_code is None


async def test_a_flood_of_words_is_abuse_too(house: House) -> None:
    made = await circle(house)
    line, began = await Line.open(made.ben), time.monotonic()
    with suppress(ConnectionClosed):  # Who is closed is not read any more, and may still speak.
        while line.close_code is None and time.monotonic() - began < 10:
            for _ in range(25):
                await line.socket.send('{"hearing": "very well"}')
            await asyncio.sleep(0.05)
    assert await line.closed() == 4103
