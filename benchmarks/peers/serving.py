"""What the peers that run on Python have in common: a port, seats, payloads, changes.

Runs in the peers' own environment: nothing of Thera-Peer can be imported here. A server
is started with the store's URL and a folder; in the folder, `tails` holds a line of JSON
for each of the 35 people: what only they are shown.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from redis.asyncio import Redis

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HELLO = "hello"


def listen() -> socket.socket:
    """Listen on a free port, and print it."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    return listener


def seat(query: str) -> tuple[str, int]:
    """Return room and number of a person from `room=3&person=7`."""
    found = parse_qs(query)
    return found["room"][0], int(found["person"][0])


def read_tails(folder: str) -> list[str]:
    """Return what each person is shown besides, as JSON."""
    return (Path(folder) / "tails").read_text().splitlines()


def whole(shared: str, tail: str) -> str:
    """Return one person's message: the shared object with their own part in it."""
    return f'{shared[:-1]},"you":{tail}}}'


async def changes(url: str) -> AsyncIterator[tuple[str, bytes]]:
    """Yield the rooms that have changed, with what everybody in them is shown."""
    async with Redis.from_url(url).pubsub() as pubsub:
        await pubsub.psubscribe("room:*")
        async for message in pubsub.listen():
            if message["type"] == "pmessage":
                yield message["channel"].decode().partition(":")[2], message["data"]


def told() -> Iterator[tuple[str, str]]:
    """Yield the changes that an emitter is told to send: a line `room JSON` each."""
    for line in sys.stdin:
        room, _, shared = line.rstrip("\n").partition(" ")
        yield room, shared


def serve(app: Any, ping_seconds: float | None = 5.0) -> None:
    """Serve an application as Thera-Peer is served: uvloop, no compression, no access log."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=ping_seconds,
        ws_ping_timeout=10.0,
        access_log=False,
        log_level="warning",
    )
    uvicorn.Server(config).run(sockets=[listen()])
