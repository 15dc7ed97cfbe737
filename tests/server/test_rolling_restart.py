"""SIGHUP to the parent: new workers, one after another, or the old ones when that is wiser."""

from __future__ import annotations

import json
import os
import pty
import signal
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import trustme

from tests.running_server import RunningServer, clean_environment, until

RESTARTED = "All workers have been restarted."


def new_certificate(authority: trustme.CA, folder: Path) -> None:
    """Write a certificate and its key where the server reads them."""
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")


def answers(server: RunningServer, authority: trustme.CA, folder: Path) -> bool:
    """Say whether the server has a certificate of this authority."""
    trusted = folder / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    try:
        context = ssl.create_default_context(cafile=trusted)
        return httpx.get(f"{server.url}/healthz", verify=context).status_code == 200
    except httpx.ConnectError:
        return False


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    new_certificate(first, tmp_path)
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    options = ("--tls-cert", cert, "--tls-key", key)
    with RunningServer(tmp_path / "data", *options, workers=2) as server:
        workers = set(server.workers())
        Path(cert).write_text("no certificate")
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: "A new worker could not start" in server.printed())
        until(lambda: set(server.workers()) == workers)
        assert answers(server, first, tmp_path)

        new_certificate(second, tmp_path)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: RESTARTED in server.printed())
        until(lambda: len(server.workers()) == 2)
        assert not set(server.workers()) & workers
        assert answers(server, second, tmp_path)
        assert not answers(server, first, tmp_path)


def test_a_programmes_helplines_are_read_again_and_broken_ones_are_not(tmp_path: Path) -> None:
    file = tmp_path / "helplines.json"

    def name(number: str) -> None:
        line = {"name": "Counselling centre", "numbers": [number], "verified_on": "2026-10-01"}
        file.write_text(json.dumps([line]))

    name("020-5555")
    with RunningServer(tmp_path / "data", THERA_PEER_HELPLINES_FILE=str(file)) as server:
        assert "020-5555" in httpx.get(server.url).text
        file.write_text("[")
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: "A new worker could not start" in server.printed())
        assert "020-5555" in httpx.get(server.url).text
        name("020-7777")
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: RESTARTED in server.printed())
        page = httpx.get(server.url).text
        assert "020-7777" in page
        assert "020-5555" not in page


def test_a_new_worker_that_does_not_reach_the_store_relieves_nobody(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        workers = set(server.workers())
        os.kill(server.store(), signal.SIGSTOP)
        try:
            os.kill(server.pid, signal.SIGHUP)
            until(lambda: set(server.workers()) > workers)
            (new,) = set(server.workers()) - workers
            time.sleep(5)  # it has started by then
            before = len(os.listdir(f"/proc/{new}/fd"))
            with ExitStack() as stack:  # it takes nobody in
                for _ in range(60):
                    stack.enter_context(server.connect())
                time.sleep(0.5)
                assert len(os.listdir(f"/proc/{new}/fd")) < before + 10
            until(lambda: "does it reach the store?" in server.printed(), seconds=25)
            until(lambda: "A new worker could not start" in server.printed())
            until(lambda: set(server.workers()) == workers)
        finally:
            os.kill(server.store(), signal.SIGCONT)
        until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: RESTARTED in server.printed())
        assert not set(server.workers()) & workers


def test_a_closed_terminal_stops_the_server(tmp_path: Path) -> None:
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "server.cli", "serve", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(
        command, env=clean_environment(), stdin=terminal, stdout=subprocess.PIPE, text=True
    ) as server:
        os.close(terminal)
        assert server.stdout is not None
        assert "is ready at" in server.stdout.readline()
        server.send_signal(signal.SIGHUP)  # somebody asks, and the terminal is there
        try:
            server.wait(2)
            raise AssertionError("it stopped for a restart")
        except subprocess.TimeoutExpired:
            os.close(master)
        server.send_signal(signal.SIGHUP)
        assert server.wait(15) == 0
