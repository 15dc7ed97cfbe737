"""The floor: sockets in C (picows), and one copy of the message to each."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict

import uvloop
from picows import (
    WSAutoPingStrategy,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)

from benchmarks.peers.serving import HELLO, changes, listen, read_tails, seat

URL, FOLDER = sys.argv[1:]
TAILS = [tail.encode() for tail in read_tails(FOLDER)]
rooms: dict[str, dict[WSTransport, bytes]] = defaultdict(dict)


class Seat(WSListener):
    """One socket of a room."""

    def __init__(self, query: str) -> None:
        """Take whose it is."""
        self.room, number = seat(query)
        self.tail = TAILS[number]

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Sit down."""
        rooms[self.room][transport] = self.tail
        transport.send(WSMsgType.TEXT, HELLO.encode())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Leave."""
        rooms[self.room].pop(transport, None)


def come(request: WSUpgradeRequest) -> Seat:
    """Give a newcomer a seat."""
    return Seat(request.path.decode().partition("?")[2])


async def main() -> None:
    """Send every change to everybody in its room."""
    server = await ws_create_server(
        come,
        sock=listen(),
        enable_auto_ping=True,
        auto_ping_idle_timeout=5,
        auto_ping_reply_timeout=5,  # more than the pause between pings is refused
        auto_ping_strategy=WSAutoPingStrategy.PING_PERIODICALLY,
    )
    await server.start_serving()
    async for room, data in changes(URL):
        shared = data[:-1] + b',"you":'
        for transport, tail in rooms[room].items():
            transport.send(WSMsgType.TEXT, shared + tail + b"}")


uvloop.install()
asyncio.run(main())
