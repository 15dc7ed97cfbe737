"""The parent: starts workers and the store, starts them again, stops them in order.

SIGTERM and SIGINT stop it, SIGHUP restarts the workers one after another.

It has no event loop and no threads, so that it may fork workers with everything
already imported: a dead worker is replaced within milliseconds.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence
from types import FrameType

from server.serving.child import Child
from server.serving.exchange import Exchange
from server.serving.logs import log
from server.serving.relief import START_SECONDS, Relief
from server.serving.worker import GRACE_SECONDS
from server.store.embedded_valkey import EmbeddedValkey

# How often children are looked at when no signal says that one has ended.
LOOK_SECONDS = 0.25
# A worker that died sooner than this is started again after a pause, not in a busy loop.
SHORT_LIFE_SECONDS = 5.0
RESTART_PAUSE_SECONDS = 1.0
# What a worker may need beyond uvicorn's own patience (3 s of it to say goodbye to a store
# that does not answer) before it is killed. Hosting platforms kill all of us after 10 s.
STOP_SECONDS = GRACE_SECONDS + 5.0


class Parent:
    """Owns the children and the stores for as long as the server lives."""

    def __init__(
        self,
        *,
        work: Callable[[int, int, bool], None],
        workers: int,
        stores: Sequence[EmbeddedValkey],
        on_ready: Callable[[], None],
        rehearse: Callable[[], None] | None,
        exchange: Exchange,
    ) -> None:
        """Take what a worker does, given where it says that it serves, its line, and whether it
        is to relieve another.
        """
        self._ready, self._say_ready = os.pipe()

        def worker() -> Child:
            def run() -> None:
                work(self._say_ready, child.line, child in self._relief.children)

            child = Child(run, exchange)
            return child

        self._workers = [worker() for _ in range(workers)]
        self._relief = Relief(self._workers, worker)
        self._rehearsal = Child(rehearse) if rehearse else None
        self._stores = stores
        self._on_ready = on_ready
        self._serving = False
        self._stop_asked = 0
        self._failed = False
        self._in_terminal = os.isatty(0)

    def run(self) -> int:
        """Serve until SIGTERM or SIGINT, restart workers on SIGHUP; return the exit code."""
        waker, wake = socket.socketpair()
        for end in (waker, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGHUP, self._ask_to_restart)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only wakes the loop
        gc.freeze()  # children share these pages instead of copying them
        for worker in self._workers:
            worker.start()
        while not self._stop_asked and not self._failed:
            self._wait(waker)
            self._look_after()
        log.info("Stopping.")
        self._stop(waker)
        log.info("Stopped.")
        return 1 if self._failed else 0

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked += 1

    def _ask_to_restart(self, _number: int, _frame: FrameType | None) -> None:
        if self._in_terminal and not os.isatty(0):
            self._stop_asked += 1  # the terminal that we run in was closed
        else:
            self._relief.ask()

    def _wait(self, waker: socket.socket) -> None:
        readable, _, _ = select.select([waker.fileno(), self._ready], [], [], LOOK_SECONDS)
        if waker.fileno() in readable:
            _drain(waker)
        if self._ready in readable:
            serving = {int(pid) for pid in os.read(self._ready, 4096).split()}
            for child in [*self._workers, *self._relief.children]:
                if child.pid in serving and not child.ready:
                    child.ready = True
                    if self._serving:
                        log.info("A new worker (%s) serves.", child.pid)
            if not self._serving and all(worker.ready for worker in self._workers):
                self._serving = True
                self._on_ready()
                if self._rehearsal:
                    self._rehearsal.start()

    def _look_after(self) -> None:
        now = time.monotonic()
        for store in self._stores:
            before = store.pid
            store.keep_running()
            if before is not None and store.pid != before:
                log.warning("The embedded store (%s.log) ended: starting it again.", store.name)
        for worker in self._workers:
            code = worker.ended()
            if code is not None:
                self._note_end(worker, code, now)
            elif worker.pid is None and now >= worker.start_from:
                worker.start()
        if self._serving:
            self._relief.go_on(now)
        elif now > self._workers[0].started_at + START_SECONDS:
            self._fail(f"A worker did not serve within {START_SECONDS:.0f} s.")
        if self._rehearsal and self._rehearsal.ended():
            log.warning("The rehearsal ended early; the server goes on.")

    def _fail(self, why: str) -> None:
        log.error("%s", why)
        self._failed = True

    def _note_end(self, worker: Child, code: int, now: float) -> None:
        if not self._serving:
            self._fail("A worker could not start: the lines above say why.")
            return
        log.warning("A worker ended (%s): starting another.", code)
        short = now - worker.started_at < SHORT_LIFE_SECONDS
        worker.start_from = now + (RESTART_PAUSE_SECONDS if short else 0.0)
        if not short:
            worker.start()

    def _stop(self, waker: socket.socket) -> None:
        """End the rehearsal and the workers, the stores last; asked twice, at once."""
        if self._rehearsal:
            self._rehearsal.signal(signal.SIGKILL)
        workers = [*self._workers, *self._relief.children]
        for worker in workers:
            worker.signal(signal.SIGTERM)
        children = [*workers, *([self._rehearsal] if self._rehearsal else [])]
        deadline = time.monotonic() + STOP_SECONDS
        asked = self._stop_asked
        while any(child.pid is not None for child in children):
            if time.monotonic() > deadline or self._stop_asked > asked:
                for child in children:
                    if child.pid is not None:
                        log.warning("Process %s did not end in time: killed.", child.pid)
                    child.signal(signal.SIGKILL)
            select.select([waker], [], [], 0.05)
            _drain(waker)
            for store in self._stores:
                store.keep_running()  # workers still write while they close
            for child in children:
                child.ended()
        for store in self._stores:
            store.stop()


def _drain(waker: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        waker.recv(4096)
