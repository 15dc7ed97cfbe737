"""The one place where objects are joined: from settings to an ASGI application."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from server import pages
from server.pages import api
from server.pages.entrance import Door
from server.rooms.defects import note_defect
from server.rooms.ending import end_all
from server.rooms.on_call import MailServer, OnCall
from server.rooms.presence import Presence
from server.rooms.rooms import Rooms
from server.rooms.sharded_feed import open_feed
from server.rooms.ticker import Ticker
from server.rooms.watch import StoreWatch
from server.settings import Settings
from server.sockets.fanout import Fanout
from server.sockets.flood import Allowances
from server.sockets.gateway import Gateway
from server.sockets.hearing import Hearing
from server.sockets.live import Live
from server.sockets.opening import Opening
from server.sockets.passes import Passes
from server.sockets.voice import Voice, VoiceGateway
from server.store.client import open_client
from server.store.errors import StoreError
from server.store.life import Life
from server.store.master import Master
from server.store.redis_clock import RedisClock
from server.store.room_log import RoomLog

# A start waits this long for the first sign of life of the store, then serves anyway:
# /readyz says what is missing.
READY_SECONDS: Final = 3.0
BEGIN_AGAIN_SECONDS: Final = 1.0


class Application:
    """Everything that one worker is made of."""

    def __init__(self, settings: Settings) -> None:
        """Join the parts; nothing runs and nothing connects yet."""
        self.worker = "w" + secrets.token_hex(6)
        self.store = open_client(settings.redis_url)
        self.life = Life(self.store, settings.data_dir if settings.embedded else None)
        self.clock = RedisClock(self.store)
        self.watch = StoreWatch(self.store, self.clock, self.life, self.worker)
        room_log = RoomLog(self.store, replicated=not settings.embedded)
        self.rooms = Rooms(room_log, self.clock, self.watch, self.worker)
        self.presence = Presence(self.rooms, self.life)
        self.ticker = Ticker(self.rooms, self.presence)
        mail = MailServer(settings.smtp_url, settings.mail_from) if settings.smtp_url else None
        self.on_call = OnCall(self.rooms, self.store, mail)
        self.feed = open_feed(
            self.store, on_message=self._heard, on_subscribed=self.rooms.subscribed
        )
        self.rooms.feed = self.feed
        # Without a live store this worker is the only one and relays in its memory.
        self.bus = open_client(settings.live_redis_url) if settings.live_redis_url else None
        self.live = Live(self.bus, self.clock, self.worker)
        self.fanout = Fanout(self.rooms, self.presence, self.live)
        self.passes = Passes(settings.secret_key)
        self.allowances = Allowances()
        gateway = Gateway(
            self.rooms, self.presence, self.fanout, self.live, self.passes, self.allowances
        )
        self.voice = Voice(self.rooms, self.bus)
        self.hearing = Hearing(self.fanout, self.voice.roll)
        voice_gateway = VoiceGateway(self.voice, self.rooms, self.passes, self.allowances)
        self.opening = Opening(gateway, voice_gateway, settings.public_url)
        self.watch.on_return = self.rooms.compare
        self.watch.on_decide = self.ticker.ticked_all
        self.watch.on_lost_time = self.ticker.tick_all

    def _heard(self, channel: str, data: bytes) -> None:
        if channel == self.watch.channel:
            self.watch.heard()
        else:
            self.rooms.heard(channel, data)

    # ---- Running ------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for as long as the context lasts; leave in order."""
        self.feed.subscribe(self.watch.channel)
        # Each a task of its own: a group would pass a cancellation on only once (`end_all`).
        loops: list[Callable[[], Awaitable[None]]] = [
            self.feed.run,
            self.watch.pulse,
            self.watch.judge,
            self.clock.run,
            self.rooms.run,
            self.presence.run,
            self.ticker.run,
            self.voice.bus.listen,
            self.voice.bus.send,
            self.hearing.run,
        ]
        if self.live.feed is not None:
            loops.append(self.live.feed.run)
        loops += [one.follow for one in (self.store, self.bus) if isinstance(one, Master)]
        tasks = {asyncio.create_task(_for_ever(loop)) for loop in loops}
        try:
            await self._ready()
            yield
        finally:
            await self._leave()
            await end_all(tasks | self.on_call.tasks)
            for client in (self.store, self.bus):
                if client is not None:
                    await client.aclose()

    async def _ready(self) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + READY_SECONDS
        while self.watch.away and loop.time() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    async def _leave(self) -> None:
        """Say goodbye, so that others need not wait for a lease to lapse."""
        try:
            async with asyncio.timeout(3.0):
                await self.presence.leave_all()
                await self.rooms.drained()
                await self.life.release(self.worker)
        except (StoreError, TimeoutError):
            pass
        except Exception as error:  # what follows must be done in any case
            note_defect("leaving", error)


async def _for_ever(loop: Callable[[], Awaitable[None]]) -> None:
    """Begin a loop again that ended by a defect: every room needs each of them."""
    while True:
        try:
            await loop()
        except Exception as error:
            note_defect("a loop", error)
        await asyncio.sleep(BEGIN_AGAIN_SECONDS)


def page_context(settings: Settings) -> pages.Context:
    """Return what the pages and the door must know of the installation."""
    context = pages.Context(public_url=settings.public_url, contact=settings.contact)
    if settings.helplines_file:
        context = replace(context, helplines=pages.read_helplines(settings.helplines_file))
    if settings.quick_exit_url:
        context = replace(context, exit_url=settings.quick_exit_url)
    return context


def create_app(settings: Settings) -> Starlette:
    """Return the ASGI application of one worker."""
    parts = Application(settings)
    context = page_context(settings)
    door = Door(
        rooms=parts.rooms,
        passes=parts.passes,
        allowances=parts.allowances,
        context=context,
        store=parts.store,
        bus=parts.bus,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with parts.running():
            yield

    app = Starlette(
        routes=[
            *api.routes(door),
            *pages.routes(context),
        ],
        middleware=[Middleware(pages.SecurityHeaders, public_url=settings.public_url)],
        exception_handlers=pages.exception_handlers(context),
        lifespan=lifespan,
    )
    app.state.hand_over = parts.presence.hand_over
    app.state.is_store_away = lambda: parts.watch.away
    app.state.opening = parts.opening  # WebSockets are not ASGI: they cost no task until they speak
    # A redirect would be built from the Host header, which a stranger chooses.
    app.router.redirect_slashes = False
    return app
