"""Millions of broken frames: nothing accepted that is not right, no traceback, no memory.

All but a few are read as a socket would have them read, without the socket: that is
where they are told right from wrong. The others go to real workers over real sockets,
each of which closes after twenty that cannot be read, and end with bytes that break the
WebSocket itself; only those count that a worker read and answered.
"""

from __future__ import annotations

import asyncio
import random
import resource
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sockets import BINARY, TEXT
from server.sockets.wire import FIELDS, BadCommand, BadFrame, read_frame, read_request
from session_engine import Enter as Enters
from session_engine import PersonId, Refused, Role, Room, Settings, create, decide, replay
from session_engine import evolve as evolved
from tests.faults.broken_frames import (
    MAY,
    MUST,
    broken_frame,
    is_right,
    no_text,
    socket_bytes,
)
from tests.faults.conftest import Note, times
from tests.faults.crowd import seed
from tests.faults.member import enter
from tests.faults.teller import Line
from tests.running_server import RunningServer

IN_PROCESS = times(60_000, 4_800_000)
OVER_SOCKETS = times(1_000, 200_000)
ATTACKERS = 16
PER_LINE = 60
GROWN_KIB = 16 * 1024
# Frames whose bytes are no UTF-8: most end the line, and a new one costs more than a frame.
NO_TEXT = 0.01


def a_room() -> tuple[Room, PersonId]:
    """Make a room with a facilitator in it."""
    room = replay(create(Settings(title="Fuzz", starts_at_ms=0, on_call="x"), "s", "log", 0))
    meera = PersonId("meera")
    for event in decide(room, Enters(person=meera, role=Role.FACILITATOR, name="Meera"), 0):
        room = evolved(room, event)
    return room, meera


def test_the_judge_knows_every_command_and_field() -> None:
    assert {name: {*MUST[name], *MAY.get(name, {})} for name in MUST} == {
        name: set(fields) for name, fields in FIELDS.items()
    }


@pytest.mark.timeout(1800)
def test_broken_frames_are_refused_and_leave_nothing(note: Note) -> None:
    chosen = seed()
    note("seed", chosen)
    dice = random.Random(chosen)
    room, meera = a_room()
    accepted, settled_kib = 0, 0
    for count in range(IN_PROCESS):
        if count == IN_PROCESS // 10:
            settled_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        text = broken_frame(dice)
        try:
            request = read_request(read_frame(text), meera)
        except (BadFrame, BadCommand):
            assert not is_right(text), text
            continue
        assert is_right(text), text
        accepted += 1
        try:
            decide(room, request.command, 1_000)
        except Refused:
            pass
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - settled_kib
    assert 0 < accepted < IN_PROCESS // 4
    assert grown_kib < GROWN_KIB
    note("frames", IN_PROCESS)
    note("right by chance", accepted)
    note("memory grown (KiB)", grown_kib)


@pytest.mark.timeout(1800)
async def test_broken_frames_close_only_their_own_socket(tmp_path: Path, note: Note) -> None:
    chosen = seed()
    note("seed", chosen)
    dice = random.Random(chosen)
    counts: Counter[str] = Counter()
    with RunningServer(tmp_path, workers=2) as server:
        links = server.create("--starts", "now")
        watching = await enter(server.url, links["facilitator"], Role.FACILITATOR, "Meera", dice)
        watching.start()
        guests = [
            await enter(server.url, links["participant"], Role.PARTICIPANT, f"P{number}", dice)
            for number in range(ATTACKERS)
        ]
        await watching.do("begin")
        await watching.do("advance", from_="welcome")  # now participants may do something
        settled, workers = memory_kib(server), server.workers()
        while counts["answers"] < OVER_SOCKETS:
            lines = (attack(server.port, guest.entry, dice, counts) for guest in guests)
            await asyncio.gather(*lines)
            if counts["answers"] < OVER_SOCKETS / 4:
                settled = memory_kib(server)
        answer = await watching.do("set_prompt", text="still here")
        assert answer["type"] == "done"
        assert watching.closes == []
        assert server.workers() == workers, "a worker died"
        grown = [now - then for now, then in zip(memory_kib(server), settled, strict=True)]
        await watching.stop()
        printed = server.printed()
    assert "Traceback" not in printed
    assert "defect" not in printed
    assert counts["done"] <= counts["right"]
    assert counts["broken sockets"]
    assert counts["no text"]
    assert max(grown) < GROWN_KIB
    note("counts", dict(counts))
    note("memory grown (KiB)", grown)


async def attack(
    port: int, entry: dict[str, Any], dice: random.Random, counts: Counter[str]
) -> None:
    """Send broken frames over one line until it is closed."""

    def hear(answer: dict[str, Any]) -> None:
        counts["answers"] += 1
        counts["done"] += answer["type"] == "done"

    line = Line(entry, port, hear)
    async with asyncio.timeout(10):
        await line.connect()
        counts["lines"] += 1
        for _ in range(PER_LINE):
            if not line.is_open:
                break
            text = broken_frame(dice)
            if '"leave"' in text:  # who has left cannot come back
                continue
            data = text.encode("utf-8", "replace")
            if dice.random() < NO_TEXT:
                data = no_text(dice, data)
                counts["no text"] += 1
            else:
                counts["right"] += is_right(data.decode())
            first = TEXT if dice.random() < 0.9 else BINARY
            line.write_frame(first, data)
            counts["sent"] += 1
            await asyncio.sleep(0)
        if line.is_open:
            line.write(socket_bytes(dice))
            counts["broken sockets"] += 1
            await asyncio.sleep(0.02)
    line.close()


def memory_kib(server: RunningServer) -> list[int]:
    """Return what each worker has in memory."""
    sizes = []
    for pid in server.workers():
        status = Path(f"/proc/{pid}/status").read_text()
        sizes.append(int(status.partition("VmRSS:")[2].split()[0]))
    return sizes
