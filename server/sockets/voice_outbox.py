"""The way out of sound to one listener: who falls behind loses the oldest of it.

Rule 1: while the transport takes data, a frame is written to it at once.
Rule 2: while it does not, the newest WAITING_MAX frames wait; older ones are lost.
        Nobody else waits, and the socket stays open: sound is no reason to go.
Rule 3: what waited for longer than OLD_SECONDS is not worth hearing any more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from server.sockets.buffers import bound_for_voice
from server.sockets.close_codes import REASONS, CloseCode
from server.sockets.protocol import RoomSocketProtocol

# A pair: a listener is never more than about a second behind, of 60 ms a frame.
WAITING_MAX: Final = 16
OLD_SECONDS: Final = 1.0


class VoiceOutbox:
    """Writes encoded frames to one voice socket."""

    __slots__ = ("_is_closing", "_loop", "_socket", "_waiting", "_write", "lost")

    def __init__(self, socket: RoomSocketProtocol) -> None:
        """Take over the writes of this socket; `lost` counts frames it never got."""
        self._socket = socket
        self._write = socket.transport.write
        self._is_closing = socket.transport.is_closing
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self.lost = 0
        bound_for_voice(socket.transport)
        socket.on_writable = self._drain

    def send(self, frame: bytes) -> None:
        """Send a frame now, or keep it for a moment."""
        socket = self._socket
        # The hottest line of the server: `may_write` without asking for it.
        if not socket.is_open or self._is_closing():
            return
        if not socket.is_paused:
            self._write(frame)
            return
        self._waiting.append((self._loop.time(), frame))
        if len(self._waiting) > WAITING_MAX:
            self._waiting.popleft()
            self.lost += 1

    def forget(self) -> None:
        """Throw away what waits: the floor has changed."""
        self._waiting.clear()

    def close(self, code: CloseCode) -> None:
        """Close the socket; what waits is thrown away."""
        self.forget()
        self._socket.end(code, REASONS[code])

    def end(self) -> None:
        """Let go of a socket that is closed."""
        self.forget()
        self._socket.on_writable = None

    def _drain(self) -> None:
        socket, oldest = self._socket, self._loop.time() - OLD_SECONDS
        while self._waiting and socket.may_write and not socket.is_paused:
            since, frame = self._waiting.popleft()
            if since < oldest:
                self.lost += 1
            else:
                self._write(frame)
