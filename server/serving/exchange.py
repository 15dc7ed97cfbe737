"""Brings the people of a room to one worker: sockets go from worker to worker.

The kernel gives a new connection to any worker. The first that a socket says is its room; a
worker that is not the room's own then passes the open socket on, and with it the head of the
request. A room whose people are together is decided without conflicts, rendered once, and its
sound crosses no bus. It is a preference and nothing depends on it: who cannot be passed on
(TLS, a full line, a worker that has just died) is served where they are.

The parent opens one line for each worker that may ever live at the same time, before it
forks; shared memory holds the last sign of life of who listens on each: a worker that hangs
gets no more sockets.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import socket
import struct
import time

# A longer head is not passed on; a line holds some hundred of usual size.
HEAD_MAX_BYTES = 64 * 1024
LINE_BYTES = 1024 * 1024

# A pair: how often a worker says that it lives, and after what silence it is passed over.
ALIVE_SECONDS = 0.25
SILENT_NS = 1_000_000_000


class Exchange:
    """The lines between workers."""

    def __init__(self, lines: int) -> None:
        """Open so many lines; nobody listens yet."""
        self._lines = [_line() for _ in range(lines)]
        self._alive_at = mmap.mmap(-1, 8 * lines)  # ns; shared with the children that are forked
        self._free = list(range(lines))

    # ---- The parent -------------------------------------------------------------------

    def lend(self) -> int:
        """Return a line that nobody has, for a worker that is about to start."""
        return self._free.pop(0)

    def take_back(self, line: int) -> None:
        """Take the line of a worker that has ended; sockets that still wait in it are closed."""
        self.stop_listening(line)
        while (passed := self.receive(line)) is not None:
            passed[1].close()
        self._free.insert(0, line)  # who comes next has the same rooms

    def close(self) -> None:
        """Close all lines."""
        for end in (end for line in self._lines for end in line):
            end.close()

    # ---- A worker ---------------------------------------------------------------------

    def listen(self, line: int) -> int:
        """Say that this worker takes sockets; return the descriptor to wait on."""
        self.say_alive(line)
        return self._lines[line][1].fileno()

    def say_alive(self, line: int) -> None:
        """Go on taking sockets, if this process may open one more; every ALIVE_SECONDS."""
        try:
            os.close(os.dup(self._lines[line][1].fileno()))
        except OSError:
            self.stop_listening(line)
            return
        struct.pack_into("q", self._alive_at, 8 * line, time.monotonic_ns())

    def stop_listening(self, line: int) -> None:
        """Take no more; what was sent a moment ago can still be received."""
        struct.pack_into("q", self._alive_at, 8 * line, 0)

    def receive(self, line: int) -> tuple[bytes, socket.socket] | None:
        """Take the next socket, with the head of its request; None: nothing waits."""
        descriptors: list[int] = []
        while not descriptors:
            try:
                head, descriptors, _, _ = socket.recv_fds(self._lines[line][1], HEAD_MAX_BYTES, 1)
            except BlockingIOError:
                return None
            if not descriptors:  # we have too many open files: theirs is closed, others may keep it
                self.stop_listening(line)
        taken = socket.socket(fileno=descriptors[0])
        taken.setblocking(False)
        return head, taken

    def pass_on(self, own: int, session: str, head: bytes, descriptor: int) -> bool:
        """Give a socket to the worker that its room prefers; say if it is theirs now."""
        line = self._preferred(session, own)
        if line is None or line == own or len(head) > HEAD_MAX_BYTES:
            return False
        try:
            socket.send_fds(self._lines[line][0], [head], [descriptor])
        except OSError:  # full, or as many sockets under way as the system allows
            return False
        return True

    def _preferred(self, session: str, own: int) -> int | None:
        """Choose by hash: when a worker ends or comes, only its share of the rooms moves."""
        silent_since = time.monotonic_ns() - SILENT_NS
        signs = struct.unpack(f"{len(self._lines)}q", self._alive_at[:])
        living = (
            line
            for line, alive_at in enumerate(signs)
            if alive_at > silent_since or (line == own and alive_at)  # who asks does not hang
        )
        return max(living, default=None, key=lambda line: _weight(session, line))


def _weight(session: str, line: int) -> bytes:
    return hashlib.blake2b(f"{line} {session}".encode(), digest_size=8).digest()


def _line() -> tuple[socket.socket, socket.socket]:
    sending, receiving = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (sending, receiving):
        end.setblocking(False)
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LINE_BYTES)
    return sending, receiving
