"""Redis Sentinel: the master dies, another takes over, and the rooms go on."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from server.new_session import create_session
from server.store.valkey_program import find_binary
from session_engine import Role
from tests.server.house import SECRET, House, Worker
from tests.server.people import Person

pytestmark = pytest.mark.alone

OUTAGE_SECONDS = 8.0
NAME = "rooms"


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Replicated:
    """A master, a replica and one sentinel that may decide alone."""

    def __init__(self, directory: Path) -> None:
        self.ports = [free_port(), free_port()]
        self.sentinel_port = free_port()
        self._directory = directory
        self._started: list[subprocess.Popen[bytes]] = []
        self._start(self.ports[0])
        self._start(self.ports[1], "--replicaof", "127.0.0.1", str(self.ports[0]))
        config = directory / "sentinel.conf"
        config.write_text(
            f"port {self.sentinel_port}\n"
            f"sentinel monitor {NAME} 127.0.0.1 {self.ports[0]} 1\n"
            f"sentinel down-after-milliseconds {NAME} 1000\n"
            f"sentinel failover-timeout {NAME} 3000\n"
        )
        self._run(str(find_binary()), str(config), "--sentinel")

    def _start(self, port: int, *more: str) -> None:
        home = self._directory / str(port)
        home.mkdir()
        options = ("--port", str(port), "--dir", str(home), "--appendonly", "yes", "--save", "")
        self._run(str(find_binary()), *options, *more)
        deadline = time.monotonic() + 10
        with redis.Redis(port=port, protocol=2) as client:
            while True:
                try:
                    if client.ping():
                        return
                except redis.ConnectionError:
                    assert time.monotonic() < deadline
                    time.sleep(0.05)

    def _run(self, *command: str) -> None:
        out = (self._directory / "log").open("ab")
        self._started.append(subprocess.Popen(command, stdout=out, stderr=out))
        out.close()

    @property
    def url(self) -> str:
        """How a server finds the master."""
        return f"sentinel://127.0.0.1:{self.sentinel_port}/{NAME}"

    def until_replicated(self) -> None:
        """Wait until the sentinel knows of a replica that follows."""
        deadline = time.monotonic() + 30
        with redis.Redis(port=self.sentinel_port, protocol=2) as sentinel:
            while True:
                try:
                    slaves = sentinel.sentinel_slaves(NAME)
                except redis.ConnectionError:
                    slaves = []
                if slaves and "ok" in str(slaves[0].get("master-link-status")):
                    return
                assert time.monotonic() < deadline, slaves
                time.sleep(0.1)

    def kill_the_master(self) -> None:
        """Kill -9 of the first."""
        os.kill(self._started[0].pid, signal.SIGKILL)

    def end(self) -> None:
        """End everything."""
        for process in self._started:
            process.kill()
            process.wait()


class Elsewhere(House):
    """Workers on a store that is not of this house."""

    def __post_init__(self) -> None:
        """Start nothing."""


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Replicated]:
    stores = Replicated(tmp_path)
    yield stores
    stores.end()


@pytest.mark.timeout(120)
async def test_a_room_goes_on_when_another_store_becomes_the_master(
    stores: Replicated, tmp_path: Path
) -> None:
    stores.until_replicated()
    worker = Worker(stores.url, stores.url)
    try:
        choices = {"title": "T", "on_call": "Dr Rao"}
        new = await create_session(stores.url, SECRET, worker.url, choices)
        house = Elsewhere(tmp_path)
        house.workers.append(worker)
        facilitator = await Person.enter(house, new.session, Role.FACILITATOR, "Meera", 0)
        ana = await Person.enter(house, new.session, Role.PARTICIPANT, "Ana", 0)
        await facilitator.done("add_theme", text="before")
        await asyncio.sleep(0.5)  # replicated by now
        began = time.monotonic()
        stores.kill_the_master()
        while True:
            answer = await facilitator.do("add_theme", id="after", text="after")
            if answer["type"] == "done":
                break
            assert answer["type"] == "unknown", answer
            await asyncio.sleep(0.2)
        took = time.monotonic() - began
        view = await ana.see(lambda view, you: len(view["themes"]) == 2)
        assert [theme["text"] for theme in view["themes"]] == ["before", "after"]
        assert took <= OUTAGE_SECONDS
        for person in (facilitator, ana):
            await person.go()
    finally:
        worker.stop()
