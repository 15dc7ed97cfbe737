"""HTTP with limits: who has not sent a whole request in time is let go, and so is a huge head.

uvicorn has neither: a thousand silent sockets would stay for ever, and one head could fill the
memory. Requests here are small (a page's head, an answer of the door), so ten seconds are for
the whole of one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import cast

from httptools import HttpRequestParser
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from server.sockets.opening import Opening

REQUEST_SECONDS = 10.0
# A browser's head has one or two KB. What is no body counts: the head, and the framing and
# trailers of a body in chunks (of a byte each, the largest that is read has 48 KB of that).
HEAD_MAX_BYTES = 16 * 1024
AROUND_BODY_MAX_BYTES = 64 * 1024
ROOM = re.compile(rb"/ws/rooms/([\w-]+)")
WISH = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


class DeadlineProtocol(HttpToolsProtocol):
    """Closes a connection on which a request has begun and does not end.

    The clock of the first request starts with the connection, of a further one with its
    first byte (until then uvicorn's keep-alive time-out counts).
    """

    # Passes an open socket, with the head of its request, to the worker that its room
    # prefers, and says if it is theirs now: (room, head, descriptor).
    pass_on: Callable[[str, bytes, int], bool] | None = None
    # The head of a socket that was passed on to us: read before anything else.
    head = b""

    _deadline: asyncio.TimerHandle | None = None
    _begun = b""  # what has come of a head
    _wishes_in_vain = False  # for another protocol
    _around_body = 0  # bytes of this request that were not its body
    _has_head = False
    _in_request = False  # between the end of a request's message and its response

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first request."""
        super().connection_made(transport)
        self._start()
        if self.head:
            self.data_received(self.head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Start the clock of a further request, also when it begins with empty lines."""
        if not self._in_request:
            self._start()
        for start in range(0, len(data), HEAD_MAX_BYTES):
            part = data[start : start + HEAD_MAX_BYTES]
            self._around_body += len(part)
            if not self._has_head:
                self._begun += part
            super().data_received(part)
            if self._wishes_in_vain:
                self._read_without_wish()
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
            if not self._has_head and self._around_body >= HEAD_MAX_BYTES:
                self.send_400_response("The head of this request is too large.")
                return
            if self._around_body > AROUND_BODY_MAX_BYTES:
                self.transport.abort()
                return

    def on_message_begin(self) -> None:
        """Start the clock of a request, also when it came together with the end of another.

        One that does not wait for the answer before it is broken off: no browser does that,
        and a thousand at once were held as a thousand answers.
        """
        if self._in_request:
            raise ValueError("pipelined")
        self._start()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Let the body come, of a request that names its host once (RFC 9112, 3.2)."""
        is_new = self.parser.get_http_version() == "1.1"
        wishes = self.parser.should_upgrade()
        if wishes and not (is_new and self._should_upgrade()):
            self._wishes_in_vain = True
            raise ValueError("upgrade")  # here the parser would take the body for the other's words
        if is_new and not wishes and sum(name == b"host" for name, _ in self.headers) != 1:
            raise ValueError("host")
        self._has_head, self._begun = True, b""
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse, unless it is only the wish for another protocol, which is ignored."""
        if not self._wishes_in_vain:
            super().send_400_response(msg)

    def _read_without_wish(self) -> None:
        """Read a request again, without its wish for another protocol (RFC 9110, 7.8)."""
        self._wishes_in_vain = False
        head, end, rest = self._begun.partition(b"\r\n\r\n")
        plain = WISH.sub(b"", head)
        self._begun = b""
        if plain == head or not end:  # it began behind the end of another: no client does that
            self.send_400_response("Please send this request alone.")
            return
        self.parser = HttpRequestParser(self)
        super().data_received(plain + end + rest)

    def on_body(self, body: bytes) -> None:
        """Do not count what is body."""
        self._around_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the clock: the request is here."""
        self._stop()
        self._has_head, self._around_body = False, 0
        # It may have been answered before all of it had come: then the next one is awaited.
        cycle = cast("RequestResponseCycle | None", self.cycle)  # none is made for an upgrade
        self._in_request = cycle is None or not cycle.response_complete
        if not self._in_request:
            self._start()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Be ready for the next request."""
        self._in_request = False
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Stop the clock: from now on the socket's own rules hold, here or elsewhere."""
        self._stop()
        self.connections.discard(self)
        if self._is_passed_on():
            self.transport.abort()  # closes our end of it; the other worker has its own
        else:
            opening: Opening = cast(Starlette, self.config.app).state.opening
            method, headers = self.scope["method"], self.scope["headers"]
            opening.open(self.transport, self.server_state, method, self.url, list(headers))
        # It holds us, and nobody else does: without it we are no garbage for a collection.
        self.parser = None  # type: ignore[assignment]

    def _is_passed_on(self) -> bool:
        room = ROOM.match(self.url)
        if self.pass_on is None or room is None or self.scheme != "http":
            return False  # TLS has a state that stays here
        if self.transport.get_write_buffer_size():
            return False  # answers before it are still on their way: it is refused here
        lines = [b"%b %b HTTP/1.1" % (self.scope["method"].encode(), self.url)]
        lines += [b"%b: %b" % header for header in self.scope["headers"]]
        descriptor = self.transport.get_extra_info("socket").fileno()
        return self.pass_on(room[1].decode(), b"\r\n".join((*lines, b"", b"")), descriptor)

    def _start(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._let_go)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _let_go(self) -> None:
        self._deadline = None
        self.transport.abort()
