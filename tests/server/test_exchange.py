"""Sockets that go from worker to worker, and what keeps them where they are."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from server.serving.exchange import SILENT_NS, Exchange

Ends = tuple[socket.socket, socket.socket]
HEAD = b"GET /ws/rooms/r1 HTTP/1.1\r\n\r\n"


@pytest.fixture
def ends() -> Iterator[Ends]:
    """A client's end of a connection, and the server's."""
    client, server = socket.socketpair()
    client.settimeout(5)
    yield client, server
    client.close()
    server.close()


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with closing(Exchange(3)) as exchange:
        yield exchange


def listen(exchange: Exchange, lines: int) -> None:
    for _ in range(lines):
        exchange.listen(exchange.lend())


def preferred(exchange: Exchange, session: str, descriptor: int, lines: int) -> int:
    """Find the line to which a room's socket goes: the one from which it is not passed on."""
    (own,) = [
        line for line in range(lines) if not exchange.pass_on(line, session, HEAD, descriptor)
    ]
    for line in range(lines):
        while (passed := exchange.receive(line)) is not None:
            passed[1].close()
    return own


def pass_one(exchange: Exchange, server: socket.socket) -> int:
    """Pass a socket on between two workers; return the line on which it waits."""
    listen(exchange, 2)
    own = preferred(exchange, "r1", server.fileno(), 2)
    assert exchange.pass_on(1 - own, "r1", HEAD, server.fileno())
    server.close()  # the worker that passed it on has no more to do with it
    return own


def test_a_socket_arrives_with_its_head(exchange: Exchange, ends: Ends) -> None:
    client, server = ends
    own = pass_one(exchange, server)
    passed = exchange.receive(own)
    assert passed is not None
    head, taken = passed
    assert head == HEAD
    taken.send(b"hello")
    assert client.recv(5) == b"hello"
    taken.close()
    assert exchange.receive(own) is None


def test_the_rooms_of_a_worker_that_ends_move_and_no_others(exchange: Exchange, ends: Ends) -> None:
    descriptor, rooms = ends[1].fileno(), [f"r{number}" for number in range(60)]
    listen(exchange, 3)
    before = {room: preferred(exchange, room, descriptor, 3) for room in rooms}
    assert set(before.values()) == {0, 1, 2}
    exchange.take_back(2)
    for room in rooms:
        if before[room] != 2:
            assert not exchange.pass_on(before[room], room, HEAD, descriptor)
        else:
            assert exchange.pass_on(0, room, HEAD, descriptor) != exchange.pass_on(
                1, room, HEAD, descriptor
            )


def test_nobody_is_given_a_socket_who_does_not_listen(exchange: Exchange, ends: Ends) -> None:
    own = exchange.lend()
    exchange.listen(own)
    assert not exchange.pass_on(own, "r1", HEAD, ends[1].fileno())
    exchange.stop_listening(own)
    assert not exchange.pass_on(exchange.lend(), "r1", HEAD, ends[1].fileno())


def test_sockets_that_wait_for_a_worker_that_ended_are_closed(
    exchange: Exchange, ends: Ends
) -> None:
    client, server = ends
    own = pass_one(exchange, server)
    exchange.take_back(own)
    assert client.recv(1) == b""
    assert own in {exchange.lend(), exchange.lend()}


def test_a_full_line_refuses(exchange: Exchange, ends: Ends) -> None:
    listen(exchange, 2)
    own = preferred(exchange, "r1", ends[1].fileno(), 2)
    taken = 0
    while exchange.pass_on(1 - own, "r1", HEAD + bytes(1000), ends[1].fileno()):
        taken += 1
    assert taken > 100
    exchange.take_back(own)


def test_who_can_open_no_more_files_is_given_no_more_sockets(
    exchange: Exchange, ends: Ends
) -> None:
    client, server = ends
    own = pass_one(exchange, server)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        assert exchange.receive(own) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert client.recv(1) == b""
    assert not exchange.pass_on(1 - own, "r1", HEAD, client.fileno())


def test_who_hangs_is_passed_over(
    exchange: Exchange, ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen(exchange, 2)
    own = preferred(exchange, "r1", ends[1].fileno(), 2)
    assert exchange.pass_on(1 - own, "r1", HEAD, ends[1].fileno())
    later = time.monotonic_ns() + 2 * SILENT_NS
    monkeypatch.setattr(time, "monotonic_ns", lambda: later)
    exchange.say_alive(1 - own)
    assert not exchange.pass_on(1 - own, "r1", HEAD, ends[1].fileno())
    exchange.take_back(own)
