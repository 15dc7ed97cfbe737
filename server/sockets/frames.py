"""WebSocket frames (RFC 6455): what a server sends, and what clients send most.

Ours are not masked, encoded once and shared by many sockets. A view goes out as one text
message of two fragments: the bytes that a role shares, then the tail of one person. The first
is encoded once per role and change, and no person's copy of it is ever made.

Theirs are masked, and read by the WebSocket library; `alone` saves its 20 calls for what
nearly every read is: one short message, or the answer to a ping.
"""

from __future__ import annotations

import struct
from typing import Final

from websockets.frames import Frame

try:
    from websockets.speedups import apply_mask
except ImportError:  # on a machine for which the library was not compiled
    from websockets.utils import apply_mask

_FIN: Final = 0x80
_CONTINUATION: Final = 0x00
_TEXT: Final = 0x01
_BINARY: Final = 0x02
_PONG: Final = 0x0A
_MASKED: Final = 0x80
_LENGTH_FOLLOWS: Final = 126  # in two bytes; 127: in eight
ALONE_TEXT: Final = _FIN | _TEXT
ALONE_BINARY: Final = _FIN | _BINARY
ALONE_PONG: Final = _FIN | _PONG
_ALONE: Final = frozenset({ALONE_TEXT, ALONE_BINARY, ALONE_PONG})
_LONG: Final = struct.Struct("!BBH").pack
_LONGER: Final = struct.Struct("!BBQ").pack


def message(payload: bytes) -> bytes:
    """Return a whole text message in one frame."""
    return _header(_FIN | _TEXT, len(payload)) + payload


def binary(payload: bytes) -> bytes:
    """Return a whole binary message in one frame."""
    return _header(_FIN | _BINARY, len(payload)) + payload


def opening(*payload: bytes) -> bytes:
    """Return the first fragment of a text message, of these parts; an `ending` must follow."""
    return b"".join((_header(_TEXT, sum(map(len, payload))), *payload))


def ending(payload: bytes) -> bytes:
    """Return the last fragment of a text message."""
    return ending_head(len(payload)) + payload


def ending_head(size: int) -> bytes:
    """Return what stands before a last fragment of so many bytes."""
    return _header(_FIN | _CONTINUATION, size)


def _header(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 0x10000:
        return _LONG(first, 126, length)
    return _LONGER(first, 127, length)


def alone(data: bytes) -> tuple[int, bytes] | None:
    """Return kind (ALONE_*) and payload of a read that is nothing but one frame of a client.

    None: it is something else, which the library knows.
    """
    if len(data) < 6 or data[0] not in _ALONE:
        return None
    length, mask = data[1] - _MASKED, 2
    if length >= _LENGTH_FOLLOWS:
        if length != _LENGTH_FOLLOWS or data[0] == ALONE_PONG:
            return None
        length, mask = int.from_bytes(data[2:4]), 4
    if len(data) != mask + 4 + length:
        return None
    return data[0], apply_mask(data[mask + 4 :], data[mask : mask + 4])


def size_sent(frame: Frame) -> int:
    """Return how many bytes a client sent for a frame, if it wrote its length as it should."""
    length = len(frame.data)
    return 6 + length + (0 if length < _LENGTH_FOLLOWS else 2 if length < 0x10000 else 8)
