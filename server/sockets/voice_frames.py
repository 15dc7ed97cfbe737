"""A frame of sound: 60 ms of Opus with a header, relayed without being understood.

    from a speaker   | version 1 | turn 8 | sequence 4 | timestamp 4 | Opus |
    to a listener    | version 1 | seat 2 | turn 8 | sequence 4 | timestamp 4 | Opus |

Numbers are big-endian. `turn` is the number of the turn, 0 for a facilitator outside
one; `timestamp` is ms of the speaker's own clock; `seat` is 0 for a facilitator.
"""

from __future__ import annotations

from typing import Final

from server.sockets import frames

VERSION: Final = 1
HEADER_BYTES: Final = 17
# 60 ms at 24 kbit/s are 180 bytes; Opus may take twice that for a loud consonant.
FRAME_MAX_BYTES: Final = 400

_VERSION: Final = bytes((VERSION,))


def turn_number(frame: bytes) -> int | None:
    """Return the turn that a speaker's frame is for; None if it is no frame of ours."""
    if not HEADER_BYTES < len(frame) <= FRAME_MAX_BYTES or frame[0] != VERSION:
        return None
    return int.from_bytes(frame[1:9])


def to_listeners(frame: bytes, seat: int) -> bytes:
    """Return the WebSocket message that carries a speaker's frame to everybody else."""
    return frames.binary(_VERSION + seat.to_bytes(2) + frame[1:])
