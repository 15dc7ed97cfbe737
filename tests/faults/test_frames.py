"""Millions of broken frames: nothing accepted that is not right, no traceback, no memory."""

from __future__ import annotations

import asyncio
import json
import random
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server.sockets.wire import FIELDS, BadCommand, BadFrame, read_frame, read_request
from session_engine import Enter as Enters
from session_engine import PersonId, Refused, Role, Room, Settings, create, decide, replay
from session_engine import evolve as evolved
from tests.faults.conftest import NewCrowd, times
from tests.faults.crowd import seed

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 90, 2**63, -(2**70), 1.5, 1e400, "", " ", "a", "t1", "later",
    "now", "x" * 65, "x" * 2_001, "\x00", "\ud800", "नमस्ते", "‮", [], [1], ["a"], {}, {"a": 1},
]  # fmt: skip
NAMES = [*FIELDS, "fly", "", None, 7, "__init__"]
KEYS = ["turn", "kind", "text", "person", "to", "seconds", "lines", "confirm", "from", "by", "at"]
# What each field is, said once more by hand: the oracle must not be the code it judges.
STRINGS = {"turn", "kind", "theme", "text", "note", "to", "from", "person", "reason", "stepping"}
STRINGS |= {"doors", "alert"}


def any_frame(dice: random.Random) -> str:
    """Make a frame by grammar: mostly a command with something wrong."""
    frame: dict[Any, Any] = {"id": dice.choice(["a1", "b", "", "x" * 70, "a b", 5, None])}
    frame["do"] = dice.choice(NAMES)
    for key in dice.sample(KEYS, dice.randint(0, 4)):
        frame[key] = dice.choice(ODD)
    if dice.random() < 0.1:
        del frame[dice.choice(list(frame))]
    return json.dumps(frame, ensure_ascii=dice.random() < 0.5)


def mutated(dice: random.Random) -> str:
    """Take a good frame and break some of its characters."""
    good = {"id": "m1", "do": "pass", "kind": "later", "turn": "t1"}
    text = list(json.dumps(dice.choice([good, {"id": "m2", "do": "set_limit", "seconds": 90}])))
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(text))
        text[at] = dice.choice(['"', "{", "}", "\\", "\x00", "9", "e", ",", "", "ud", "é", "NaN"])
    return "".join(text)


def raw(dice: random.Random) -> str:
    """Make no sense at all."""
    return dice.randbytes(dice.randint(0, 60)).decode("latin-1")


KINDS: list[Callable[[random.Random], str]] = [any_frame, any_frame, mutated, raw]


def is_right(frame: dict[str, Any]) -> bool:
    """Judge an accepted frame by the contract."""
    name, fields = frame["do"], FIELDS[frame["do"]]
    if not set(frame) <= {"id", "do", *fields}:
        return False
    if not (isinstance(frame["id"], str) and 1 <= len(frame["id"]) <= 64):
        return False
    for key, value in frame.items():
        if key in ("id", "do"):
            continue
        if key in STRINGS and not (isinstance(value, str) and len(value) <= 2_000):
            nothing = value is None and (name, key) in {
                ("pass", "turn"), ("write", "turn"), ("next", "turn"), ("say_privately", "to"),
            }  # fmt: skip
            if not nothing and (name, key) != ("move", "to"):
                return False
        if key in ("confirm", "allowed") and not isinstance(value, bool):
            return False
        if key == "seconds" and type(value) is not int:
            return False
    return True


def a_room() -> tuple[Room, PersonId]:
    """Make a room with a facilitator in it."""
    room = replay(create(Settings(title="Fuzz", starts_at_ms=0, on_call="x"), "s", "log", 0))
    meera = PersonId("meera")
    for event in decide(room, Enters(person=meera, role=Role.FACILITATOR, name="Meera"), 0):
        room = evolved(room, event)
    return room, meera


@pytest.mark.timeout(1800)
def test_broken_frames_are_refused_and_leave_nothing() -> None:
    dice = random.Random(seed())
    room, meera = a_room()
    accepted, grown = 0, 0
    number = times(100_000, 5_000_000)
    for count in range(number):
        if count == number // 10:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        text = dice.choice(KINDS)(dice)
        try:
            frame = read_frame(text)
            request = read_request(frame, meera)
        except (BadFrame, BadCommand):
            continue
        assert is_right(frame), text
        accepted += 1
        try:
            decide(room, request.command, 1_000)
        except Refused:
            pass
    assert 0 < accepted < number // 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown < 16 * 1024  # KiB


@pytest.mark.timeout(1800)
async def test_broken_frames_close_only_their_own_socket(
    new_crowd: NewCrowd, tmp_path: Path
) -> None:
    crowd = await new_crowd(rooms=1, participants=1)
    circle = crowd.circles[0]
    address = f"{crowd.server.url.replace('http', 'ws', 1)}/ws/rooms/{circle.session}"
    guest = circle.members[1]

    async def attack() -> None:
        async with connect(address, compression=None) as socket:
            await socket.send(json.dumps({"pass": guest.entry["pass"]}))
            try:
                for _ in range(200):
                    text = crowd.dice.choice(KINDS)(crowd.dice).encode("utf-8", "replace")
                    await socket.send(text, text=crowd.dice.random() < 0.9)
            except ConnectionClosed:
                pass

    for _ in range(times(5, 200)):
        await asyncio.gather(*(attack() for _ in range(8)))
    answer = await circle.facilitator.do("set_prompt", text="still here")
    assert answer["type"] == "done"
    assert "Traceback" not in crowd.server.printed()
    assert "defect" not in crowd.server.printed()
