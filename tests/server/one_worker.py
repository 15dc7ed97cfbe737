"""One server process for tests: listens on a free port, prints it, serves."""

from __future__ import annotations

import faulthandler
import gc
import signal
import sys

from uvicorn import Server

from server.serving.listening import listen
from server.serving.logs import set_up_logs
from server.serving.worker import uvicorn_config
from server.settings import read_settings


def say_garbage(*_: object) -> None:
    """Say how many objects waited for a collection; until asked again there is none."""
    gc.disable()
    sys.stderr.write(f"garbage {gc.collect()}\n")


def main() -> None:
    """Serve a store until killed: `one_worker.py STORE_URL SECRET [LIVE_URL]`."""
    url, secret = sys.argv[1:3]
    live_url = sys.argv[3] if len(sys.argv) > 3 else url
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    public_url = f"http://127.0.0.1:{port}"
    set_up_logs()
    settings = read_settings(
        redis_url=url, live_redis_url=live_url, secret_key=secret, public_url=public_url
    )
    server = Server(uvicorn_config(settings))
    gc.freeze()  # as the parent does before it forks: a full collection took 50 ms
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGUSR2, say_garbage)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.run(sockets=[listener])


main()
