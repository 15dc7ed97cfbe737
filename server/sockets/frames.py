"""WebSocket frames of the server's side, encoded once and shared by many sockets.

RFC 6455: a server's frames are not masked. A view goes out as one text message of
two fragments: the bytes that a role shares, then the tail of one person. The first
is encoded once per role and change, and no person's copy of it is ever made.
"""

from __future__ import annotations

import struct
from typing import Final

_FIN: Final = 0x80
_CONTINUATION: Final = 0x00
_TEXT: Final = 0x01
_BINARY: Final = 0x02
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
