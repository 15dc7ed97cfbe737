"""How much may wait for one peer: in the transport, and behind it in the kernel."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import Final

# The transport's own buffer: above the high mark nothing more is written to it.
HIGH_BYTES: Final = 64 * 1024
LOW_BYTES: Final = 16 * 1024

# The kernel's buffer for one peer (Linux doubles it), else it grows to megabytes.
KERNEL_SEND_BYTES: Final = 32 * 1024

# What one read may bring; clients send little.
KERNEL_RECEIVE_BYTES: Final = 32 * 1024

# A voice socket holds little on either side: a second of sound is 3 KB, and what waits in
# the kernel can neither be thrown away when it is old nor left unread when it is a flood.
VOICE_HIGH_BYTES: Final = 2 * 1024
VOICE_KERNEL_BYTES: Final = 8 * 1024

# A struct linger: close at once, and tell the peer with a reset.
NO_LINGER: Final = struct.pack("ii", 1, 0)


def bound(transport: asyncio.Transport) -> None:
    """Bound the buffers of a socket that carries frames."""
    transport.set_write_buffer_limits(HIGH_BYTES, LOW_BYTES)
    _tell_kernel(transport, socket.SO_SNDBUF, KERNEL_SEND_BYTES)
    _tell_kernel(transport, socket.SO_RCVBUF, KERNEL_RECEIVE_BYTES)


def bound_for_voice(transport: asyncio.Transport) -> None:
    """Bound them closely: this socket carries sound."""
    transport.set_write_buffer_limits(VOICE_HIGH_BYTES, 0)
    _tell_kernel(transport, socket.SO_SNDBUF, VOICE_KERNEL_BYTES)
    _tell_kernel(transport, socket.SO_RCVBUF, VOICE_KERNEL_BYTES)


def abort(transport: asyncio.Transport) -> None:
    """Cut a connection, and throw away what waits, in the kernel, too."""
    # Else the kernel keeps it, for a peer that never reads, 15 s more.
    _tell_kernel(transport, socket.SO_LINGER, NO_LINGER)
    transport.abort()


def _tell_kernel(transport: asyncio.Transport, option: int, value: int | bytes) -> None:
    raw = transport.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):  # some systems refuse it when the peer has gone already
            raw.setsockopt(socket.SOL_SOCKET, option, value)
