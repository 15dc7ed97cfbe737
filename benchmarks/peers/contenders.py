"""The peers: how each is started, how it hears of a change, what its clients say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.sockets import Socket
from hatch_build import node_environment

HERE: Final = Path(__file__).resolve().parent
PYTHON: Final = str(HERE / ".venv" / "bin" / "python")

# Changes a second in each room: what a facilitator's socket may send is 20, and the fast
# contenders then use a small part of their core ...
FAST: Final = 15.0
# ... which the slow ones would not keep up with.
SLOW: Final = 3.0

# And what is offered to see how much a core can do, by three facilitators. The core of the
# clients would not keep up with more; the slow ones get a little more than they can do, or
# what waits for them would be what is measured.
FULL: Final = 48.0


class PlainSeat(Socket):
    """A client that counts the messages of a bare WebSocket."""

    path = "/?room={room}&person={person}"
    views = 0

    def take(self, message: bytearray) -> None:
        """Count views; the first message says that it sits."""
        if message.startswith(b'{"type":"view"'):
            self.views += 1
        elif not self.up.done():
            self.up.set_result(None)


class SocketIoSeat(PlainSeat):
    """A client of socket.io over a WebSocket: joins, answers pings, counts events."""

    path = "/socket.io/?EIO=4&transport=websocket&room={room}&person={person}"

    def take(self, message: bytearray) -> None:
        """Read engine.io's first byte, and socket.io's second."""
        if message.startswith(b'42["view"'):
            self.views += 1
        elif message.startswith(b"2"):
            self.send("3")
        elif message.startswith(b"0"):
            self.send("40")
        elif message.startswith(b"42") and not self.up.done():
            self.up.set_result(None)


@dataclass(frozen=True)
class Peer:
    """One contender."""

    name: str
    command: Sequence[str]
    seat: type[PlainSeat] = PlainSeat
    way: str = ""
    emits: bool = False  # whether changes come from an emitter of its own in another process
    changes_per_second: float = FAST
    full_per_second: float = FULL
    personal: bool = True  # whether everybody gets a part of their own
    stores: bool = False  # whether a change is a facilitator's command, to be stored first

    def start(self, store_url: str, folder: Path, *, emit: bool = False) -> subprocess.Popen[bytes]:
        """Start its server, or the emitter beside it."""
        way = "emit" if emit else self.way
        return subprocess.Popen(
            [*self.command, *([way] if way else []), store_url, str(folder)],
            cwd=HERE.parent.parent,
            env=node_environment() if self.command[0] == "node" else dict(os.environ),
            stdin=subprocess.PIPE if emit else subprocess.DEVNULL,
            stdout=sys.stderr if emit else subprocess.PIPE,
        )


def python(module: str) -> Sequence[str]:
    """Return how a server is started that runs on Python."""
    return PYTHON, "-m", f"benchmarks.peers.{module}"


SOCKET_IO: Final = ("node", str(HERE / "socket_io.js"))
PYTHON_SOCKETIO: Final = python("python_socketio")

FLOOR: Final = Peer("picows (the floor)", python("picows_floor"))
PYTHON_FLOOR: Final = Peer("the floor of Python", python("python_floor"), stores=True)
BARE: Final = Peer("bare uvicorn", python("bare_uvicorn"))
NODE: Final = Peer("socket.io, Node", SOCKET_IO, SocketIoSeat, "personal")
NODE_ROOM: Final = Peer(
    "socket.io, Node: same for all", SOCKET_IO, SocketIoSeat, "room", emits=True, personal=False
)
PYTHON_IO: Final = Peer(
    "python-socketio",
    PYTHON_SOCKETIO,
    SocketIoSeat,
    "personal",
    changes_per_second=SLOW,
    full_per_second=8.0,
)
PYTHON_IO_ROOM: Final = Peer(
    "python-socketio: same for all",
    PYTHON_SOCKETIO,
    SocketIoSeat,
    "room",
    emits=True,
    changes_per_second=SLOW,
    full_per_second=25.0,
    personal=False,
)
CHANNELS: Final = Peer(
    "Django Channels",
    python("django_channels"),
    way="serve",
    emits=True,
    changes_per_second=SLOW,
    full_per_second=15.0,
)
PEERS: Final = (FLOOR, PYTHON_FLOOR, BARE, NODE, NODE_ROOM, PYTHON_IO, PYTHON_IO_ROOM, CHANNELS)
