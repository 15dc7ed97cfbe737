"""One forked process of the parent: a worker, or the rehearsal."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable

from server.serving.exchange import Exchange


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
        """Fork; the child never returns from here."""
        sys.stdout.flush()
        sys.stderr.flush()
        self.ready = False
        self.started_at = time.monotonic()
        if self._exchange is not None:
            self.line = self._exchange.lend()
        pid = os.fork()
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
        if self._exchange is not None:
            self._exchange.take_back(self.line)
        return os.waitstatus_to_exitcode(status)

    def signal(self, number: int) -> None:
        """Send a signal to a process that has not ended."""
        if self.pid is not None:
            os.kill(self.pid, number)
