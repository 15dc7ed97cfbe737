"""A real server for tests: the installed program, its own store, a free port."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from server.serving import huge_pages

READY = re.compile(r"^Thera-Peer is ready at (http\S+)$", re.MULTILINE)
START_SECONDS = 30.0
OF_A_SERVER = ("PORT", "WEB_CONCURRENCY", *huge_pages.ENVIRONMENT)


def until(condition: Callable[[], Any], seconds: float = 15.0, step: float = 0.02) -> None:
    """Wait for something that happens elsewhere; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not come true in time"
        time.sleep(step)


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without anything that a server would read as a setting."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("THERA_PEER_") and name not in OF_A_SERVER
    }
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def thera_peer(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def children(pid: int) -> list[int]:
    """Return the ids of the direct children of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def runs(pid: int) -> bool:
    """Tell whether a process exists and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class RunningServer:
    """`thera-peer serve` as a child process, for the length of a `with` block.

    `url` is where it answers; `say_and_errors` all that it has printed so far.
    """

    def __init__(
        self,
        directory: Path,
        *options: str,
        workers: int = 1,
        port: int = 0,
        gather: bool = True,
        **environment: str,
    ) -> None:
        self.directory = directory
        self._arguments = ["--data", str(directory), "--port", str(port)]
        self._arguments += ["--workers", str(workers), *options]
        # Without it the people of a room are on all workers, which then have more to agree on.
        environment["THERA_PEER_GATHER_ROOMS"] = str(gather)
        self._environment = clean_environment(**environment)
        self._output: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """The parent's process id."""
        assert self._process
        return self._process.pid

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self.url.rpartition(":")[2])

    def start(self) -> Self:
        """Start it and wait until it says that it serves."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server.cli", "serve", *self._arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
        )
        until(lambda: READY.search(self.printed()) or self.ended() is not None, START_SECONDS)
        found = READY.search(self.printed())
        assert found, self.printed()
        self.url = found[1]
        return self

    def printed(self) -> str:
        """Return all that it has printed, errors included."""
        output = self._output.fileno()
        return os.pread(output, os.fstat(output).st_size, 0).decode()

    def ended(self) -> int | None:
        """Return the exit code, None while it runs."""
        assert self._process
        return self._process.poll()

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve."""
        return [pid for pid in children(self.pid) if b"server.cli" in command_of(pid)]

    def store(self, name: str = "store") -> int:
        """Return the process id of an embedded store."""
        mark = f"/{name}.sock".encode()
        (pid,) = [pid for pid in children(self.pid) if mark in command_of(pid)]
        return pid

    def create(self, *options: str) -> dict[str, str]:
        """Create a session beside it; return its id and links."""
        command = ("session", "create", "--data", str(self.directory), "--json")
        title = () if "--title" in options else ("--title", "Test")
        done = thera_peer(*command, *title, *options)
        assert done.returncode == 0, done.stderr
        answer: dict[str, str] = json.loads(done.stdout)
        return answer

    def kill(self) -> None:
        """End the parent as the kernel would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; return the exit code."""
        assert self._process
        self._process.send_signal(number)
        return self._process.wait(30)

    def connect(self) -> socket.socket:
        """Open a bare connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._process and self._process.poll() is None:
                self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
        finally:
            printed = self.printed()
            self._output.close()
        # Screens look right after most defects: people come again, and are served.
        assert kind is not None or "defect in" not in printed, printed


def command_of(pid: int) -> bytes:
    """Return the command line of a process; empty when it has gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def first_line(text: str) -> str:
    """Return the only line of a text."""
    lines: Sequence[str] = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]
