"""How a WebSocket is opened: the handshake (RFC 6455, 4.2), the page, the place.

The head of the request is what the HTTP library has read; an answer costs no task,
and whoever serves the socket hears of it with its first message. No extension is taken:
a connection that compresses takes 34 KB more, and our frames are small.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import unquote

from uvicorn.server import ServerState
from websockets.utils import accept_key

from server.sockets.entry import Entry
from server.sockets.origin import may_open
from server.sockets.protocol import RoomSocketProtocol

PLACE: Final = re.compile(r"/ws/rooms/([^/?]+)(/voice)?(?:\?.*)?")
VERSION: Final = b"13"
KEY_BYTES: Final = 16

ACCEPTED: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: %b\r\n\r\n"
)
BAD: Final = b"400 Bad Request"
FORBIDDEN: Final = b"403 Forbidden"
OTHER_VERSION: Final = (
    b"426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: " + VERSION
)
# What is read of a head; twice the same would mean one thing here and another elsewhere.
READ: Final = (b"host", b"origin", b"sec-websocket-key", b"sec-websocket-version")
BODY: Final = (b"content-length", b"transfer-encoding")
REFUSED: Final = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Opening:
    """Knows the places of sockets, and who serves them."""

    def __init__(self, room: Entry, voice: Entry, public_url: str) -> None:
        """Take who serves a room's sockets and its sound, and whose pages may open them."""
        self._room = room
        self._voice = voice
        self._public_url = public_url

    def open(
        self,
        transport: asyncio.Transport,
        server: ServerState,
        method: str,
        url: bytes,
        headers: Sequence[tuple[bytes, bytes]],
    ) -> None:
        """Answer a request to be upgraded, whose names of headers are in small letters.

        Who has not read the answers to earlier requests is cut off: a socket that begins
        behind them would never hear that its peer is behind.
        """
        if transport.get_write_buffer_size():
            transport.abort()
            return
        given = dict(headers)
        key = given.get(b"sec-websocket-key", b"")
        place = PLACE.fullmatch(url.decode("ascii", "replace"))
        origin = given.get(b"origin")
        page = None if origin is None else origin.decode("latin-1")
        if place is None or not may_open(page, self._public_url):
            refusal = FORBIDDEN
        elif given.get(b"sec-websocket-version") != VERSION:
            refusal = OTHER_VERSION
        elif method != "GET" or not _is_key(key) or not _is_clear(headers):
            refusal = BAD
        else:
            answer = accept_key(key.decode("ascii"))
            transport.write(ACCEPTED % answer.encode("ascii"))
            entry = self._voice if place[2] else self._room
            RoomSocketProtocol(transport, server, partial(entry.serve, unquote(place[1])))
            return
        transport.write(REFUSED % refusal)
        transport.close()


def _is_clear(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    read = [name for name, _ in headers if name in READ]
    return (
        b"host" in read
        and len(read) == len(set(read))
        and not any(name in BODY for name, _ in headers)
    )


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except binascii.Error:
        return False
