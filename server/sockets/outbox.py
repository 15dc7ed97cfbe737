"""What waits for one socket: bounded, and a newer view replaces an older one.

Rule 1: while the transport takes data, frames go to it at once.
Rule 2: while it does not, views wait in one place (the newest) and all other
        frames in a queue; together they never hold more than QUEUE_MAX_BYTES.
Rule 3: a peer that fell behind, in bytes or in seconds, is closed with 4001.

Together with the transport's buffer (64 KiB and one message) and the kernel's
(64 KiB) a peer that never reads costs less than 256 KiB.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from server.sockets.close_codes import REASONS, CloseCode
from server.sockets.protocol import RoomSocketProtocol

QUEUE_MAX_BYTES: Final = 64 * 1024

# Longer than a phone that changes from Wi-Fi to mobile data needs, shorter than
# the ping patience (5 s + 10 s).
BEHIND_MAX_SECONDS: Final = 10.0


class Outbox:
    """The way out to one socket."""

    def __init__(self, socket: RoomSocketProtocol) -> None:
        """Take over the writes of this socket."""
        self._socket = socket
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._view: tuple[bytes, bytes] | None = None
        self._patience: asyncio.TimerHandle | None = None
        socket.on_writable = self._drain

    @property
    def is_open(self) -> bool:
        """Whether what is sent can still arrive."""
        return self._socket.may_write

    def send(self, frame: bytes) -> None:
        """Send one whole message, in order with all others."""
        if not self._socket.write_frames((frame,)) and self._socket.may_write:
            self._queue.append(frame)
            self._queued_bytes += len(frame)
            self._check()

    def send_view(self, shared: bytes, tail: bytes) -> None:
        """Send a view as two fragments; a view that still waits is replaced."""
        socket = self._socket
        # As `write_frames` does it, without the call: this is done for every person of a change.
        if not socket.is_paused and socket.is_open and not socket.transport.is_closing():
            socket.transport.writelines((shared, tail))
        elif socket.may_write:
            self._view = (shared, tail)
            self._check()

    def close(self, code: CloseCode) -> None:
        """Close the socket with one of our codes; what waits is thrown away."""
        self.close_with(code, REASONS[code])

    def close_with(self, code: int, reason: str) -> None:
        """Close the socket with any code; what waits is thrown away."""
        self._forget()
        self._socket.end(code, reason)

    def end(self) -> None:
        """Let go of a socket that is closed."""
        self._forget()
        self._socket.on_writable = None

    def _held(self) -> int:
        view = self._view
        return self._queued_bytes + (len(view[0]) + len(view[1]) if view else 0)

    def _check(self) -> None:
        if self._held() > QUEUE_MAX_BYTES:
            self.close(CloseCode.FELL_BEHIND)
        elif self._patience is None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(BEHIND_MAX_SECONDS, self.close, CloseCode.FELL_BEHIND)

    def _drain(self) -> None:
        while self._queue and self._socket.write_frames((self._queue[0],)):
            self._queued_bytes -= len(self._queue.popleft())
        if self._view and self._socket.write_frames(self._view):
            self._view = None
        if not self._queue and self._view is None:
            self._calm()

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _forget(self) -> None:
        self._queue.clear()
        self._queued_bytes = 0
        self._view = None
        self._calm()
