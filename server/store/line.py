"""A line to a server of the store, read straight from its transport.

The client library opens it: it knows passwords, TLS, and which server is the master. From
then on its answers are read here: the library's own way, a stream, a task that is woken and
six calls for each answer, costs a worker as much as deciding a command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.exceptions import ConnectionError as LineBroken
from redis.exceptions import InvalidResponse

Place = tuple[str, int]


class HungUp(LineBroken):
    """The store, or something on the way to it, has closed the line."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("The store has hung up.")


class Line(asyncio.Protocol):
    """One connection that has been greeted and has nothing to say yet."""

    def __init__(
        self, connection: Any, on_answer: Callable[[Any], None], on_lost: Callable[[], None]
    ) -> None:
        """Take it over; an answer that is an error is told like any other.

        Raises: HungUp.
        """
        self.is_open = True
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._reader: Any = connection._parser._reader
        self._transport: asyncio.Transport = connection._writer.transport
        if self._transport.is_closing():
            raise HungUp
        # The library's: it waits to be told when the connection is closed.
        self._before: Any = self._transport.get_protocol()
        self._transport.set_protocol(self)

    def write(self, packed: Iterable[bytes]) -> None:
        """Send commands."""
        self._transport.writelines(packed)

    def data_received(self, data: bytes) -> None:
        """Tell of every answer that is complete."""
        self._reader.feed(data)
        try:
            while self.is_open and (said := self._reader.gets()) is not NOT_ENOUGH_DATA:
                self._on_answer(said)
        except InvalidResponse:  # that is no server of ours
            self._be_lost()
            self._transport.abort()

    def eof_received(self) -> None:
        """Nothing more is answered: what would be sent now, would be sent for nothing."""
        self._be_lost()

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits for an answer."""
        self._be_lost()
        self._before.connection_lost(error)

    def cut(self) -> None:
        """Break it off: what it may still say is nobody's answer."""
        self.is_open = False
        self._transport.abort()

    def _be_lost(self) -> None:
        if self.is_open:
            self.is_open = False
            self._on_lost()


async def connected(pool: Any, connection: Any) -> Any:
    """Return a connection of a pool, for a line: the one that they had before, opened anew.

    None: they had none, and get any that is free. With sentinels what is opened anew leads to
    the master of now. Raises what the client raises.
    """
    if connection is None:
        return await pool.get_connection()
    await connection.disconnect(nowait=True)
    await pool.ensure_connection(connection)
    return connection


_forgotten: set[asyncio.Future[Any]] = set()


def forget(asked: Iterable[asyncio.Future[Any]]) -> None:
    """Wait no more for these answers: each is kept until it ends by itself, its error is taken.

    The library may miss that it is cancelled, and go on to its time-out.
    """
    for one in asked:
        _forgotten.add(one)
        one.add_done_callback(_ended)


def _ended(one: asyncio.Future[Any]) -> None:
    _forgotten.discard(one)
    if not one.cancelled():
        one.exception()


def hang_up(pool: Any, keep: Place | None = None) -> None:
    """Break off a pool's lines that are in use, but to `keep`: what was asked stays open.

    The library's way closes them under the hands of who reads them.
    """
    for connection in tuple(pool._in_use_connections):
        if connection._writer is not None and (connection.host, connection.port) != keep:
            connection._writer.transport.abort()
