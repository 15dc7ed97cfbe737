"""The processes of a server: how they end, and what a kill leaves behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import websockets

from tests.running_server import RunningServer, first_line, runs, thera_peer, until


def healthy(server: RunningServer) -> bool:
    try:
        return httpx.get(f"{server.url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_clean_and_leaves_nobody_behind(tmp_path: Path, number: int) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        family = [*server.workers(), server.store(), server.store("live")]
        assert len(family) == 4
        assert server.stop(number) == 0
        assert not any(runs(pid) for pid in family)
        ready, *log = server.printed().splitlines()
        assert ready == f"Thera-Peer is ready at {server.url}"
        said = [
            re.fullmatch(r"[-0-9]{10} [0-9:,]{12} INFO \[\d+\] thera_peer: (.*)", line)
            for line in log
        ]
        assert [line and line[1] for line in said] == ["Stopping.", "Stopped."]


def test_a_second_server_on_the_directory_refuses(server: RunningServer) -> None:
    done = thera_peer("serve", "--port", "0", "--data", str(server.directory))
    assert done.returncode == 1
    assert first_line(done.stderr).startswith("thera-peer: Another server runs on ")
    assert healthy(server)


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(server.workers()) == 2 and set(server.workers()) != set(before))
        assert before[1] in server.workers()
        assert healthy(server)
        until(lambda: "A new worker" in server.printed())  # somebody reads that all is well again


def test_a_killed_store_comes_back_with_its_data(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        created = server.create()
        os.kill(server.store(), signal.SIGKILL)
        until(lambda: server.printed().count("The embedded store (store.log) ended") == 1)
        until(lambda: session_is_known(server, created))


def test_after_a_kill_of_the_parent_nobody_is_left_and_nothing_is_lost(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        created = server.create()
        family = [*server.workers(), server.store(), server.store("live")]
        port = server.port
        server.kill()
    with RunningServer(tmp_path, workers=2, port=port) as again:
        assert not any(runs(pid) for pid in family)
        assert session_is_known(again, created)


def session_is_known(server: RunningServer, created: dict[str, str]) -> bool:
    secret = created["observer"].partition("#")[2]
    answer = httpx.post(f"{server.url}/api/door", json={"link": secret}, timeout=10)
    return answer.status_code == 200 and answer.json()["session"] == created["session"]


def test_who_sends_no_whole_request_in_ten_seconds_is_let_go(server: RunningServer) -> None:
    silent, slow, late = (server.connect() for _ in range(3))
    with silent, slow, late:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        late.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert late.recv(4096).startswith(b"HTTP/1.1 200")
        late.sendall(b"\r\n")
        for connection in (silent, slow, late):
            assert is_let_go(connection)
    assert healthy(server)


def is_let_go(connection: socket.socket) -> bool:
    """Read whatever comes until the other side closes."""
    connection.settimeout(15)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


async def test_no_address_of_a_socket_is_printed(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        url = server.url.replace("http", "ws") + "/ws/rooms/canary-room?pass=canary-pass"
        async with asyncio.timeout(10):
            try:
                async with websockets.connect(url, compression=None) as websocket:
                    await websocket.send('{"pass": "canary-pass"}')
                    await websocket.recv()
            except websockets.WebSocketException:
                pass
        assert server.stop() == 0
        assert "canary" not in server.printed()
