"""What waits for a socket that takes nothing: the newest view, a little else, and not for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import pytest

import server.sockets.outbox as outboxes
from server.sockets.close_codes import CloseCode
from server.sockets.outbox import QUEUE_MAX_BYTES, Outbox
from server.sockets.protocol import RoomSocketProtocol
from tests.server.one_room import Sink


class Slow(Sink):
    """A socket whose peer reads when it likes."""

    on_writable: Callable[[], None] | None = None

    def __init__(self) -> None:
        """Take nothing."""
        super().__init__()
        self.is_paused = True
        self.taken: list[bytes] = []
        self.code = 0

    def write_frames(self, frames: Sequence[bytes]) -> bool:
        """Take them, or say that this is not the time."""
        if not self.is_paused:
            self.taken += frames
        return not self.is_paused

    def end(self, code: int, reason: str) -> None:
        """Be closed with a code."""
        super().end(code, reason)
        self.code = code


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outboxes, "BEHIND_MAX_SECONDS", 0.05)


def slow() -> tuple[Slow, Outbox]:
    socket = Slow()
    return socket, Outbox(cast(RoomSocketProtocol, socket))


async def test_who_is_behind_in_bytes_is_closed_with_4001() -> None:
    socket, outbox = slow()
    half = b"x" * (QUEUE_MAX_BYTES // 2)
    outbox.send(half)
    outbox.send_view(half, b"")
    assert socket.is_open
    outbox.send(b"y")
    assert socket.code == 4001


async def test_who_is_behind_in_seconds_is_closed_with_4001() -> None:
    socket, outbox = slow()
    outbox.send(b"x")
    await asyncio.sleep(0.2)
    assert socket.code == CloseCode.FELL_BEHIND


async def test_who_catches_up_gets_the_newest_view_and_everything_else() -> None:
    socket, outbox = slow()
    outbox.send(b"one ")
    for number in range(100):
        outbox.send_view(b"v" * 1_000, b"%d " % number)
    outbox.send(b"two ")
    socket.is_paused = False
    assert socket.on_writable is not None
    socket.on_writable()
    assert socket.taken == [b"one ", b"two ", b"v" * 1_000, b"99 "]
    await asyncio.sleep(0.2)
    assert socket.is_open
