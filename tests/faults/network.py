"""Networks of their own for clients: a namespace and a cable to it that can be pulled.

The server answers on this machine's end of the cable. A pulled cable is silent: packets
vanish, nobody is told, and on either end sockets look open.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

CLONE_NEWNET: Final = 0x40000000  # sched.h
DIAL_SECONDS: Final = 5.0
_numbers = itertools.count(1)


class NoNetwork(Exception):  # noqa: N818
    """This machine does not let us make one; the text says why."""


def _ip(*arguments: str) -> None:
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoNetwork("Debian's package iproute2 is missing") from None
    if done.returncode:
        raise NoNetwork(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Network:
    """A network namespace for the length of a `with` block; clients dial from inside it."""

    def __init__(self) -> None:
        """Choose names and addresses that nobody else uses: 198.18.0.0/15 is for tests."""
        number = next(_numbers)
        self._name = f"tp{os.getpid()}n{number}"
        self._cable = f"tp{os.getpid() % 100_000}c{number}"
        part = os.getpid() % 250
        self.host = f"198.18.{part}.{4 * number + 1}"
        self.guest = f"198.18.{part}.{4 * number + 2}"
        self.inside = ("ip", "netns", "exec", self._name)  # before a command: it runs there

    def __enter__(self) -> Self:
        """Make it. Raises: NoNetwork."""
        if os.geteuid():
            raise NoNetwork("only root may make a network namespace")
        inside = ("-n", self._name)
        _ip("netns", "add", self._name)
        try:
            there = ("type", "veth", "peer", "name", "eth0", "netns", self._name)
            _ip("link", "add", self._cable, *there)
            _ip("address", "add", f"{self.host}/30", "dev", self._cable)
            _ip("link", "set", self._cable, "up")
            _ip(*inside, "address", "add", f"{self.guest}/30", "dev", "eth0")
            _ip(*inside, "link", "set", "lo", "up")
            self.plug_in()
        except NoNetwork:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The cable goes first: the namespace itself lives as long as a socket in it.
        subprocess.run(["ip", "route", "delete", self.guest], capture_output=True, check=False)
        subprocess.run(["ip", "link", "delete", self._cable], capture_output=True, check=False)
        _ip("netns", "delete", self._name)

    def pull(self) -> None:
        """Pull the cable at the far end; nobody is told."""
        _ip("-n", self._name, "link", "set", "eth0", "down")

    def plug_in(self) -> None:
        """Plug it in again; the far end knows its way again."""
        _ip("-n", self._name, "link", "set", "eth0", "up")
        _ip("-n", self._name, "route", "replace", "default", "via", self.host)

    def cut(self) -> None:
        """Let nothing through; those of one end still reach each other, as with no pulled cable."""
        _ip("route", "add", "blackhole", self.guest)
        _ip("-n", self._name, "route", "add", "blackhole", self.host)

    def mend(self) -> None:
        """Let all through again."""
        _ip("-n", self._name, "route", "delete", "blackhole", self.host)
        _ip("route", "delete", "blackhole", self.guest)

    def dial(self, port: int) -> socket.socket:
        """Open a connection to this machine from inside; it blocks."""
        opened: list[socket.socket] = []
        # A thread of its own goes into the namespace and ends there; its socket stays inside.
        thread = threading.Thread(target=lambda: opened.append(self._socket()))
        thread.start()
        thread.join()
        opened[0].settimeout(DIAL_SECONDS)
        try:
            opened[0].connect((self.host, port))
        except BaseException:
            opened[0].close()
            raise
        opened[0].setblocking(False)
        return opened[0]

    def _socket(self) -> socket.socket:
        with Path(f"/run/netns/{self._name}").open("rb") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
