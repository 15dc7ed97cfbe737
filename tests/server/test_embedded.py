"""The embedded store: nothing lost by a kill, nobody left behind, one server a directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from server.store.data_directory import StoreStartError, kept_secret, lock_file, read_text
from server.store.embedded_valkey import EmbeddedValkey
from server.store.valkey_program import find_binary

PARENT = """
import sys, time
from pathlib import Path
from server.store.embedded_valkey import EmbeddedValkey
store = EmbeddedValkey(Path(sys.argv[1]))
store.start()
print(store.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    store = EmbeddedValkey(tmp_path / "data", lock_seconds=5)
    store.start()
    yield store
    store.stop()


def connect(store: EmbeddedValkey) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(store.socket_path), protocol=2)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return status == "Z"


def put(store: EmbeddedValkey, key: str) -> None:
    with connect(store) as client:
        client.set(key, "kept")


def value(store: EmbeddedValkey, key: str) -> object:
    with connect(store) as client:
        return client.get(key)


def test_only_we_may_enter_and_no_port_is_open(valkey: EmbeddedValkey) -> None:
    assert valkey.directory.stat().st_mode & 0o777 == 0o700
    assert valkey.socket_path.stat().st_mode & 0o777 == 0o700
    with connect(valkey) as client:
        settings = client.config_get("*")
    assert settings["port"] == "0"
    assert settings["appendonly"] == "yes"
    assert settings["appendfsync"] == "always"
    assert settings["maxmemory-policy"] == "noeviction"
    assert settings["slowlog-log-slower-than"] == "-1"
    assert settings["save"] == ""


def test_what_was_acknowledged_survives_a_kill_of_the_store(valkey: EmbeddedValkey) -> None:
    put(valkey, "key")
    assert valkey.pid
    os.kill(valkey.pid, signal.SIGKILL)
    until(lambda: not valkey.answers())
    until(lambda: valkey.keep_running() and valkey.answers())
    assert value(valkey, "key") == b"kept"


def test_a_store_that_runs_is_left_alone(valkey: EmbeddedValkey) -> None:
    before = valkey.pid
    assert valkey.keep_running()
    assert valkey.pid == before


def test_a_killed_parent_leaves_no_store_behind_and_loses_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    command = [sys.executable, "-c", PARENT, str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        store_pid = int(parent.stdout.readline())
        next_one = EmbeddedValkey(directory)
        put(next_one, "key")
        parent.kill()
    until(lambda: gone(store_pid))
    next_one.start()
    assert value(next_one, "key") == b"kept"
    next_one.stop()


def test_a_start_right_after_a_kill_waits_for_the_old_store(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    command = [sys.executable, "-c", PARENT, str(directory)]
    for round_number in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout
            assert parent.stdout.readline(), f"no start in round {round_number}"
            parent.kill()
    store = EmbeddedValkey(directory)
    store.start()
    store.stop()


def test_a_second_store_on_the_directory_refuses(valkey: EmbeddedValkey) -> None:
    second = EmbeddedValkey(valkey.directory, lock_seconds=0.1)
    with pytest.raises(StoreStartError, match=r"Another store still runs on .* --data"):
        second.start()
    assert valkey.answers()


def test_stale_sockets_and_locks_are_no_obstacle(tmp_path: Path) -> None:
    for name in ("store.sock", "store.lock", "store.pid", "valkey.pid", "server.lock"):
        (tmp_path / name).write_text("12345")
    store = EmbeddedValkey(tmp_path)
    store.start()
    assert store.answers()
    store.stop()
    assert not store.answers()


def test_an_unwritable_directory_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file" / "data", Path("/proc/nowhere")):
        with pytest.raises(StoreStartError, match=r"^Cannot write to .* choose another.*$"):
            EmbeddedValkey(directory).start()


def test_a_directory_too_deep_for_a_socket_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreStartError, match="too long"):
        EmbeddedValkey(tmp_path / ("d" * 110)).start()


def test_a_store_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("a file where the data should be")
    store = EmbeddedValkey(tmp_path)
    with pytest.raises(StoreStartError, match=r"did not start: .*appendonlydir"):
        store.start()
    assert store.pid is None


def test_the_live_store_writes_nothing_to_disk(tmp_path: Path) -> None:
    live = EmbeddedValkey(tmp_path, name="live", kept=False)
    live.start()
    put(live, "key")
    live.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.lock", "live.log"]
    live.start()
    assert value(live, "key") is None
    live.stop()


def test_nothing_that_people_said_is_in_the_stores_log(valkey: EmbeddedValkey) -> None:
    put(valkey, "canary-of-a-person")
    with connect(valkey) as client, pytest.raises(redis.ResponseError):
        client.execute_command("LPUSH", "canary-of-a-person", "x")
    valkey.stop()
    assert "canary" not in (valkey.directory / "store.log").read_text()


def test_the_reserve_is_kept_while_there_is_room(valkey: EmbeddedValkey) -> None:
    assert (valkey.directory / "reserve").stat().st_size == 16 * 1024 * 1024


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    secret = kept_secret(tmp_path)
    assert len(secret) >= 40
    assert kept_secret(tmp_path) == secret
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600
    assert read_text(tmp_path / "no such file") is None


def test_a_lock_is_held_until_it_is_given_back(tmp_path: Path) -> None:
    held = lock_file(tmp_path / "lock", 0)
    assert held is not None
    assert lock_file(tmp_path / "lock", 0.05) is None
    os.close(held)
    again = lock_file(tmp_path / "lock", 0)
    assert again is not None
    os.close(again)


def test_the_binary_is_one_of_this_machine() -> None:
    assert os.access(find_binary(), os.X_OK)


def test_a_disk_that_cannot_be_looked_at_ends_nothing(
    valkey: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(_: object) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr("server.store.embedded_valkey.shutil.disk_usage", stale)
    (valkey.directory / "reserve").unlink(missing_ok=True)
    assert valkey.keep_running()
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGKILL)
    until(lambda: not valkey.keep_running())
    monkeypatch.undo()
    until(valkey.keep_running)
