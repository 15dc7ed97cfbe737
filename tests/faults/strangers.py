"""Sockets that never come to the point, a thousand at a time.

They send nothing, or a request's head byte by byte, or they open a WebSocket and do not
say who they are, or say it byte by byte.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Final, Self, cast

from server.rooms.ending import end_all

AT_ONCE: Final = 1_000
CLOSED_SECONDS: Final = 12.0
BYTE_EVERY_SECONDS: Final = 0.5
SPREAD_SECONDS: Final = 8.0

HEAD: Final = (
    b"GET /ws/rooms/s0 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# A masked text frame of 100 bytes, of which only some ever come.
FRAME: Final = b"\x81\xe4\0\0\0\0" + b'{"pass": "' + b"x" * 90
# What is sent at once, and what byte by byte after it.
KINDS: Final = {
    "silent": (b"", b""),
    "slow head": (b"", HEAD),
    "upgraded and silent": (HEAD, b""),
    "upgraded and slow": (HEAD, FRAME),
}


class Stranger(asyncio.Protocol):
    """A connection that does not come to the point."""

    def __init__(self, at_once: bytes, slowly: bytes) -> None:
        """Say this at once, and that byte by byte."""
        self.closed = asyncio.Event()
        self.opened_at = 0.0
        self.seconds = 0.0  # from the connection to its end
        self._at_once = at_once
        self._slowly = iter(slowly)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self.opened_at = time.monotonic()
        self._transport.write(self._at_once)
        # What came together with the head would be read with it.
        asyncio.get_running_loop().call_later(BYTE_EVERY_SECONDS, self._go_on)

    def connection_lost(self, error: Exception | None) -> None:
        """Note how long it took."""
        self.seconds = time.monotonic() - self.opened_at
        self.closed.set()

    def _go_on(self) -> None:
        byte = next(self._slowly, None)
        if byte is not None and self._transport and not self._transport.is_closing():
            self._transport.write(bytes((byte,)))
            asyncio.get_running_loop().call_later(BYTE_EVERY_SECONDS, self._go_on)

    @property
    def age(self) -> float:
        """How long it has been open (s)."""
        return time.monotonic() - self.opened_at

    def close(self) -> None:
        """End it from this side."""
        if self._transport is not None:
            self._transport.abort()


class Crowd:
    """A thousand of them, at any time: for each that is closed another comes."""

    def __init__(self, ports: Sequence[int]) -> None:
        """Begin without any."""
        self.seconds: dict[str, list[float]] = {name: [] for name in KINDS}
        self._ports = ports
        self._tasks: set[asyncio.Task[None]] = set()

    async def come(self) -> None:
        """Come one after another, else they would come and go in waves."""
        kinds = itertools.cycle(itertools.product(KINDS, self._ports))
        for kind, port in itertools.islice(kinds, AT_ONCE):
            self._tasks.add(asyncio.create_task(self._come_again(kind, port)))
            await asyncio.sleep(SPREAD_SECONDS / AT_ONCE)

    @property
    def at_once(self) -> int:
        """How many of them there are: one that could not come is no more among them."""
        return sum(not task.done() for task in self._tasks)

    async def go(self) -> None:
        """Go away."""
        await end_all(self._tasks)

    async def _come_again(self, kind: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            _, stranger = await loop.create_connection(
                lambda: Stranger(*KINDS[kind]), "127.0.0.1", port
            )
            try:
                async with asyncio.timeout(CLOSED_SECONDS + 5):
                    await stranger.closed.wait()
                self.seconds[kind].append(stranger.seconds)
            except TimeoutError:
                pass
            finally:
                if not stranger.closed.is_set() and stranger.age > CLOSED_SECONDS:
                    self.seconds[kind].append(stranger.age)  # the crowd goes, and it is here yet
                stranger.close()


async def _run(ports: Sequence[int], line: Connection) -> None:
    crowd = Crowd(ports)
    await crowd.come()
    line.send(None)
    await asyncio.to_thread(line.recv)
    at_once = crowd.at_once
    await crowd.go()
    line.send((at_once, crowd.seconds))


def _main(ports: Sequence[int], line: Connection) -> None:
    os.nice(19)  # strangers compute elsewhere: here they must not take the server's processor
    asyncio.run(_run(ports, line))


class Strangers:
    """The crowd, in a process of its own: a thousand sockets must not make the others look late."""

    def __init__(self, ports: Sequence[int]) -> None:
        """Take the ports of all workers."""
        self.seconds: dict[str, list[float]] = {name: [] for name in KINDS}
        self._ports = ports

    async def __aenter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(self._ports, theirs), daemon=True)
        self._process.start()
        theirs.close()  # or a process that could not start would be waited for
        await asyncio.to_thread(self._line.recv)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._line.send(None)
        at_once, closed = await asyncio.to_thread(self._line.recv)
        assert at_once == AT_ONCE, "some could not come"
        for kind, seconds in closed.items():
            self.seconds[kind] += seconds
        await asyncio.to_thread(self._process.join)
        self._line.close()
        await asyncio.sleep(0.5)  # their ends are part of the fault, not of what follows
