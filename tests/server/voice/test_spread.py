"""Sound is written a few listeners at a time, and everything else has its turn in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from server.sockets import voice_spread
from server.sockets.voice_spread import SLICE, VoiceSpread


class Ear:
    """A listener that keeps what it gets."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.lost = 0

    def send(self, frame: bytes) -> None:
        self.heard.append(frame)


def put(spread: VoiceSpread, room: object, message: bytes, ears: list[Ear]) -> None:
    listeners: Any = ears
    spread.put(room, message, listeners)


async def test_after_a_slice_everything_else_has_its_turn() -> None:
    spread, ears = VoiceSpread(), [Ear() for _ in range(2 * SLICE + 3)]
    seen: list[int] = []
    put(spread, "room", b"one", ears)
    for _ in range(4):
        await asyncio.sleep(0)
        seen.append(sum(len(ear.heard) for ear in ears))
    assert seen[:2] == [SLICE, 2 * SLICE]
    assert seen[-1] == len(ears)


async def test_packets_come_to_everybody_in_their_order() -> None:
    spread, ears = VoiceSpread(), [Ear() for _ in range(SLICE)]
    for message in (b"one", b"two", b"three"):
        put(spread, "room", message, ears)
    await asyncio.sleep(0.01)
    assert all(ear.heard == [b"one", b"two", b"three"] for ear in ears)


async def test_a_floor_that_changes_throws_away_what_waits_for_its_room_only() -> None:
    spread, here, there = VoiceSpread(), [Ear()], [Ear()]
    put(spread, "here", b"old", here)
    put(spread, "there", b"kept", there)
    spread.forget("here")
    put(spread, "here", b"new", here)
    await asyncio.sleep(0.01)
    assert (here[0].heard, there[0].heard) == ([b"new"], [b"kept"])


async def test_old_sound_is_lost_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_spread, "OLD_SECONDS", -1.0)
    spread, ears = VoiceSpread(), [Ear() for _ in range(3)]
    put(spread, "room", b"late", ears)
    await asyncio.sleep(0.01)
    assert [(ear.heard, ear.lost) for ear in ears] == [([], 1)] * 3
