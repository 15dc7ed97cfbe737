"""The program: what it prints, and what it makes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from server.store.room_log import RoomLog
from tests.running_server import RunningServer, first_line, thera_peer

SECRET = "a secret of more than sixteen characters"
STARTS_MS = 1_893_583_800_000  # 2030-01-02 at 11:30 UTC


# ---- Wrong usage and what cannot be done ------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "COMMAND"),
        (["dance"], "invalid choice"),
        (["serve", "--colour", "red"], "unrecognized arguments"),
        (["serve", "--port", "70000"], "--port"),
        (["serve", "--port", "many"], "--port"),
        (["serve", "--workers", "0"], "--workers"),
        (["serve", "--tls-cert", "cert.pem"], "--tls-key"),
        (["serve", "--redis", "http://store"], "--redis"),
        (["serve", "--redis", "redis://127.0.0.1:1"], "THERA_PEER_SECRET_KEY"),
        (["serve", "--rehearse", "36"], "from 1 to 35"),
        (["session", "create"], "--title"),
        (["session", "create", "--title", "T", "--starts", "soon"], "soon"),
        (["session", "create", "--title", "T", "--doors", "ajar"], "--doors"),
        (["session", "create", "--title", "T", "--absence-seconds", "3"], "two numbers"),
        (["session", "create", "--title", "T", "--data", "d", "--redis", "redis://h"], "--redis"),
        (["rehearse", "http://127.0.0.1/join#x"], "--participants"),
        (["rehearse", "http://127.0.0.1/join#x", "--participants", "0"], "from 1 to 35"),
    ],
)
def test_wrong_usage_ends_with_two_and_one_line(arguments: list[str], says: str) -> None:
    done = thera_peer(*arguments)
    assert done.returncode == 2
    assert says in first_line(done.stderr)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "high"),
        ("WEB_CONCURRENCY", "-1"),
        ("THERA_PEER_SECRET_KEY", "short"),
        ("THERA_PEER_PUBLIC_URL", "circle.example.org"),
        ("THERA_PEER_QUICK_EXIT_URL", "example.org"),
        ("THERA_PEER_QUICK_EXIT_URL", "//example.org"),
        ("THERA_PEER_SMTP_URL", "mail.example.org"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str) -> None:
    done = thera_peer("serve", **{name: value})
    assert done.returncode == 2
    assert name in first_line(done.stderr)
    assert "pattern" not in done.stderr


def test_it_says_its_version() -> None:
    assert thera_peer("--version").stdout == f"thera-peer {version('thera-peer')}\n"


def test_the_help_says_how_long_a_turn_may_be() -> None:
    said = thera_peer("session", "create", "--help").stdout
    assert "discussion (90); 60 to 120" in " ".join(said.split())


def test_a_used_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = thera_peer("serve", "--port", port, "--data", str(tmp_path))
    assert done.returncode == 1
    assert first_line(done.stderr) == (
        f"thera-peer: Port {port} is in use: choose another with --port."
    )


def test_an_address_that_is_not_ours_is_named(tmp_path: Path) -> None:
    for host in ("192.0.2.1", "no-such-host.invalid"):
        done = thera_peer("serve", "--host", host, "--port", "0", "--data", str(tmp_path))
        assert done.returncode == 1
        assert "--host" in first_line(done.stderr)


def test_an_unwritable_data_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = thera_peer("serve", "--port", "0", "--data", str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert "choose another with --data" in first_line(done.stderr)


def test_an_outside_store_that_is_away_is_named_without_its_password() -> None:
    url = "redis://me:password@127.0.0.1:1"
    done = thera_peer("serve", "--port", "0", "--redis", url, THERA_PEER_SECRET_KEY=SECRET)
    assert done.returncode == 1
    assert "redis://127.0.0.1:1" in first_line(done.stderr)
    assert "password" not in done.stderr


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    options = ["--tls-cert", str(tmp_path / "c"), "--tls-key", str(tmp_path / "k")]
    done = thera_peer("serve", "--port", "0", "--data", str(tmp_path), *options)
    assert done.returncode == 1
    assert "--tls-cert" in first_line(done.stderr)


def test_no_session_without_a_server(tmp_path: Path) -> None:
    done = thera_peer("session", "create", "--title", "T", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "thera-peer serve" in first_line(done.stderr)


BROKEN_WORKER = """
import sys
from server.cli import main
from server.serving import worker
worker.run_worker = lambda *_, **__: 1 / 0
sys.exit(main())
"""


def test_a_worker_that_cannot_start_ends_the_server(tmp_path: Path) -> None:
    options = ["serve", "--port", "0", "--data", str(tmp_path)]
    command = [sys.executable, "-c", BROKEN_WORKER, *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "A worker could not start" in done.stderr


FIRST = """
import sys
from server.serving import huge_pages
def note():
    print("server.settings" in sys.modules or "session_engine" in sys.modules)
    sys.exit(0)
huge_pages.start_again_on_huge_pages = note
from server.cli import main
main()
"""


def test_a_server_begins_again_before_it_has_loaded_anything() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST, "serve"], check=True, capture_output=True, text=True
    )
    assert done.stdout == "False\n"


def test_helplines_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "helplines.json")
    options = ("serve", "--port", "0", "--data", str(tmp_path))
    done = thera_peer(*options, THERA_PEER_HELPLINES_FILE=missing)
    assert done.returncode == 1
    assert missing in first_line(done.stderr)


def test_helplines_that_nobody_has_called_for_long_are_named_at_the_start(tmp_path: Path) -> None:
    lines = [{"name": "Old line", "numbers": ["1"], "verified_on": "2020-01-31"}]
    file = tmp_path / "helplines.json"
    file.write_text(json.dumps(lines))
    with RunningServer(tmp_path / "data", THERA_PEER_HELPLINES_FILE=str(file)) as server:
        server.stop()
        assert "Old line was last verified on 2020-01-31" in server.printed()


def test_pages_name_the_programmes_own_contact_and_way_out(tmp_path: Path) -> None:
    with RunningServer(
        tmp_path / "data",
        THERA_PEER_CONTACT="desk@iitb.example",
        THERA_PEER_QUICK_EXIT_URL="https://weather.example/",
    ) as server:
        page = httpx.get(server.url).text
    assert "Ask desk@iitb.example." in page
    assert 'data-exit="https://weather.example/"' in page


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--redis", "redis://localhost:abc/0"),
        ("serve", "--live-redis", "redis://localhost:abc"),
        ("session", "create", "--title", "T", "--redis", "redis://127.0.0.1:1/0?foo=bar"),
        ("session", "create", "--title", "T", "--redis", "cluster://127.0.0.1:abc"),
        ("serve", "--redis", "sentinels://[::1]:abc/rooms"),
    ],
)
def test_a_store_url_that_cannot_be_one_is_named(arguments: tuple[str, ...]) -> None:
    done = thera_peer(*arguments, THERA_PEER_SECRET_KEY=SECRET)
    assert done.returncode == 2
    assert "redis (THERA_PEER" in first_line(done.stderr)


def test_a_live_store_that_is_away_is_named(tmp_path: Path) -> None:
    options = ("--data", str(tmp_path), "--live-redis", "redis://127.0.0.1:1")
    done = thera_peer("serve", "--port", "0", *options)
    assert done.returncode == 1
    assert "redis://127.0.0.1:1" in first_line(done.stderr)


def test_a_link_that_is_none_is_refused() -> None:
    done = thera_peer("rehearse", "http://[bad/join#abc", "--participants", "2")
    assert done.returncode == 1
    assert "not a link" in first_line(done.stderr)


# ---- Sessions ---------------------------------------------------------------------------
@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> object:
    with RunningServer(tmp_path_factory.mktemp("server")) as running:
        yield running


def test_a_session_has_three_links_on_the_public_url(server: RunningServer) -> None:
    created = server.create("--starts", "now", "--on-call", "Dr Rao, 12345")
    assert set(created) == {"session", "facilitator", "participant", "observer"}
    links = [created[role] for role in ("facilitator", "participant", "observer")]
    assert all(link.startswith(f"{server.url}/join#") for link in links)
    assert len(set(links)) == 3


def test_without_json_the_links_stand_one_a_line(server: RunningServer) -> None:
    where = ("--data", str(server.directory))
    done = thera_peer("session", "create", "--title", "Exam stress", *where)
    words = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in words] == ["Session", "facilitator", "participant", "observer"]


def test_a_time_without_a_zone_is_said_with_the_one_that_was_taken(server: RunningServer) -> None:
    where = ("--data", str(server.directory), "--starts", "2030-01-02T17:00")
    done = thera_peer("session", "create", "--title", "Exam stress", *where, TZ="Asia/Kolkata")
    assert "starts       Wednesday, 02 January 2030, 17:00 (UTC+0530)\n" in done.stdout


async def test_every_choice_reaches_the_log(server: RunningServer) -> None:
    created = server.create(
        *("--title", "परीक्षा", "--starts", "2030-01-02T17:00+05:30", "--seats", "12"),
        *("--turn-seconds", "120", "--introduction-seconds", "45", "--closing-seconds", "40"),
        *("--accept-window-seconds", "0", "--grace-seconds", "5", "--pause-seconds", "1"),
        *("--drop-hold-seconds", "30", "--absence-seconds", "60,600", "--doors", "knock"),
        *("--no-observers", "--stepping", "by-hand", "--queue", "first_come"),
        *("--mode", "hall", "--on-call", "Dr Rao, 12345"),
    )
    async with Redis(unix_socket_path=f"{server.directory}/store.sock", protocol=2) as client:
        ((_, payload),) = await RoomLog(client).read(created["session"]) or []
    (event,) = json.loads(payload)["events"]
    assert event["type"] == "RoomCreated"
    said = event["settings"]
    assert said == {
        "mode": "hall",
        "title": "परीक्षा",
        "starts_at_ms": STARTS_MS,
        "opens_at_ms": STARTS_MS - 900_000,
        "seats": 12,
        "introduction_s": 45,
        "discussion_s": 120,
        "closing_s": 40,
        "accept_window_s": 0,
        "grace_s": 5,
        "pause_s": 1,
        "drop_hold_s": 30,
        "absence_s": [60, 600],
        "doors": "knock",
        "observers": False,
        "stepping": "by-hand",
        "queue": "first_come",
        "on_call": "Dr Rao, 12345",
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [("--seats", "36"), ("--turn-seconds", "59"), ("--turn-seconds", "121"), ("--title", " ")],
)
def test_a_choice_that_the_rules_forbid_names_its_option(
    server: RunningServer, option: str, value: str
) -> None:
    title = () if option == "--title" else ("--title", "T")
    where = ("--data", str(server.directory))
    done = thera_peer("session", "create", *title, option, value, *where)
    assert done.returncode == 2
    assert option in first_line(done.stderr)


def test_an_outside_store_tells_other_commands_the_public_url(
    store_url: str, tmp_path: Path
) -> None:
    outside = {"THERA_PEER_REDIS_URL": store_url, "THERA_PEER_SECRET_KEY": SECRET}
    with RunningServer(
        tmp_path,
        THERA_PEER_PUBLIC_URL="https://circle.example.org/",
        THERA_PEER_REDIS_URL=store_url,
        THERA_PEER_SECRET_KEY=SECRET,
    ):
        done = thera_peer("session", "create", "--title", "T", "--json", **outside)
        wrong = outside | {"THERA_PEER_SECRET_KEY": SECRET[::-1]}
        refused = thera_peer("session", "create", "--title", "T", **wrong)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["observer"].startswith("https://circle.example.org/join#")
    assert list(tmp_path.iterdir()) == []
    assert refused.returncode == 1
    assert "THERA_PEER_SECRET_KEY" in first_line(refused.stderr)


def test_a_secret_from_the_environment_is_asked_for_beside_an_own_store(tmp_path: Path) -> None:
    create = ("session", "create", "--title", "T", "--data", str(tmp_path))
    with RunningServer(tmp_path, THERA_PEER_SECRET_KEY=SECRET):
        assert thera_peer(*create, THERA_PEER_SECRET_KEY=SECRET).returncode == 0
        done = thera_peer(*create)
    assert done.returncode == 1
    assert "THERA_PEER_SECRET_KEY" in first_line(done.stderr)
