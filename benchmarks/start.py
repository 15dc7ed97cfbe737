"""How long a start takes: from `thera-peer serve` to the first command accepted.

    python -m benchmarks.start [--times 5]

The program as it is installed, with its embedded store, on a directory in which a session
waits: a client tries again every 5 ms until it is let in, and sends a command at once; the
time ends when it is told that the command is in the log. The first start is not counted:
files are warm.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import report
from benchmarks.report import SHORT, Aim, Section, Table, spread
from benchmarks.rooms import BenchRoom, Screen, Site
from session_engine import Role
from tests.running_server import RunningServer, clean_environment

AIM_SECONDS: Final = 2.5
TRY_AGAIN_SECONDS: Final = 0.005


class First(Screen):
    """Who sends a command as soon as there is a view, and waits for the answer."""

    def __init__(self, room: BenchRoom, token: str, port: int) -> None:
        """Wait for the answer."""
        super().__init__(room, token, port)
        self.said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def answer(self, message: bytearray) -> None:
        """Keep the answer."""
        if not self.said.done():
            self.said.set_result(str(json.loads(message)["type"]))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def a_session(directory: Path) -> BenchRoom:
    """Leave a session with a facilitator in the directory."""
    with RunningServer(directory) as server:
        (room,) = await Site.of_server(server).fill(1, [Role.FACILITATOR])
        room.screens[0].close()
        return room


async def one(directory: Path, room: BenchRoom) -> float:
    """Start once; return the seconds until the first command was accepted."""
    port = free_port()
    program = str(Path(sys.executable).parent / "thera-peer")
    began = time.perf_counter()
    server = await asyncio.create_subprocess_exec(
        *(program, "serve", "--data", str(directory), "--port", str(port)),
        env=clean_environment(),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        while True:
            first = First(room, room.passes[0], port)
            try:
                await first.connect()
                break
            except ConnectionError:
                assert server.returncode is None, "it has ended"
                await asyncio.sleep(TRY_AGAIN_SECONDS)
        first.send(json.dumps({"id": os.urandom(8).hex(), "do": "set_prompt", "text": "Hello"}))
        said = await first.said
        took = time.perf_counter() - began
        assert said == "done", said
        first.close()
        return took
    finally:
        server.terminate()
        await server.wait()


async def measure(times: int) -> list[float]:
    """Start again and again; the first time warms the files."""
    with tempfile.TemporaryDirectory() as folder:
        room = await a_session(Path(folder))
        return [await one(Path(folder), room) for _ in range(times)]


def section(took: list[float]) -> Section:
    """Shape the figures."""
    middle = statistics.median(took)
    met = middle <= AIM_SECONDS
    aim = Aim("start to first command", "at most 2.5 s", f"{middle:.2f} s", met)
    table = Table(("starts", "median s (smallest to largest)"), [(f"{len(took)}", spread(took, 2))])
    return Section("Start", TEXT, [table], [aim], took)


TEXT: Final = """\
`thera-peer serve` with its embedded store, files warm, until a client that tries every 5 ms is
in and its first command is acknowledged."""


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--times", type=int, default=1 if SHORT else 5)
    chosen = parser.parse_args()
    started = report.Started()
    started.finish(section(uvloop.run(measure(chosen.times))), chosen.json)


if __name__ == "__main__":
    main()
