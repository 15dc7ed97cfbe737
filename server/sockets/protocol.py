"""One WebSocket that is open, between its transport and whoever serves it.

The frames of the other side are read by the WebSocket library, but for those that come
alone; our own are encoded once, elsewhere, and go straight to the transport. `may_write`
says whether a write is legal, `is_paused` and `on_writable` whether the peer is behind. A
close never waits for a peer that does not read. Who has said nothing yet costs no
task: only with their first message somebody begins to serve them.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, cast

from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from server.sockets import buffers, frames
from server.sockets.close_codes import REASONS, CloseCode
from server.sockets.flood import FrameLimit

# The longest message of the contract.
MESSAGE_MAX_BYTES: Final = 32 * 1024
FIRST_MESSAGE_SECONDS: Final = 5.0

# How long a closed peer may take to read what is left, then the connection is cut.
# The close frame is 130 bytes at most: who cannot take it in 2 s is gone.
CLOSE_PATIENCE_SECONDS: Final = 2.0

# Read at once, then it is asked whether the rest must wait: of a flood of pings this costs 5 ms.
SLICE_BYTES: Final = 1536

# No client of ours sends pieces at all, and the library counts only their bytes.
PIECES_MAX: Final = 64

# What comes behind the pass is kept until somebody is in the room. Only with more of it, or with
# a long one, reading waits: whoever waits does not see that they have gone.
EARLY_MAX: Final = 64

# A pair: a ping every 5 s, and 10 s of patience for its answer.
PING_SECONDS: Final = 5.0
PONG_SECONDS: Final = 10.0
# Pings go out at multiples of this, those of many sockets at once: with 735 sockets, waking
# up for each of them cost more than the pings.
PING_GRID_SECONDS: Final = 0.25
PING_OF_FOUR_BYTES: Final = b"\x89\x04"

# The library asks a logger of its own for every connection.
LOGGER: Final = logging.getLogger("websockets.server")

Message = str | bytes  # text, or binary
Serve = Callable[["RoomSocketProtocol", Message], Coroutine[Any, Any, None]]


class RoomSocketProtocol(asyncio.Protocol):
    """One WebSocket connection."""

    __slots__ = (
        *("_begun", "_conn", "_cut", "_early", "_first", "_frames", "_is_text", "_loop"),
        *("_lost", "_over", "_paused", "_pieces", "_ping", "_pinged", "_pong", "_reading"),
        *("_rest", "_serve", "_server", "_unread", "_waits"),
        *("is_open", "is_paused", "on_message", "on_writable", "transport"),
    )

    def __init__(self, transport: asyncio.Transport, server: ServerState, serve: Serve) -> None:
        """Take over a connection whose upgrade was answered; `serve` begins with its first word."""
        self.transport = transport
        self.is_open = True  # no side has closed
        self.is_paused = False  # whether the peer is behind by more than the transport's high mark
        self.on_writable: Callable[[], None] | None = None
        self.on_message: Callable[[Message], None] | None = None  # takes whole ones, at once
        self._server = server
        self._serve: Serve | None = serve
        self._early: list[Message] = []
        self._conn = Protocol(SERVER, state=OPEN, max_size=MESSAGE_MAX_BYTES, logger=LOGGER)
        self._begun = 0  # bytes of a frame that the library has in part
        self._pieces: list[bytes] = []  # of a message that has come in part
        self._is_text = False
        self._unread = b""  # has come, and waits with the transport's reading paused
        self._reading = False  # who reads it is below on the stack
        self._paused = False  # the transport's reading
        self._waits = False  # until somebody listens
        self._rest: asyncio.TimerHandle | None = None
        self._pong = b""
        self._over: asyncio.Future[None] | None = None
        self._lost = False
        self._cut: asyncio.TimerHandle | None = None
        self._pinged: bytes | None = None  # what the ping that is on its way holds
        self._loop = asyncio.get_running_loop()
        self._frames = FrameLimit(self._loop.time)
        self._first = self._loop.call_later(FIRST_MESSAGE_SECONDS, self._be_silent)
        buffers.bound(transport)
        transport.set_protocol(self)
        self._schedule_ping()
        server.connections.add(self)  # type: ignore[arg-type]  # its type names uvicorn's own

    # ---- Writing ------------------------------------------------------------------

    @property
    def may_write(self) -> bool:
        """Whether a data frame is legal now: no side has closed, and the line is there."""
        return self.is_open and not self.transport.is_closing()

    def write_frames(self, frames: Sequence[bytes]) -> bool:
        """Write encoded frames; False, and nothing is written, while that may not or must wait."""
        transport = self.transport
        if self.is_paused or not self.is_open or transport.is_closing():
            return False
        transport.writelines(frames)
        return True

    def pause_writing(self) -> None:
        """Note that the peer is behind."""
        self.is_paused = True

    def resume_writing(self) -> None:
        """Note that it is not; wake the outbox."""
        self.is_paused = False
        if self._pong and self.may_write:
            self.transport.write(self._pong)
        self._pong = b""
        if self.on_writable is not None:
            self.on_writable()

    # ---- Pings --------------------------------------------------------------------

    def _schedule_ping(self) -> None:
        due = self._loop.time() + PING_SECONDS
        due += PING_GRID_SECONDS - due % PING_GRID_SECONDS
        self._ping = self._loop.call_at(due, self._send_ping)

    def _send_ping(self) -> None:
        if self.may_write:
            self._pinged = random.randbytes(4)
            self.transport.write(PING_OF_FOUR_BYTES + self._pinged)
            self._ping = self._loop.call_later(PONG_SECONDS, self._give_up)

    def _take_pong(self, data: bytes) -> None:
        if data == self._pinged and self.is_open:  # else an old one, or one that nobody asked for
            self._pinged = None
            self._ping.cancel()
            self._schedule_ping()

    def _give_up(self) -> None:
        """Close for a peer that does not answer."""
        if self.may_write:
            self._close(1011, "keepalive ping timeout")

    # ---- Closing ------------------------------------------------------------------

    async def ended(self) -> None:
        """Wait until one side has closed, or the line is lost."""
        if self.is_open:
            self._over = self._loop.create_future()
            await self._over

    def end(self, code: int, reason: str) -> None:
        """Close with this code; a peer that does not take it is cut off after 2 s."""
        if self.may_write:
            if self._conn.close_rcvd is None:  # else theirs came in the same read, and is answered
                self._conn.send_close(code, reason)
            self._send_answers()
            self._be_over()
            self._waits = False  # their close is the end of it, and is still to be read
            self._end_rest()
        self._wait_for_the_end()

    def _close(self, code: int, reason: str) -> None:
        """Close without waiting for theirs."""
        self.end(code, reason)
        self.transport.close()

    def _finish(self) -> None:
        """Send what is left, and no more."""
        self._send_answers()
        self._be_over()
        self.transport.close()
        self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        if self._cut is None and not self._lost:
            self._cut = self._loop.call_later(CLOSE_PATIENCE_SECONDS, self.abort)

    def _be_over(self) -> None:
        """Say to who serves this that it is over."""
        self.is_open = False
        self._first.cancel()
        self._ping.cancel()
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _be_silent(self) -> None:
        self.end(CloseCode.SILENT, REASONS[CloseCode.SILENT])

    def abort(self) -> None:
        """Cut the connection: what the peer has not taken is thrown away."""
        if self._lost:
            return
        buffers.abort(self.transport)

    def shutdown(self) -> None:
        """Close because the worker stops; who was closed already is not closed again."""
        if self.transport.is_closing():
            return
        if self.is_open:
            self._close(1012, "")
        else:
            self.transport.close()

    def eof_received(self) -> None:
        """Close too; who does not read what is left is cut off."""
        self._wait_for_the_end()

    def connection_lost(self, error: Exception | None) -> None:
        """Let go of everything, in circles above all: they would wait for a collection."""
        self._lost = True
        self._be_over()
        self._unread = b""
        if self._rest is not None:
            self._rest.cancel()
        if self._cut is not None:
            self._cut.cancel()
        self.on_writable = None
        self._conn.parser.close()
        self._conn.parser_exc = None
        self._server.connections.discard(self)

    # ---- Reading ------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Read, a slice at a time: what is in one may ask to wait with the rest."""
        if len(data) <= SLICE_BYTES and not self._unread:
            self._read(data)
        else:
            self._unread += data
            self._go_on()

    def _read(self, data: bytes) -> None:
        """Read; a broken frame, or one that is too large, is the end."""
        if not self._begun and not self._pieces and (whole := frames.alone(data)) is not None:
            self._limit(1, len(data))
            self._take_alone(*whole)
            return
        conn = self._conn
        conn.receive_data(data)
        if conn.parser_exc is not None:
            self._unread = b""
            self._finish()
            return
        received = cast(list[Frame], conn.events_received())
        self._begun += len(data) - sum(map(frames.size_sent, received))
        self._limit(len(received), len(data))
        for frame in received:
            self._take_frame(frame)

    def _limit(self, received: int, size: int) -> None:
        if rest := self._frames.count(received, size):
            if self._serve is not None and self.is_open:  # a stranger's flood is the end of it
                self.end(CloseCode.PROTOCOL_ABUSE, REASONS[CloseCode.PROTOCOL_ABUSE])
            self._rest_for(rest)

    def _take_alone(self, kind: int, payload: bytes) -> None:
        if kind == frames.ALONE_PONG:
            self._take_pong(payload)
        elif self.is_open:
            self._is_text = kind == frames.ALONE_TEXT
            self._take_message(payload)

    def _take_frame(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            self._is_text = opcode is Opcode.TEXT
            self._pieces = [bytes(frame.data)]
        elif opcode is Opcode.PONG:
            self._take_pong(bytes(frame.data))
            return
        elif opcode is Opcode.PING:
            self._answer_ping()
            return
        elif opcode is Opcode.CLOSE:
            self._take_close()
            return
        elif len(self._pieces) < PIECES_MAX:
            self._pieces.append(bytes(frame.data))
        elif self.is_open:  # empty ones could go on for ever
            self.end(1009, "A message in too many pieces.")
        if frame.fin and self.is_open:
            pieces, self._pieces = self._pieces, []
            self._take_message(pieces[0] if len(pieces) == 1 else b"".join(pieces))

    def _take_message(self, data: bytes) -> None:
        message: Message = data
        if self._is_text:
            try:
                message = data.decode()
            except UnicodeDecodeError:
                self.end(1007, "Text must be UTF-8.")
                return
        if self.on_message is not None:
            self.on_message(message)
        elif self._serve is not None:
            self._first.cancel()
            serve, self._serve = self._serve, None
            task = self._loop.create_task(serve(self, message))
            self._server.tasks.add(task)
            task.add_done_callback(self._server.tasks.discard)
        else:
            self._early.append(message)
            if len(self._early) >= EARLY_MAX or len(data) > SLICE_BYTES:
                self._waits = True
                self._wait()

    def listen(self, on_message: Callable[[Message], None]) -> None:
        """Give all messages from now on to this, and those that came too early."""
        self.on_message = on_message
        early, self._early = self._early, []
        for message in early:
            if self.is_open:  # what came behind a reason to close is not acted on
                on_message(message)
        self._waits = False
        self._go_on()

    def _answer_ping(self) -> None:
        """Answer; who does not read answers gets one, later: else they would pile up here."""
        if self._conn.close_rcvd is not None:
            return  # Their close came in the same read: it is answered together with this.
        answers = self._conn.data_to_send()
        if not self.is_paused:
            self.transport.write(b"".join(answers))
        elif answers:
            self._pong = answers[-1]  # The newest: those of one read are all there at the first.

    def _take_close(self) -> None:
        """Answer their close; or it is the answer to ours."""
        if not self.is_open:
            self.transport.close()
        else:
            self._finish()

    def _send_answers(self) -> None:
        """Send what the library has to say: a close, or the answer to one."""
        self.transport.write(b"".join(self._conn.data_to_send()))

    # ---- Waiting with reading ------------------------------------------------------

    def _rest_for(self, seconds: float) -> None:
        """Read nothing for a while: who floods waits in the own kernel, not in ours."""
        until = self._loop.time() + seconds
        if self._lost or (self._rest is not None and self._rest.when() >= until):
            return
        if self._rest is not None:
            self._rest.cancel()
        self._rest = self._loop.call_at(until, self._end_rest)
        self._wait()

    def _end_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._go_on()

    def _must_wait(self) -> bool:
        return self._waits or self._rest is not None

    def _wait(self) -> None:
        if not self._paused and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def _go_on(self) -> None:
        """Read what is here, then what comes, unless something says to wait."""
        if self._reading:
            return
        self._reading = True
        try:
            while self._unread and not self._must_wait():
                data, self._unread = self._unread[:SLICE_BYTES], self._unread[SLICE_BYTES:]
                self._read(data)
        finally:
            self._reading = False
        if self._paused and not self._must_wait() and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()
