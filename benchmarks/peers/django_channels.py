"""Django Channels with the pub/sub layer of channels_redis, on uvicorn.

A change goes through the channel layer to every consumer of the room, which sends its
person's own message. On uvicorn, because daphne needed a quarter more for a frame.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter
from django.conf import settings

from benchmarks.peers.serving import HELLO, read_tails, seat, serve, told, whole

WAY, URL, FOLDER = sys.argv[1:]
LAYER = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [URL]}}
TAILS = read_tails(FOLDER)


class Seat(AsyncWebsocketConsumer):
    """One socket of a room."""

    async def connect(self) -> None:
        """Sit down."""
        self.room, number = seat(self.scope["query_string"].decode())
        self.tail = TAILS[number]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()
        await self.send(text_data=HELLO)

    async def disconnect(self, code: int) -> None:
        """Leave."""
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def view(self, event: dict[str, Any]) -> None:
        """Show a change."""
        await self.send(text_data=whole(event["shared"], self.tail))


async def emit() -> None:
    """Send what we are told to the group of the room."""
    layer = get_channel_layer()
    for room, shared in told():
        await layer.group_send(room, {"type": "view", "shared": shared})


settings.configure(CHANNEL_LAYERS={"default": LAYER}, USE_TZ=True)
django.setup()
if WAY == "emit":
    with suppress(KeyboardInterrupt):
        asyncio.run(emit())
else:
    serve(ProtocolTypeRouter({"websocket": Seat.as_asgi()}))
