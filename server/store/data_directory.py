"""The data directory: ours alone, locked while in use, with what other commands need.

Beside the store's own files (see embedded_valkey) it holds
    server.lock   held by the server's parent: a second server on the directory refuses
    secret-key    the generated secret that signs links and passes (mode 0600)
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

# The kernel's limit for the path of a Unix socket is 108 bytes with the final zero.
SOCKET_PATH_BYTES = 107
# A store that syncs every append ends when its disk is full: better to refuse before.
# Several seconds of appends as fast as a disk takes them, and a rewrite of a usual log.
LEAST_FREE_BYTES = 32 * 1024 * 1024


class StoreStartError(Exception):
    """The embedded store cannot be started; the text is one line that says what to do."""


def prepare_directory(directory: Path) -> None:
    """Make the data directory, closed to everybody else.

    Raises:
        StoreStartError: when it cannot be made or written to.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        probe = directory / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise StoreStartError(
            f"Cannot write to the data directory {directory} ({error.strerror}):"
            " choose another with --data."
        ) from None
    if len(os.fsencode(directory.resolve() / "store.sock")) > SOCKET_PATH_BYTES:
        raise StoreStartError(
            f"The path of the data directory {directory} is too long for a socket:"
            " choose a shorter one with --data."
        )


def lock_file(path: Path, patience_s: float) -> int | None:
    """Return a descriptor that holds the lock; None when somebody else keeps it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.02)


def dies_with_parent(parent: int) -> Callable[[], None]:
    """Return what a new child calls first, so that it does not outlive process `parent`."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None

    def bind() -> None:
        if library is not None:
            library.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)  # the parent died in between

    return bind


def write_private(path: Path, text: str) -> None:
    """Replace a file of the directory whole: who reads it never sees half of it."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_text(path: Path) -> str | None:
    """Return what a file of the directory says; None when it is not there."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def kept_secret(directory: Path) -> str:
    """Return the directory's secret, made when first asked for."""
    path = directory / "secret-key"
    secret = read_text(path)
    if secret is None:
        secret = secrets.token_urlsafe(48)
        write_private(path, secret)
    return secret
