"""Places in a room's history: (version, head) names one history and no other.

An element of a log is `head + payload`; `head = sha1(previous head + payload)` in
40 hexadecimal digits. A chain: whoever finds another head at a version is in
another history, for instance in one whose tail was lost with a disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HEAD_LENGTH = 40


class Position(NamedTuple):
    """After how many elements, and the head of the last of them."""

    version: int
    head: str


# Before the first element.
START = Position(0, "")

Element = tuple[Position, bytes]


class Record(NamedTuple):
    """What one command brings to the log; `command_id` is "" for the server's own."""

    command_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What the log announced on its channel: elements, and where they were put."""

    before: Position
    elements: Sequence[Element]


def stands_at(element: object, at: Position) -> bool:
    """Say if this, read from a log at the place of a position, is that very element."""
    return isinstance(element, bytes) and element.startswith(at.head.encode("ascii"))


def numbered(version: int, elements: Iterable[bytes]) -> list[Element]:
    """Return raw elements, of which the first stands after `version`, with their positions."""
    return [
        (Position(number, raw[:HEAD_LENGTH].decode("ascii")), raw[HEAD_LENGTH:])
        for number, raw in enumerate(elements, version + 1)
    ]


def end_of_message(data: bytes) -> Position:
    """Return only where the elements of a message end."""
    line, _, _ = data.partition(b"\n")
    version, _, *lengths = line.split(b" ")
    last = len(data) - int(lengths[-1])
    head = data[last : last + HEAD_LENGTH].decode("ascii")
    return Position(int(version) + len(lengths), head)


def parse_message(data: bytes) -> Message:
    """Read what append.lua publishes: a line "version head length length ...", elements.

    The head is "-" before the first element, so that words can be counted.
    """
    line, _, body = data.partition(b"\n")
    version, head, *lengths = line.decode("ascii").split(" ")
    before = Position(int(version), "" if head == "-" else head)
    raw, start = [], 0
    for length in map(int, lengths):
        raw.append(body[start : start + length])
        start += length
    return Message(before, numbered(before.version, raw))
