"""python-socketio with its Redis manager, on uvicorn.

`personal`: the server hears of a change and gives each person in the room a message of
their own, to sockets of this server only (`ignore_queue`, the cheapest way there is).
`room`: another process emits to the room through the manager; all get the same message.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from contextlib import suppress
from typing import Any

import socketio

from benchmarks.peers.serving import HELLO, changes, read_tails, seat, serve, told

WAY, URL, FOLDER = sys.argv[1:]
tails = [json.loads(tail) for tail in read_tails(FOLDER)]


async def relay(server: socketio.AsyncServer, rooms: dict[str, dict[str, Any]]) -> None:
    """Send every change to each person in its room."""
    async for room, data in changes(URL):
        shared = json.loads(data)
        for sid, tail in tuple(rooms[room].items()):
            await server.emit("view", {**shared, "you": tail}, to=sid, ignore_queue=True)


def main() -> None:
    """Serve."""
    server = socketio.AsyncServer(
        async_mode="asgi", client_manager=socketio.AsyncRedisManager(URL), logger=False
    )
    rooms: dict[str, dict[str, Any]] = defaultdict(dict)
    tasks: list[asyncio.Task[None]] = []

    async def connect(sid: str, environ: dict[str, Any]) -> None:
        room, number = seat(environ["QUERY_STRING"])
        rooms[room][sid] = tails[number]
        await server.enter_room(sid, room)
        if WAY == "personal" and not tasks:
            tasks.append(asyncio.create_task(relay(server, rooms)))
        await server.emit(HELLO, to=sid, ignore_queue=True)

    async def disconnect(sid: str, reason: str) -> None:
        for people in rooms.values():
            people.pop(sid, None)

    server.on("connect", connect)
    server.on("disconnect", disconnect)
    serve(socketio.ASGIApp(server), ping_seconds=None)  # engine.io has pings of its own


async def emit() -> None:
    """Emit what we are told, from outside of the server."""
    manager = socketio.AsyncRedisManager(URL, write_only=True)
    for room, shared in told():
        data = {**json.loads(shared), "you": tails[0]}
        await manager.emit("view", data, room=room)


if WAY == "emit":
    with suppress(KeyboardInterrupt):
        asyncio.run(emit())
else:
    main()
