"""A bad network between a browser and the server: a TCP proxy that delays, shakes and stalls."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Badness:
    """How bad it is; each way."""

    delay_s: float = 0.080
    jitter_s: float = 0.030
    stall_s: float = 0.200
    stall_every_s: float = 3.0


class BadNetwork:
    """Listens on a port of its own and passes everything on, late."""

    def __init__(self, port: int, badness: Badness) -> None:
        self._target = port
        self._badness = badness
        self._random = random.Random(4)
        self._loop = asyncio.new_event_loop()
        self._stalled_until = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._swallowed: set[asyncio.StreamWriter] = set()
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._finish())
        self._loop.close()

    async def _serve(self) -> None:
        self._main = asyncio.current_task()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            while True:
                await asyncio.sleep(self._badness.stall_every_s * self._random.uniform(0.7, 1.3))
                self._stalled_until = self._loop.time() + self._badness.stall_s

    async def _finish(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports say goodbye in the loop's next rounds

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside, outside = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [outside, writer]
        for source, sink in ((reader, outside), (inside, writer)):
            task = self._loop.create_task(self._carry(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivery = self._loop.create_task(self._deliver(queue, sink))
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                late = self._badness.delay_s + self._random.uniform(-1, 1) * self._badness.jitter_s
                queue.put_nowait((self._loop.time() + late, data))
        queue.put_nowait((self._loop.time() + self._badness.delay_s, b""))
        await delivery

    async def _deliver(
        self, queue: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter
    ) -> None:
        """Write in the order of arrival, as TCP does, whatever each piece's own delay."""
        with contextlib.suppress(ConnectionError):
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0, due - self._loop.time()))
                await asyncio.sleep(max(0, self._stalled_until - self._loop.time()))
                if not data:
                    break
                if sink in self._swallowed:
                    continue
                sink.write(data)
                await sink.drain()
        if sink not in self._swallowed:
            sink.close()

    def swallow(self) -> None:
        """Pass nothing on any more in the connections that there are, and say nothing of it."""
        self._loop.call_soon_threadsafe(lambda: self._swallowed.update(self._writers))

    def close(self) -> None:
        """End it and all its connections."""
        assert self._main
        self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(10)


@contextlib.contextmanager
def bad_network(port: int, badness: Badness | None = None) -> Iterator[int]:
    """Give the port of a bad way to a server."""
    network = BadNetwork(port, badness or Badness())
    try:
        yield network.port
    finally:
        network.close()
