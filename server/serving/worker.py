"""A worker: one process with one event loop, equal to every other."""

from __future__ import annotations

import os
import random
import signal
import socket

from uvicorn import Config, Server

from server.serving.http_deadline import DeadlineProtocol
from server.serving.logs import set_up_logs
from server.settings import Settings
from server.sockets.protocol import RoomSocketProtocol
from server.store.data_directory import dies_with_parent

# A pair: a ping every 5 s, and 10 s of patience for its answer.
PING_SECONDS = 5.0
PONG_SECONDS = 10.0
# Longer than any decent answer takes; sockets are closed at once and come back elsewhere.
GRACE_SECONDS = 3
# The longest frame of the contract.
FRAME_BYTES = 32 * 1024


def uvicorn_config(settings: Settings) -> Config:
    """Return how uvicorn serves our application."""
    from server.app import create_app

    return Config(
        create_app(settings),
        http=DeadlineProtocol,
        ws=RoomSocketProtocol,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=FRAME_BYTES,
        # 25 against 59 KB a connection, and our frames are small.
        ws_per_message_deflate=False,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )


class Worker(Server):
    """uvicorn's server, which tells the parent that it serves."""

    def __init__(self, config: Config, ready: int) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        os.write(self._ready, b".")


def become_child(parent: int) -> None:
    """Make a forked process one of its own: signals, randomness, and an end with the parent."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    dies_with_parent(parent)()
    os.setsid()  # Ctrl-C in a terminal is for the parent alone
    random.seed()


def run_worker(settings: Settings, listener: socket.socket, ready: int, parent: int) -> None:
    """Serve until told to stop; the whole life of a forked worker."""
    become_child(parent)
    set_up_logs()
    Worker(uvicorn_config(settings), ready).run(sockets=[listener])
