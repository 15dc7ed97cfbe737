"""A listener that falls behind loses the oldest frames; nobody else waits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time

import pytest

from tests.server.house import House
from tests.server.voice.lines import FRAME_SECONDS, Circle, Line, circle, sound

pytestmark = pytest.mark.alone

LOUD = b"x" * 370


def connect_slowly(made: Circle) -> socket.socket:
    """Open Ben's voice socket with a small buffer, and read nothing after `ready`."""
    port = made.house.workers[1].port
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    slow.connect(("127.0.0.1", port))
    slow.sendall(
        f"GET /ws/rooms/{made.session}/voice HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    read_until(slow, b"\r\n\r\n")
    first = json.dumps({"pass": made.ben.pass_}).encode()
    slow.sendall(b"\x81\xfe" + len(first).to_bytes(2) + b"\0\0\0\0" + first)
    read_until(slow, b"ready")
    return slow


def read_until(slow: socket.socket, mark: bytes) -> None:
    """Read until something has come."""
    slow.settimeout(5.0)
    data = b""
    while mark not in data:
        more = slow.recv(200)
        assert more, data
        data += more


def read_what_is_there(slow: socket.socket) -> bytes:
    """Read at last, with room for it, until nothing more comes."""
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262_144)
    slow.settimeout(1.0)
    data = b""
    with slow, contextlib.suppress(TimeoutError):
        while more := slow.recv(65_536):
            data += more
    return data


def sequences(data: bytes) -> list[int]:
    """Return the sequence numbers of the sounds in a stream of server frames."""
    found, at = [], 0
    while at + 4 <= len(data):
        size, head = data[at + 1], 2
        if size == 126:
            size, head = int.from_bytes(data[at + 2 : at + 4]), 4
        if at + head + size > len(data):
            break
        if data[at] == 0x82:
            found.append(struct.unpack_from("!BHQI", data, at + head)[3])
        at += head + size
    return found


async def test_a_slow_listener_loses_the_oldest_and_delays_nobody(house: House) -> None:
    made = await circle(house)
    slow = await asyncio.to_thread(connect_slowly, made)
    ana, cai = await Line.open(made.ana), await Line.open(made.cai)
    spoken: list[float] = []
    for sequence in range(120):  # 7 s: more than all buffers on the way can hold
        spoken.append(time.monotonic())
        await ana.say(sound(made.number, sequence, LOUD))
        await asyncio.sleep(FRAME_SECONDS)
    await cai.until(lambda: len(cai.heard) == 120)
    assert max(one.at - spoken[one.sequence] for one in cai.heard) < 0.5

    heard = sequences(await asyncio.to_thread(read_what_is_there, slow))
    lost = set(range(120)) - set(heard)
    assert heard == sorted(heard)
    assert lost
    assert heard[-1] == 119  # the newest is there
    late = [one for one in heard if one > max(lost)]
    assert 10 <= len(late) <= 20  # of what waited the newest second
    assert max(heard[: -len(late)]) < 119 - len(late)  # and what is missing is older
