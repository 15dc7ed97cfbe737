"""The client's end of a WebSocket, at little cost: thousands of them in one process.

They share the machine with the server that is measured, so they do the least: the answer
to the upgrade is not checked, masks are zeros, nothing is decoded but what is looked for.
"""

from __future__ import annotations

import asyncio
import base64
import os
from typing import Final, Self, cast

TEXT: Final = b"\x81"
BINARY: Final = b"\x82"


class Socket(asyncio.Protocol):
    """One connection; whole messages come to `take`."""

    def __init__(self, path: str, port: int) -> None:
        """Take where to; `up` is for the subclass to set, when the server has let it in."""
        self.up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received_bytes = 0
        self.closed = False
        self._path = path
        self._port = port
        self._upgraded = False
        self._data = bytearray()
        self._message = bytearray()
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> Self:
        """Connect, and wait until the server has let it in."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        await self.up
        return self

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody waits for a socket that was refused."""
        self.closed = True
        if not self.up.done():
            self.up.set_exception(error or ConnectionError("closed"))

    def send(self, text: str) -> None:
        """Send a text frame."""
        self.write_frame(TEXT, text.encode())

    def write_frame(self, first: bytes, data: bytes) -> None:
        """Send a frame that begins so; a mask of zeros is a mask too."""
        size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2)
        self.write(first + size + b"\0\0\0\0" + data)

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        """End it; nothing can be sent any more."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    def opened(self) -> None:
        """Say the first word, where the client has it."""

    def take(self, message: bytearray) -> None:
        """Read one whole message; it is overwritten afterwards."""

    def data_received(self, data: bytes) -> None:
        """Read the answer to the upgrade, then frames."""
        self._data += data
        if not self._upgraded:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._data.startswith(b"HTTP/1.1 101"):
                self.up.set_exception(ConnectionError(self._data[:end].decode()))
                self.close()
                return
            del self._data[: end + 4]
            self._upgraded = True
            self.opened()
        self._read_frames()

    def _read_frames(self) -> None:
        data, start = self._data, 0
        while len(data) - start >= 2:
            size, head = data[start + 1], 2
            if size == 126:
                if len(data) - start < 4:
                    break
                size, head = int.from_bytes(data[start + 2 : start + 4]), 4
            if len(data) - start < head + size:
                break
            first = data[start]
            payload = data[start + head : start + head + size]
            start += head + size
            self.frame(first, payload)
        del data[:start]

    def frame(self, first: int, payload: bytearray) -> None:
        """Answer pings; put messages together."""
        kind = first & 0x0F
        if kind == 0x9:
            self.write(bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
        elif kind == 0x8:
            if not self.up.done():
                self.up.set_exception(ConnectionError(payload.decode(errors="replace")))
        elif kind != 0xA:
            self._message += payload
            if first & 0x80:
                self.received_bytes += len(self._message)
                self.take(self._message)
                self._message.clear()
