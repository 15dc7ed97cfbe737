"""How a WebSocket is opened, byte for byte: what is no handshake gets no socket."""

from __future__ import annotations

import asyncio
import json
import re
import select
import socket
from typing import cast

import pytest
from uvicorn.server import ServerState

from server.sockets.entry import Entry
from server.sockets.opening import ACCEPTED, Opening
from session_engine import Role
from session_engine.limits import MAX_THEME
from tests.server.house import House
from tests.server.people import Person

# The key and its answer are those of RFC 6455, 1.3.
RIGHT = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
ANSWER = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def frame(first: int, payload: bytes) -> bytes:
    """Return a frame as clients send it, masked with zeros."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
    return bytes((first,)) + length + b"\0\0\0\0" + payload


CLOSING = frame(0x88, (1000).to_bytes(2))


async def ask(
    house: House,
    path: str = "/ws/rooms/any",
    method: str = "GET",
    version: str = "1.1",
    **headers: str | None,
) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request; None leaves a header out. Return the head of the answer."""
    given = RIGHT | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/{version}"]
    port = house.workers[0].port
    lines += [
        f"{name}: {value.replace('{port}', str(port))}"
        for name, value in given.items()
        if value is not None
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    async with asyncio.timeout(10):
        return await reader.readuntil(b"\r\n\r\n"), reader, writer


@pytest.mark.parametrize("path", ["/ws/rooms/any", "/ws/rooms/any?x=1", "/ws/rooms/any/voice"])
async def test_a_handshake_is_answered_as_the_protocol_says(house: House, path: str) -> None:
    head, _, writer = await ask(house, path)
    assert head == ACCEPTED % ANSWER
    writer.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, b"426 "),
        ({"Sec_WebSocket_Version": None}, b"426 "),
        ({"Sec_WebSocket_Key": None}, b"400 "),
        ({"Sec_WebSocket_Key": "c2hvcnQ="}, b"400 "),
        ({"Sec_WebSocket_Key": "no base64 at all!!!!!!!!"}, b"400 "),
        ({"Sec_WebSocket_Key": "\xff" * 24}, b"400 "),
        (
            {"Sec_WebSocket_Key": RIGHT["Sec-WebSocket-Key"] + "\r\nSec-WebSocket-Version: 13"},
            b"400 ",
        ),
        ({"Origin": "http://127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}"}, b"400 "),
        ({"Host": None}, b"400 "),
        ({"Host": "127.0.0.1\r\nHost: evil.example"}, b"400 "),
        ({"Content_Length": "2"}, b"400 "),
        ({"Transfer_Encoding": "chunked"}, b"400 "),
        ({"method": "POST"}, b"400 "),
        ({"path": "/ws/rooms/"}, b"403 "),
        ({"path": "/ws/rooms/any/other"}, b"403 "),
        ({"path": "/ws/rooms/any/voice/more"}, b"403 "),
        ({"path": "/"}, b"403 "),
        ({"Origin": "http://evil.example"}, b"403 "),
        ({"Origin": "\xff"}, b"403 "),
        ({"Origin": "http://evil.example@127.0.0.1:{port}"}, b"403 "),
        ({"Origin": "http://127.0.0.1:{port}/"}, b"403 "),
        ({"Origin": "http://evil.example;.localhost:{port}"}, b"403 "),
    ],
)
async def test_what_is_no_handshake_is_refused_and_closed(
    house: House, headers: dict[str, str], status: bytes
) -> None:
    head, reader, writer = await ask(house, **headers)
    assert head.startswith(b"HTTP/1.1 " + status)
    assert await reader.read() == b""
    writer.close()


async def test_an_upgrade_to_something_else_is_no_socket(house: House) -> None:
    head, _, writer = await ask(house, Upgrade="h2c")
    assert b" 101 " not in head
    writer.close()


async def test_http_1_0_knows_no_upgrade(house: House) -> None:
    head, _, writer = await ask(house, version="1.0")
    assert head.startswith(b"HTTP/1.1 404 ")
    writer.close()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(frame(0x81, b"\xff") + CLOSING, id="not UTF-8"),
        pytest.param(frame(0x01, b"") + frame(0x00, b"") * 70 + CLOSING, id="many pieces"),
        pytest.param(frame(0x89, b"ping") + frame(0x81, b"{}") + CLOSING, id="a ping"),
        pytest.param(b"\xff\xff\xff" + CLOSING, id="no frame"),
        pytest.param(frame(0x81, b"{}") * 30 + CLOSING, id="no pass"),
    ],
)
async def test_a_close_that_came_with_something_wrong_is_answered_and_no_defect(
    house: House, said: bytes
) -> None:
    before = list(house.workers[0].said)
    _, reader, writer = await ask(house)
    writer.write(said)
    async with asyncio.timeout(10):
        heard = await reader.read()
    # Pongs, then one close, and nothing behind it.
    at = heard.rindex(b"\x88")
    assert heard[:at] in (b"", b"\x8a\x04ping")
    assert len(heard) == at + 2 + heard[at + 1]
    writer.close()
    await asyncio.sleep(0.1)
    assert house.workers[0].said == before


def kinds_of(heard: bytes) -> list[int]:
    """Return the first byte of each frame."""
    kinds = []
    while heard:
        kinds.append(heard[0])
        size, head = (int.from_bytes(heard[2:4]), 4) if heard[1] == 126 else (heard[1], 2)
        heard = heard[head + size :]
    return kinds


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(frame(0x81, b"{") * 60, id="abuse"),
        pytest.param(frame(0x89, b"") + frame(0x81, b'{"ping": 1}'), id="pings"),
    ],
)
async def test_what_came_with_a_close_is_answered_before_it_or_not_at_all(
    house: House, said: bytes
) -> None:
    session = await house.create()
    ana = await Person.at_door(house, session, Role.PARTICIPANT, "Ana")
    before = list(house.workers[0].said)
    _, reader, writer = await ask(house, f"/ws/rooms/{session}")
    writer.write(frame(0x81, json.dumps({"pass": ana.pass_}).encode()))
    async with asyncio.timeout(10):
        heard = b""
        writer.write(frame(0x81, b'{"ping": 0}'))  # When it is answered, messages are heard.
        while b'"pong"' not in heard:
            heard += await reader.read(65536)
        writer.write(said + CLOSING)
        heard = await reader.read()
    assert kinds_of(heard)[-1] == 0x88
    assert kinds_of(heard).count(0x88) == 1
    writer.close()
    await asyncio.sleep(0.1)
    assert house.workers[0].said == before


async def test_who_hangs_up_without_reading_is_cut_off(house: House) -> None:
    session = await house.create()
    fay = await Person.enter(house, session, Role.FACILITATOR, "Fay")
    ana = await Person.at_door(house, session, Role.PARTICIPANT, "Ana")
    await fay.done("begin")
    for number in range(20):
        await fay.done("add_theme", text=f"{number} ".ljust(MAX_THEME, "अ"))
    loop = asyncio.get_running_loop()
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await loop.sock_connect(raw, ("127.0.0.1", house.workers[0].port))
        lines = (f"{name}: {value}" for name, value in RIGHT.items())
        head = "\r\n".join([f"GET /ws/rooms/{session} HTTP/1.1", *lines, "", ""])
        await loop.sock_sendall(raw, head.encode())
        await loop.sock_recv(raw, 4096)
        await loop.sock_sendall(raw, frame(0x81, json.dumps({"pass": ana.pass_}).encode()))
        await fay.see(lambda view, you: len(view["people"]) == 2)
        for number in range(30):  # more than the kernel holds
            await fay.done("set_prompt", text=f"What would help? {number}")
            await asyncio.sleep(0.03)  # else one view would take the place of another
        began = loop.time()
        raw.shutdown(socket.SHUT_WR)
        cut = select.poll()
        cut.register(raw, 0)
        async with asyncio.timeout(8):  # before the ten seconds that a slow reader has
            while not cut.poll(0):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert loop.time() - began > 1.5, "closed at once: nothing was left to read"


async def test_a_handshake_behind_answers_that_nobody_reads_is_cut_off() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with theirs:
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
        while not transport.get_write_buffer_size():
            transport.write(bytes(65536))
            await asyncio.sleep(0)
        headers = [(name.lower().encode(), value.encode()) for name, value in RIGHT.items()]
        nobody = cast(Entry, None)
        opening = Opening(nobody, nobody, "http://127.0.0.1")
        server = ServerState()
        opening.open(transport, server, "GET", b"/ws/rooms/any", headers)
        assert transport.is_closing()
        assert not server.connections


async def test_requests_that_do_not_wait_for_their_answers_are_broken_off(house: House) -> None:
    worker = house.workers[0]
    before = [line for line in worker.said if "Traceback" in line]
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
    async with asyncio.timeout(10):
        assert b"HTTP/1.1 400 " in await reader.read()
    writer.close()
    assert [line for line in worker.said if "Traceback" in line] == before


async def test_one_request_after_another_is_answered_on_one_line(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.workers[0].port)
    for _ in range(3):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
            await reader.readexactly(length)
    writer.close()


async def test_what_is_said_before_the_door_is_open_is_heard_in_order(house: House) -> None:
    session = await house.create()
    ana = await Person.at_door(house, session, Role.PARTICIPANT, "Ana")
    commands = [{"id": f"c{n}", "do": "raise_hand"} for n in range(3)]
    said = [{"pass": ana.pass_}, *commands]
    payloads = [json.dumps(one).encode() for one in said]
    # The pass and the commands in one write: the room is not open yet when they come.
    frames = [frame(0x81, payload) for payload in payloads]
    head, reader, writer = await ask(house, f"/ws/rooms/{session}")
    assert b" 101 " in head
    writer.write(b"".join(frames))
    heard = b""
    async with asyncio.timeout(10):
        while heard.count(b'"type":"refused"') < len(commands):  # there are no hands in the lobby
            heard += await reader.read(65536)
    assert [heard.index(b'"id":"c%d"' % n) for n in range(3)] == sorted(
        heard.index(b'"id":"c%d"' % n) for n in range(3)
    )
    writer.close()


async def test_what_came_behind_a_reason_to_close_is_not_acted_on(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 1)
    dev = await Person.at_door(house, session, Role.FACILITATOR, "Dev", 0)
    _, _, writer = await ask(house, f"/ws/rooms/{session}")
    early = [json.dumps({"pass": dev.pass_}), *["?"] * 25]
    early.append(json.dumps({"id": "late", "do": "set_prompt", "text": "too late"}))
    writer.write(b"".join(frame(0x81, message.encode()) for message in early))
    await asyncio.sleep(0.5)
    await facilitator.done("add_theme", text="sleep")
    view = await facilitator.see(lambda view, you: len(view["themes"]) == 1)
    assert view["prompt"] == ""
    writer.close()
