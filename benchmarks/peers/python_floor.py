"""The floor of Python: a server of our design, on uvloop, without all that makes it one.

A facilitator's command comes in over a WebSocket, is appended to a store that syncs every
append to disk, and when the store has answered, the finished view goes to everybody in the
room, and the answer to whoever sent the command. No rules, no rendering, no checks, no pings,
no second worker to hear of it: what ours would cost if all of that were free.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import defaultdict, deque
from pathlib import Path
from typing import cast

import uvloop
from websockets.utils import accept_key

from benchmarks.peers.serving import HELLO, listen, read_tails, seat

URL, FOLDER = sys.argv[1:]
OPENING = re.compile(rb"GET /\?(\S+) .*Sec-WebSocket-Key: (\S+)", re.DOTALL)
# A facilitator's command (benchmarks/peers/contest.py), and the same in the view.
ASKED = re.compile(rb'"id": "(\w+)".*"text": "([^"]+)"')
PROMPT = re.compile(rb'"prompt":"[^"]+"')


def frame(first: int, data: bytes) -> bytes:
    """Return data of 126 bytes to 64 KiB, or of less, as a frame that begins so."""
    size = len(data)
    return bytes((first, size) if size < 126 else (first, 126, size >> 8, size & 0xFF)) + data


BEFORE, AFTER = PROMPT.split((Path(FOLDER) / "shared").read_bytes()[:-1])
TAILS = [frame(0x80, f',"you":{tail}}}'.encode()) for tail in read_tails(FOLDER)]
rooms: dict[str, list[tuple[asyncio.Transport, bytes]]] = defaultdict(list)


class Store(asyncio.Protocol):
    """The line to the store: appends in order, answers in order."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        """Wait for nothing yet."""
        self.waiting: deque[tuple[Seat, bytes]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self.transport = cast(asyncio.Transport, transport)

    def append(self, sender: Seat, command: bytes) -> None:
        """Append a command to the log of a room."""
        key = sender.room.encode()
        self.waiting.append((sender, command))
        self.transport.write(
            b"*3\r\n$5\r\nRPUSH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
            % (len(key), key, len(command), command)
        )

    def data_received(self, data: bytes) -> None:
        """Show what is stored; a store that refuses would make this no work at all."""
        assert b"-" not in data, data
        for _ in range(data.count(b"\n")):
            sender, command = self.waiting.popleft()
            sender.show(command)


class Seat(asyncio.Protocol):
    """One socket of a room."""

    transport: asyncio.Transport
    room = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Leave."""
        rooms[self.room] = [one for one in rooms[self.room] if one[0] is not self.transport]

    def data_received(self, data: bytes) -> None:
        """Sit down; then read commands, whose masks are zeros here, and pongs."""
        if not self.room:
            self.sit(data)
            return
        start = 0
        while start < len(data):
            size, head = data[start + 1] & 0x7F, 6
            if size == 126:
                size, head = int.from_bytes(data[start + 2 : start + 4]), 8
            if data[start] == 0x81:
                store.append(self, data[start + head : start + head + size])
            start += head + size

    def sit(self, opening: bytes) -> None:
        """Answer the upgrade."""
        found = OPENING.search(opening)
        assert found
        self.room, number = seat(found[1].decode())
        accept = accept_key(found[2].decode()).encode()
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n%b" % (accept, frame(0x81, HELLO.encode()))
        )
        rooms[self.room].append((self.transport, TAILS[number]))

    def show(self, command: bytes) -> None:
        """Send the answer, and the view with what has changed: two fragments, one of their own."""
        found = ASKED.search(command)
        assert found
        number, text = found.groups()
        self.transport.write(frame(0x81, b'{"type":"done","id":"%b"}' % number))
        shared = frame(0x01, b'%b"prompt":"%b"%b' % (BEFORE, text, AFTER))
        for transport, tail in rooms[self.room]:
            transport.writelines((shared, tail))


async def main() -> None:
    """Open the line to the store, then the door."""
    global store
    loop = asyncio.get_running_loop()
    _, store = await loop.create_unix_connection(Store, URL.removeprefix("unix://"))
    server = await loop.create_server(Seat, sock=listen())
    await server.serve_forever()


store: Store
uvloop.run(main())
