"""One forked process of the parent: a worker, or the rehearsal."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable

from server.serving.exchange import Exchange
from server.serving.logs import log

# What the parent does on these is nothing for a child: its own end is the system's.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)
# A system without memory or room for a process may have some in a moment.
FORK_AGAIN_SECONDS = 1.0


class Child:
    """One forked process, whether it serves, and when it may be started again."""

    def __init__(self, run: Callable[[], None], exchange: Exchange | None = None) -> None:
        """Take what it does; with an exchange each start has a line of its own."""
        self._run = run
        self._exchange = exchange
        self.line = -1
        self.pid: int | None = None
        self.ready = False
        self.started_at = 0.0
        self.start_from = 0.0

    def start(self) -> None:
        """Fork, if the system lets us; the child never returns from here."""
        sys.stdout.flush()
        sys.stderr.flush()
        self.ready = False
        self.started_at = time.monotonic()
        if self._exchange is not None:
            self.line = self._exchange.lend()
        try:
            pid = _fork()
        except OSError as error:
            log.error("A process could not be started (%s).", error.strerror)
            self.start_from = self.started_at + FORK_AGAIN_SECONDS
            self._take_back()
            return
        if pid:
            self.pid = pid
            return
        code = 1
        try:
            self._run()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def ended(self) -> int | None:
        """Return the exit code if the process has ended since the last look."""
        if self.pid is None:
            return None
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if not pid:
            return None
        self.pid = None
        self._take_back()
        return os.waitstatus_to_exitcode(status)

    def _take_back(self) -> None:
        if self._exchange is not None:
            self._exchange.take_back(self.line)

    def signal(self, number: int) -> None:
        """Send a signal to a process that has not ended."""
        if self.pid is not None:
            os.kill(self.pid, number)


def _fork() -> int:
    """Fork; what is sent to the child meanwhile ends it, and is not taken by the parent's way."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
