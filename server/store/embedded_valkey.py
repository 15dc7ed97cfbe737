"""A Valkey of our own: a child process that keeps its data in one directory.

It listens on a Unix socket only, writes every append to disk before it answers, and
lives and dies with the process that started it, also when that one is killed.

The directory (mode 0700) holds
    server.lock   held by the server's parent: a second server on the directory refuses
    store.lock    held by the store's process itself, through an inherited descriptor: after
                  a kill, the next start waits until the old store has let go of the files
    store.sock    its socket; a stale one is no obstacle
    store.log     what it says about itself; no user data
    reserve       space given back to the disk when it is full, so that a restart succeeds
    appendonlydir the data
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import IO

from server.store.data_directory import (
    LEAST_FREE_BYTES,
    StoreStartError,
    dies_with_parent,
    lock_file,
    prepare_directory,
)
from server.store.valkey_program import IN_MEMORY, KEPT, find_binary

# How long a killed server's store may take to let go of the directory: the kernel ends it at
# once; what remains is its last write to disk.
LOCK_SECONDS = 10.0
# Reading back a long log takes seconds; a store that takes longer has to be looked at.
START_SECONDS = 60.0
STOP_SECONDS = 10.0
# After repeated deaths a restart waits a little, so that a broken store is not a busy loop.
RESTART_PAUSES_SECONDS = (0.0, 0.5, 1.0, 2.0)
STEADY_SECONDS = 30.0
RESERVE_BYTES = 16 * 1024 * 1024
# With the reserve taken, workers must still find enough free to go on.
RESERVE_FROM_BYTES = LEAST_FREE_BYTES + 2 * RESERVE_BYTES
# A log that has grown beyond this is begun anew at the next start.
LOG_BYTES = 1024 * 1024


class EmbeddedValkey:
    """One Valkey in a directory. `name` is "store" (kept) or "live" (memory only).

    To be used from one thread, the one that lives as long as the process: the kernel ends
    the child with the thread that started it.
    """

    def __init__(
        self,
        directory: Path,
        *,
        name: str = "store",
        kept: bool = True,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self.directory = directory.resolve()
        self.name = name
        self._lock_seconds = lock_seconds
        self._settings = KEPT if kept else IN_MEMORY
        self._reserve = self.directory / "reserve" if kept else None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self._started_at = 0.0
        self._deaths = 0
        self._restart_at = 0.0

    @property
    def socket_path(self) -> Path:
        """The Unix socket on which it listens."""
        return self.directory / f"{self.name}.sock"

    @property
    def url(self) -> str:
        """The URL by which clients reach it."""
        return f"unix://{self.socket_path}"

    @property
    def pid(self) -> int | None:
        """The id of its process, None when it is not running."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            StoreStartError: when it cannot be started.
        """
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start its process, and go on while it reads its files.

        Raises:
            StoreStartError: when the directory cannot be used, or another store uses it.
        """
        prepare_directory(self.directory)
        self._lock = lock_file(self.directory / f"{self.name}.lock", self._lock_seconds)
        if self._lock is None:
            raise StoreStartError(
                f"Another store still runs on {self.directory}: stop it, or choose another"
                " directory with --data."
            )
        try:
            self._spawn()
        except (OSError, StoreStartError, subprocess.SubprocessError) as error:
            self.stop()
            raise StoreStartError(str(error)) from None

    def await_answer(self) -> None:
        """Wait until it is ready for commands.

        Raises:
            StoreStartError: when it ended, or took too long; it is stopped then.
        """
        try:
            self._await_answer()
        except StoreStartError:
            self.stop()
            raise
        self._keep_reserve()

    def _spawn(self) -> None:
        assert self._lock is not None
        binary = find_binary()
        settings = self._settings | {
            "unixsocket": str(self.socket_path),
            "dir": str(self.directory),
        }
        options = [word for key, value in settings.items() for word in (f"--{key}", value)]
        with self._open_log() as log:
            self._process = subprocess.Popen(
                [str(binary), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lock,),
                start_new_session=True,  # Ctrl-C in a terminal is for the parent alone
                preexec_fn=dies_with_parent(os.getpid()),
            )
        self._started_at = time.monotonic()

    def _open_log(self) -> IO[bytes]:
        path = self.directory / f"{self.name}.log"
        grown = path.exists() and path.stat().st_size > LOG_BYTES
        return path.open("wb" if grown else "ab")

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise StoreStartError(f"The embedded store did not start: {self._last_words()}")
            if self.answers():
                return
            time.sleep(0.01)
        raise StoreStartError(
            f"The embedded store did not answer within {START_SECONDS:.0f} s:"
            f" see {self.directory / self.name}.log."
        )

    def _last_words(self) -> str:
        path = self.directory / f"{self.name}.log"
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), f"see {path}")

    def answers(self) -> bool:
        """Ask whether it is ready for commands."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
            except OSError:
                return False

    def keep_running(self) -> bool:
        """Start it again if it has died; return whether its process runs.

        Called every fraction of a second by the parent; never waits and never raises, so
        that it may be called for as long as the server lives.
        """
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._keep_reserve()
            return True
        now = time.monotonic()
        if self._process is not None:
            self._process = None
            steady = now - self._started_at > STEADY_SECONDS
            self._deaths = 0 if steady else self._deaths + 1
            pause = RESTART_PAUSES_SECONDS[min(self._deaths, len(RESTART_PAUSES_SECONDS) - 1)]
            self._restart_at = now + pause
        if now < self._restart_at:
            return False
        try:
            self._release_reserve()
            self._spawn()
        except (OSError, StoreStartError, subprocess.SubprocessError):
            self._restart_at = now + RESTART_PAUSES_SECONDS[-1]
            return False
        return True

    def _keep_reserve(self) -> None:
        if self._reserve is None or self._reserve.exists():
            return
        if shutil.disk_usage(self.directory).free < RESERVE_FROM_BYTES:
            return
        with contextlib.suppress(OSError), self._reserve.open("wb") as file:
            file.write(bytes(RESERVE_BYTES))  # macOS has no fallocate

    def _release_reserve(self) -> None:
        # A store that ended because the disk is full needs some room to start again.
        if self._reserve and shutil.disk_usage(self.directory).free < RESERVE_BYTES:
            self._reserve.unlink(missing_ok=True)

    def stop(self) -> None:
        """End it: politely, then surely; and let go of its directory."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
