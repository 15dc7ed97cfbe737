"""uvicorn's WebSocket protocol, with writes that skip the layers above the transport.

A frame that was encoded once goes straight to the transport: about a third of what
a send through ASGI and the WebSocket library costs. Raw writes bypass uvicorn's
back-pressure and its closing state, so this class answers for both: `may_write`
says whether a write is legal, `buffered_bytes` and `on_writable` how far the peer
is behind. A close never waits for a peer that does not read.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

# What the application finds this object under, in its ASGI scope.
EXTENSION: Final = "thera_peer.socket"

# The transport's own buffer: above the high mark nothing more is written to it.
BUFFER_HIGH_BYTES: Final = 64 * 1024
BUFFER_LOW_BYTES: Final = 16 * 1024

# The kernel's buffer for one peer (Linux doubles it), else it grows to megabytes.
KERNEL_SEND_BYTES: Final = 32 * 1024

# A voice socket holds little on either side: a second of sound is 3 KB, and what waits in
# the kernel can neither be thrown away when it is old nor left unread when it is a flood.
VOICE_HIGH_BYTES: Final = 2 * 1024
VOICE_KERNEL_BYTES: Final = 8 * 1024

# How long a closed peer may take to read what is left, then the connection is cut.
# Peers of a room get 2 s: the close frame is 130 bytes, who cannot take it is gone.
CLOSE_PATIENCE_SECONDS: Final = 2.0

# No client of ours sends pieces at all, and the library counts only their bytes.
PIECES_MAX: Final = 64

# Pings go out at multiples of this, those of many sockets at once: with 735 sockets, waking
# up for each of them cost more than the pings.
PING_GRID_SECONDS: Final = 0.25
PING_OF_FOUR_BYTES: Final = b"\x89\x04"
# A struct linger: close at once, and tell the peer with a reset.
NO_LINGER: Final = struct.pack("ii", 1, 0)


class RoomSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection, with direct writes for frames encoded elsewhere."""

    on_writable: Callable[[], None] | None = None
    # Takes whole messages at once, without the queue of the application: (data, is_text).
    on_message: Callable[[bytes, bool], None] | None = None
    _pong = b""
    is_paused = False  # whether the peer is behind by more than the transport's high mark

    def handle_connect(self, event: Request) -> None:
        """Offer this object to the application beside uvicorn's own extensions."""
        super().handle_connect(event)
        if self.close_sent:
            return
        extensions = cast("dict[str, Any]", self.scope["extensions"])
        extensions[EXTENSION] = self
        self.transport.set_write_buffer_limits(BUFFER_HIGH_BYTES, BUFFER_LOW_BYTES)
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_SEND_BYTES)

    # ---- Writing ------------------------------------------------------------------

    @property
    def may_write(self) -> bool:
        """Whether a data frame is legal now: open, and no close frame was sent."""
        return (
            self.handshake_complete
            and not self.close_sent
            and not self.disconnected
            and self.conn.close_rcvd is None
            and not self.transport.is_closing()
        )

    @property
    def buffered_bytes(self) -> int:
        """What the transport still holds for the peer."""
        return self.transport.get_write_buffer_size()

    def write_frames(self, frames: Sequence[bytes]) -> None:
        """Write encoded frames; only when `may_write` and not `is_paused`."""
        self.transport.writelines(frames)

    def pause_writing(self) -> None:
        """Remember it in a plain attribute: it is asked for every frame."""
        self.is_paused = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """Wake who waits in uvicorn, then the outbox."""
        self.is_paused = False
        super().resume_writing()
        if self._pong and self.may_write:
            self.transport.write(self._pong)
        self._pong = b""
        if self.on_writable is not None:
            self.on_writable()

    def hold_little(self) -> None:
        """Keep the buffers of this socket small: it carries sound."""
        self.transport.set_write_buffer_limits(VOICE_HIGH_BYTES, 0)
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, VOICE_KERNEL_BYTES)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, VOICE_KERNEL_BYTES)

    # ---- Pings --------------------------------------------------------------------

    def schedule_ping(self) -> None:
        """Ping at the next point of the grid after the interval."""
        assert self.ping_interval is not None
        due = self.loop.time() + self.ping_interval - self.last_ping_rtt
        due += PING_GRID_SECONDS - due % PING_GRID_SECONDS
        self.ping_timer = self.loop.call_at(due, self.send_keepalive_ping)

    def send_keepalive_ping(self) -> None:
        """Do what uvicorn does, without a frame object for six bytes."""
        self.ping_timer = None
        if not self.may_write:
            return
        self.pending_ping_payload = random.randbytes(4)
        self.ping_sent_at = self.loop.time()
        self.transport.write(PING_OF_FOUR_BYTES + self.pending_ping_payload)
        assert self.ping_timeout is not None
        self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)

    # ---- Closing ------------------------------------------------------------------

    def end(self, code: int, reason: str) -> None:
        """Close with this code; a peer that does not take it is cut off after 2 s."""
        if self.close_sent or self.transport.is_closing():  # it is on its way: let it arrive
            if self.close_timer is None:
                self.close_timer = self.loop.call_later(CLOSE_PATIENCE_SECONDS, self.abort)
            return
        if not self.may_write:
            self.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(CLOSE_PATIENCE_SECONDS, self.abort)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Leave the scope, in which the application, which has ended, found us.

        As a circle we would wait for a full collection of garbage: with a thousand strangers
        at the door one took 26 ms, and everybody waited.
        """
        super().on_task_complete(task)
        cast("dict[str, Any]", self.scope["extensions"]).pop(EXTENSION, None)

    def abort(self) -> None:
        """Cut the connection: what the peer has not taken is thrown away."""
        if self.disconnected:
            return
        raw = self.transport.get_extra_info("socket")
        if raw is not None:  # else the kernel keeps it, for a peer that never reads, 15 s more
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()

    def shutdown(self) -> None:
        """Close because the worker stops; who was closed already is not closed again."""
        if not self.transport.is_closing():
            super().shutdown()

    def keepalive_timeout(self) -> None:
        """Give up a silent peer; uvicorn's own close would wait for it to read."""
        super().keepalive_timeout()
        self.loop.call_later(CLOSE_PATIENCE_SECONDS, self.abort)

    # ---- Reading ------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Read; what comes after the end of the conversation is nobody's."""
        if self.conn.parser_exc is None and not self.disconnected:
            super().data_received(data)

    def rest(self, seconds: float) -> None:
        """Read nothing for a while: who floods waits in the own kernel, not in ours."""
        if self.read_paused or self.transport.is_closing():
            return
        self.read_paused = True
        self.transport.pause_reading()
        self.loop.call_later(seconds, self._read_on)

    def _read_on(self) -> None:
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def handle_ping(self) -> None:
        """Answer; who does not read answers gets one, later: else they would pile up here."""
        if self.is_paused:
            # The newest is enough; those of one read are all there at the first of them.
            self._pong = b"".join(self.conn.data_to_send()[-1:]) or self._pong
        else:
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        """Take a further piece of a message; empty ones could go on for ever."""
        if len(self.frames) < PIECES_MAX:
            super().handle_cont(event)
        elif not self.close_sent:
            self.end(1009, "A message in too many pieces.")

    def handle_parser_exception(self) -> None:
        """Close for a broken frame, and for one that is too large (1009)."""
        if self.conn.close_sent is None:
            self.abort()
            return
        super().handle_parser_exception()
        self.loop.call_later(CLOSE_PATIENCE_SECONDS, self.abort)

    def send_receive_event_to_app(self) -> None:
        """Hand a message on; text that is not UTF-8 closes with 1007, silently.

        uvicorn prints a traceback for it, which a stranger must not be able to do.
        """
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.end(1007, "Text must be UTF-8.")
                return
        if self.on_message is None:
            super().send_receive_event_to_app()
            return
        data, self.frames = b"".join(self.frames), []
        if not self.close_sent:
            self.on_message(data, self.curr_msg_data_type == "text")
