"""What the listening socket brings to every connection."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import ssl
import time
from pathlib import Path

import httpx
import pytest
import trustme

from server.serving.http_deadline import REQUEST_SECONDS
from server.serving.listening import USER_TIMEOUT_MS, CannotListen, listen, local_url
from server.sockets.close_codes import CloseCode
from tests.faults.strangers import HEAD
from tests.running_server import RunningServer


def test_a_stalled_reader_is_given_up_by_the_kernel() -> None:
    with listen("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname()) as _, listener.accept()[0] as peer:
            timeout = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert timeout == USER_TIMEOUT_MS


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("localhost", "127.0.0.1")],
)
def test_the_local_url_can_be_opened_on_this_machine(host: str, shown: str) -> None:
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert local_url(listener, tls=False) in (f"http://{shown}:{port}", f"http://[::1]:{port}")
        assert local_url(listener, tls=True).startswith("https://")


def test_a_used_port_cannot_be_listened_on_twice() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(CannotListen, match="in use"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_as_many_sockets_may_come_as_the_system_allows(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))  # many systems begin with 1,024
    try:
        with RunningServer(tmp_path) as server:
            (worker,) = server.workers()
            assert resource.prlimit(worker, resource.RLIMIT_NOFILE) == (limits[1], limits[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_with_a_certificate_the_server_speaks_https_only(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.cert_chain_pems[0].write_to_path(cert)
    certificate.private_key_pem.write_to_path(key)
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    options = ("--tls-cert", str(cert), "--tls-key", str(key))
    with RunningServer(tmp_path / "data", *options) as server:
        assert server.url.startswith("https://127.0.0.1:")
        assert server.create()["observer"].startswith(server.url)
        context = ssl.create_default_context(cafile=trusted)
        async with httpx.AsyncClient(verify=context) as client:
            answer = await client.get(f"{server.url}/healthz")
        assert answer.status_code == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert not (await reader.read(100)).startswith(b"HTTP")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with asyncio.timeout(REQUEST_SECONDS + 2):  # says nothing
            assert await reader.read() == b""
        writer.close()


def test_who_speaks_before_their_socket_was_passed_on_is_heard(tmp_path: Path) -> None:
    wrong_pass = b'\x81\x8b\0\0\0\0{"pass":""}'
    with RunningServer(tmp_path, workers=2) as server:
        _, stopped = server.workers()
        os.kill(stopped, signal.SIGSTOP)  # so the other one takes the connections, and passes on
        lines = [server.connect() for _ in range(8)]
        for number, line in enumerate(lines):
            line.sendall(HEAD.replace(b"/s0", b"/s%d" % number))
        time.sleep(0.2)
        for line in lines:
            line.sendall(wrong_pass)
        os.kill(stopped, signal.SIGCONT)
        for line in lines:
            head, _, rest = line.recv(4096).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101")
            while len(rest) < 4:
                rest += line.recv(4096)
            assert rest[0] == 0x88, "not a close frame"
            assert int.from_bytes(rest[2:4]) == CloseCode.PASS_INVALID
            line.close()
