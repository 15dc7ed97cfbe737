"""How a WebSocket is opened, byte for byte: what is no handshake gets no socket."""

from __future__ import annotations

import asyncio
import json

import pytest

from server.sockets.opening import ACCEPTED
from session_engine import Role
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


async def ask(
    house: House, path: str = "/ws/rooms/any", method: str = "GET", **headers: str | None
) -> tuple[bytes, asyncio.StreamReader, asyncio.StreamWriter]:
    """Send the head of a request; None leaves a header out. Return the head of the answer."""
    given = RIGHT | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in given.items() if value is not None]
    reader, writer = await asyncio.open_connection("127.0.0.1", house.workers[0].port)
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
        ({"method": "POST"}, b"400 "),
        ({"path": "/ws/rooms/"}, b"403 "),
        ({"path": "/ws/rooms/any/other"}, b"403 "),
        ({"path": "/ws/rooms/any/voice/more"}, b"403 "),
        ({"path": "/"}, b"403 "),
        ({"Origin": "http://evil.example"}, b"403 "),
        ({"Origin": "\xff"}, b"403 "),
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


async def test_what_is_said_before_the_door_is_open_is_heard_in_order(house: House) -> None:
    session = await house.create()
    ana = await Person.at_door(house, session, Role.PARTICIPANT, "Ana")
    commands = [{"id": f"c{n}", "do": "raise_hand"} for n in range(3)]
    said = [{"pass": ana.pass_}, *commands]
    payloads = [json.dumps(one).encode() for one in said]
    # The pass and the commands in one write: the room is not open yet when they come.
    frames = [
        b"\x81" + bytes((0x80 | 126,)) + len(payload).to_bytes(2) + b"\0\0\0\0" + payload
        for payload in payloads
    ]
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
