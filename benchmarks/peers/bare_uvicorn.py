"""Bare uvicorn: one ASGI send of the whole message to each socket, and nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from contextlib import suppress

from benchmarks.peers.serving import (
    HELLO,
    Receive,
    Scope,
    Send,
    changes,
    read_tails,
    seat,
    serve,
    whole,
)

URL, FOLDER = sys.argv[1:]
TAILS = read_tails(FOLDER)
rooms: dict[str, set[tuple[Send, str]]] = defaultdict(set)
tasks: list[asyncio.Task[None]] = []


async def relay() -> None:
    """Send every change to everybody in its room."""
    async for room, data in changes(URL):
        shared = data.decode()
        for send, tail in tuple(rooms[room]):
            with suppress(OSError):  # gone a moment ago
                await send({"type": "websocket.send", "text": whole(shared, tail)})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Keep one socket until it closes."""
    if scope["type"] == "lifespan":
        await receive()
        tasks.append(asyncio.create_task(relay()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    room, number = seat(scope["query_string"].decode())
    await receive()
    await send({"type": "websocket.accept"})
    mine = (send, TAILS[number])
    rooms[room].add(mine)
    await send({"type": "websocket.send", "text": HELLO})
    while (await receive())["type"] != "websocket.disconnect":
        pass
    rooms[room].discard(mine)


serve(app)
