"""A worker: one process with one event loop, equal to every other."""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import socket
from functools import partial
from types import FrameType
from typing import cast

from starlette.applications import Starlette
from uvicorn import Config, Server

from server.serving.exchange import ALIVE_SECONDS, Exchange
from server.serving.http_deadline import REQUEST_SECONDS, DeadlineProtocol
from server.serving.huge_pages import own_heap_on_huge_pages
from server.settings import Settings
from server.sockets.protocol import RoomSocketProtocol
from server.store.data_directory import dies_with_parent

# Longer than any decent answer takes; sockets are closed at once and come back elsewhere.
GRACE_SECONDS = 3
# Who does not answer the end of TLS is cut off.
TLS_END_SECONDS = 2.0
# How often a worker that is to relieve another looks whether it reaches the store.
REACH_SECONDS = 0.1
# A worker that is relieved lets its people go a few at a time: who comes back at the same
# moment as a thousand others waits longer than the second that nobody should lose.
LET_GO_AT_ONCE = 5
LET_GO_EVERY_SECONDS = 0.02
# With 5,000 sockets as long as 5 at a time take; with more, more at a time.
LET_GO_SECONDS = 20.0


def uvicorn_config(settings: Settings, http: type[DeadlineProtocol] = DeadlineProtocol) -> Config:
    """Return how uvicorn serves our application."""
    from server.app import create_app

    return Config(
        create_app(settings),
        http=http,
        ws=RoomSocketProtocol,  # upgrades are taken; sockets are made by our own HTTP protocol
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


class Worker(Server):
    """uvicorn's server, which tells the parent that it serves, and can be relieved."""

    def __init__(
        self, config: Config, ready: int, exchange: Exchange, line: int, *, relieves: bool
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._relieves = relieves
        self._relieved = False
        self._exchange = exchange
        self._line = line
        self._taking: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        signal.signal(signal.SIGHUP, self._be_relieved)
        await super().startup([])
        if self._relieves:
            await self._reach_the_store()
        loop = asyncio.get_running_loop()
        # uvicorn's own servers wait a minute for TLS to begin, and half of one for its end.
        tls = self.config.ssl
        for listener in sockets or ():
            server = await loop.create_server(
                self._new_protocol,
                sock=listener,
                backlog=self.config.backlog,
                ssl=tls,
                ssl_handshake_timeout=REQUEST_SECONDS if tls else None,
                ssl_shutdown_timeout=TLS_END_SECONDS if tls else None,
            )
            self.servers.append(server)
        loop.add_reader(self._exchange.listen(self._line), self._take_sockets)
        self._say_alive(loop)
        os.write(self._ready, b"%d\n" % os.getpid())

    async def _reach_the_store(self) -> None:
        """Take nobody in before: better the old worker than one that knows no way to the store."""
        is_away = cast(Starlette, self.config.app).state.is_store_away
        while is_away() and not self.should_exit:  # noqa: ASYNC110
            await asyncio.sleep(REACH_SECONDS)

    def _new_protocol(self) -> asyncio.Protocol:
        protocol = cast(type[DeadlineProtocol], self.config.http_protocol_class)
        return protocol(self.config, self.server_state, self.lifespan.state)

    def _be_relieved(self, _number: int, frame: FrameType | None) -> None:
        """Stop as by SIGTERM, but other workers take our people over."""
        self._relieved = True
        cast(Starlette, self.config.app).state.hand_over()
        self.handle_exit(signal.SIGTERM, frame)

    def _say_alive(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.should_exit:
            self._exchange.say_alive(self._line)
            loop.call_later(ALIVE_SECONDS, self._say_alive, loop)

    def _take_sockets(self) -> None:
        """Serve what other workers pass on to us."""
        while (passed := self._exchange.receive(self._line)) is not None:
            task = asyncio.create_task(self._take(*passed))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def _take(self, head: bytes, taken: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        protocol = DeadlineProtocol(self.config, self.server_state, self.lifespan.state)
        protocol.head = head
        try:
            await loop.connect_accepted_socket(lambda: protocol, taken)
        except OSError:
            taken.close()  # gone meanwhile

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; when relieved, take nobody in any more, then let people go slowly."""
        self._exchange.stop_listening(self._line)
        if self._relieved:
            for server in self.servers:
                server.close()
            await self._let_go()
        await super().shutdown(sockets)

    async def _let_go(self) -> None:
        connections = list(self.server_state.connections)
        slices = LET_GO_SECONDS / LET_GO_EVERY_SECONDS
        at_once = max(LET_GO_AT_ONCE, math.ceil(len(connections) / slices))
        for start in range(0, len(connections), at_once):
            if len(self._captured_signals) > 1:
                return  # the whole server stops: at once
            for connection in connections[start : start + at_once]:
                if connection in self.server_state.connections:
                    connection.shutdown()
            await asyncio.sleep(LET_GO_EVERY_SECONDS)


def become_child(parent: int) -> None:
    """Make a forked process one of its own: a session, randomness, and an end with the parent."""
    dies_with_parent(parent)()
    os.setsid()  # Ctrl-C in a terminal is for the parent alone
    random.seed()


def run_worker(
    settings: Settings,
    listener: socket.socket,
    ready: int,
    parent: int,
    exchange: Exchange,
    line: int,
    *,
    relieves: bool,
) -> None:
    """Serve until told to stop; the whole life of a forked worker."""
    become_child(parent)
    own_heap_on_huge_pages()

    class Passing(DeadlineProtocol):
        pass_on = staticmethod(partial(exchange.pass_on, line))

    config = uvicorn_config(settings, Passing if settings.gather_rooms else DeadlineProtocol)
    Worker(config, ready, exchange, line, relieves=relieves).run(sockets=[listener])
