"""What is read without the library is what the library would read."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.protocol import OPEN, SERVER, Protocol

from server.sockets import frames
from server.sockets.protocol import MESSAGE_MAX_BYTES
from session_engine import Role
from tests.server.house import House
from tests.server.people import Person
from tests.server.test_opening import ask, frame

MASK = b"\xc5\xc6\xc7\xc8"


def masked(payload: bytes, mask: bytes) -> bytes:
    """Return a payload as a client sends it."""
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def by_the_library(data: bytes) -> tuple[list[Frame], bool]:
    """Return what the library reads first on a line, and whether it has an objection."""
    logger = logging.getLogger("websockets.server")
    conn = Protocol(SERVER, state=OPEN, max_size=MESSAGE_MAX_BYTES, logger=logger)
    conn.receive_data(data)
    received = [event for event in conn.events_received() if isinstance(event, Frame)]
    return received, conn.parser_exc is not None


@st.composite
def reads(draw: st.DrawFn) -> bytes:
    """Return a frame in which anything may be wrong."""
    first = draw(st.sampled_from([0x81, 0x82, 0x8A]) | st.integers(0, 255))
    payload = draw(st.binary(max_size=300))
    said = draw(st.just(len(payload)) | st.integers(0, 400))
    form = draw(st.sampled_from(["as it should", "two bytes", "eight bytes"]))
    length = bytes([said]) if said < 126 else b"\x7e" + said.to_bytes(2)
    if form != "as it should":
        length = b"\x7e" + said.to_bytes(2)
    if form == "eight bytes":
        length = b"\x7f" + said.to_bytes(8, "big")
    marked = bytes([length[0] | draw(st.sampled_from([0x80, 0x80, 0x80, 0]))]) + length[1:]
    mask = draw(st.binary(min_size=4, max_size=4))
    whole = bytes([first]) + marked + mask + masked(payload, mask)
    return whole[: draw(st.just(len(whole)) | st.integers(0, len(whole)))]


@given(reads() | st.binary(max_size=20))
@example(b"\x8a\xfe\x00\x7e" + MASK + bytes(126))  # a pong that is too long
@example(b"\x81\x06hello!")  # not masked
@example(b"\x81\xff" + bytes(6))  # its length has not come yet
def test_what_is_read_without_the_library_is_what_it_would_read(data: bytes) -> None:
    alone = frames.alone(data)
    if alone is not None:
        (read,), objects = by_the_library(data)
        assert not objects
        assert read.fin
        assert alone == (0x80 | read.opcode, bytes(read.data))


@given(
    st.sampled_from([frames.ALONE_TEXT, frames.ALONE_BINARY, frames.ALONE_PONG]),
    st.binary(max_size=1_400),
    st.binary(min_size=4, max_size=4),
)
def test_what_clients_send_most_is_read_without_the_library(
    kind: int, payload: bytes, mask: bytes
) -> None:
    if kind == frames.ALONE_PONG:
        payload = payload[:125]
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2)
    sent = bytes([kind]) + length + mask + masked(payload, mask)
    assert frames.alone(sent) == (kind, payload)
    (read,), _ = by_the_library(sent)
    assert frames.size_sent(read) == len(sent)


async def come_in(house: House) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a line, and show a pass on it."""
    session = await house.create()
    ana = await Person.at_door(house, session, Role.PARTICIPANT, "Ana")
    _, reader, writer = await ask(house, f"/ws/rooms/{session}")
    writer.write(frame(0x81, json.dumps({"pass": ana.pass_}).encode()))
    await reader.readuntil(b'"type":"view"')
    return reader, writer


async def test_the_rest_of_a_frame_is_not_taken_for_a_frame(house: House) -> None:
    reader, writer = await come_in(house)
    # The second read looks like a frame of its own: a text of so many bytes.
    rest = 40
    head = masked(bytes([0x81, 0x80 | rest - 6]), MASK[2:]).decode()  # as letters of the message
    message = '{"ping":"x' + head + "y" * (rest - 4) + '"}'
    whole = bytes([0x81, 0x80 | len(message)]) + MASK + masked(message.encode(), MASK)
    assert frames.alone(whole[-rest:]) is not None
    writer.write(whole[:-rest])
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.write(whole[-rest:])
    async with asyncio.timeout(5):
        await reader.readuntil(b'"echo": "x' + head.encode())
    writer.close()


@pytest.mark.parametrize("kind", [0x81, 0x82])
async def test_a_message_between_the_pieces_of_another_is_wrong(house: House, kind: int) -> None:
    reader, writer = await come_in(house)
    for piece in (frame(0x01, b'{"ping":'), frame(kind, b'{"ping":1}')):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        assert (1002).to_bytes(2) in await reader.read()
    writer.close()


async def test_a_message_after_one_in_pieces_is_read(house: House) -> None:
    reader, writer = await come_in(house)
    for piece in (frame(0x01, b'{"ping":'), frame(0x80, b'"one"}'), frame(0x81, b'{"ping":"two"}')):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        await reader.readuntil(b'"echo": "one"')
        await reader.readuntil(b'"echo": "two"')
    writer.close()
