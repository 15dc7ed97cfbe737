"""A store and server processes for tests: real ones, that can be stopped and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from redis.asyncio import Redis

from server.new_session import create_session
from server.serving import huge_pages
from server.serving.parent import STOP_SECONDS
from server.sockets.passes import Passes
from server.store.client import open_client
from server.store.embedded_valkey import EmbeddedValkey
from session_engine import Role

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "a secret of the tests only"
START_SECONDS = 20.0


class Worker:
    """One server process."""

    def __init__(self, store_url: str, live_url: str | None = None, clock_s: int = 0) -> None:
        """Start it, with a clock that is so much off, and wait until it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "tests/server/one_worker.py", store_url, SECRET]
            + ([live_url] if live_url else []),
            cwd=ROOT,
            # As `thera-peer serve` begins itself again.
            env={
                **os.environ,
                **huge_pages.ENVIRONMENT,
                "PYTHONPATH": str(ROOT),
                **_shifted_clock(clock_s),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.wait_until_ready()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)

    @property
    def url(self) -> str:
        """Where it is reached over HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        """Ask /readyz."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_until_ready(self, seconds: float = START_SECONDS) -> float:
        """Wait until commands are accepted; return how long it took."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self.ready():
                return time.monotonic() - began
            time.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s: {''.join(self.said)}")

    def kill(self) -> None:
        """End it without a goodbye."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        self._listener.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        # Screens look right after most defects: people come again, and are served.
        assert not any("defect in" in line for line in self.said), self.said

    def stop(self) -> None:
        """End it politely."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGUSR1)  # it then says where it is
            time.sleep(1)
            self.kill()
            raise AssertionError(f"did not stop: {''.join(self.said)}") from None
        self._close()


def _shifted_clock(seconds: int) -> dict[str, str]:
    """Return the environment of a process for which it is so much later, or earlier."""
    if not seconds:
        return {}
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert libraries, "these tests need Debian's package faketime"
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": f"{seconds:+}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


@dataclass
class House:
    """One store and the workers on it."""

    directory: Path
    url: str = ""  # of somebody else's store; it then has none of its own
    store: EmbeddedValkey = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    passes: Passes = field(default_factory=lambda: Passes(SECRET))

    def __post_init__(self) -> None:
        """Start the store."""
        self._is_guest = bool(self.url)
        if not self._is_guest:
            self.store = EmbeddedValkey(self.directory)
            self.store.start()
            self.url = self.store.url

    def start_worker(self, live_url: str | None = None, clock_s: int = 0) -> Worker:
        """Add a worker; `live_url` None: what is said goes over the same store."""
        worker = Worker(self.url, live_url, clock_s)
        self.workers.append(worker)
        return worker

    def kill_store(self) -> None:
        """Kill -9 of the store."""
        assert self.store.pid is not None
        os.kill(self.store.pid, signal.SIGKILL)

    def freeze_store(self) -> None:
        """Stop the store in its tracks."""
        assert self.store.pid is not None
        os.kill(self.store.pid, signal.SIGSTOP)

    def thaw_store(self) -> None:
        """Let it go on."""
        assert self.store.pid is not None
        os.kill(self.store.pid, signal.SIGCONT)

    def restart_store(self, later_s: int = 0) -> None:
        """Start the store again after a kill; its clock is the only one, and goes on `later_s`."""
        deadline = time.monotonic() + 10
        with patch.dict(os.environ, _shifted_clock(later_s)):
            while not (self.store.keep_running() and self.store.answers()):
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def clear(self) -> None:
        """End all workers."""
        with ExitStack() as ends:  # all of them, also when one has had a defect
            ends.callback(self.workers.clear)
            for worker in self.workers:
                if worker.process.poll() is None:
                    ends.callback(worker.stop)

    def close(self) -> None:
        """End everything."""
        try:
            self.clear()
        finally:
            if not self._is_guest:
                self.store.stop()

    def client(self) -> Redis:
        """Open a client of the store."""
        return open_client(self.url)

    async def create(self, **choices: object) -> str:
        """Create a session that is open now; return its id."""
        given = {"title": "A quiet evening", "on_call": "Dr. Rao, 555", "pause_s": 0, **choices}
        starts = given.pop("starts_at_ms", None)
        assert starts is None or isinstance(starts, int)
        new = await create_session(self.url, SECRET, "http://127.0.0.1", given, starts)
        return new.session

    def link(self, session: str, role: Role) -> str:
        """Return the secret of a link."""
        return self.passes.link_secret(session, role)
