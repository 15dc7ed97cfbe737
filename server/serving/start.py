"""A start: what must be true before workers run, checked in an order that costs little."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from server.serving.file_limit import raise_file_limit
from server.serving.listening import CannotListen, check_certificate, listen, local_url
from server.settings import Settings
from server.store.data_directory import (
    StoreStartError,
    kept_secret,
    lock_file,
    prepare_directory,
)
from server.store.embedded_valkey import EmbeddedValkey

# The children of a killed server end within milliseconds; a living one is not waited for.
LOCK_SECONDS = 1.0
ON_CALL_OF_A_REHEARSAL = "nobody, this is a rehearsal"


class CannotServe(Exception):  # noqa: N818
    """The server cannot start; the text is one line that says what to do."""


def serve(settings: Settings, *, rehearse: int = 0) -> int:
    """Run parent, workers and store until SIGTERM or SIGINT; return the exit code.

    Raises:
        CannotServe: when something has to be changed first.
    """
    try:
        if settings.tls_cert and settings.tls_key:
            check_certificate(settings.tls_cert, settings.tls_key)
        raise_file_limit()
        with (
            _directory(settings.data_dir) if settings.embedded else nullcontext(),
            listen(settings.host, settings.port) as listener,
        ):
            return _serve_on(listener, settings, rehearse)
    except (CannotListen, StoreStartError) as error:
        raise CannotServe(str(error)) from None


def _check_helplines(file: Path | None) -> None:
    """Warn of helplines that nobody has called for long. Raises: CannotServe."""
    from server.pages.helplines import HELPLINES, read_helplines, stale_helplines

    try:
        lines = read_helplines(file) if file else HELPLINES
    except ValueError as error:
        raise CannotServe(str(error)) from None
    for warning in stale_helplines(lines, datetime.now(UTC).date()):
        print(f"Warning: {warning}", file=sys.stderr)


@contextmanager
def _directory(directory: Path) -> Iterator[None]:
    """Keep the data directory for ourselves."""
    prepare_directory(directory)
    lock = lock_file(directory / "server.lock", LOCK_SECONDS)
    if lock is None:
        raise StoreStartError(
            f"Another server runs on {directory.resolve()}: stop it, or choose another"
            " directory with --data."
        )
    try:
        yield
    finally:
        os.close(lock)


def _serve_on(listener: socket.socket, settings: Settings, rehearse: int) -> int:
    local = local_url(listener, tls=settings.tls_cert is not None)
    settings = settings.with_changes(
        port=listener.getsockname()[1], public_url=settings.public_url or local
    )
    stores = _stores(settings)
    settings = _with_store(settings, stores)
    try:
        for store in stores:
            store.launch()
        # The longest part of a start, while the stores read their files.
        from server.serving.exchange import Exchange
        from server.serving.logs import set_up_logs
        from server.serving.parent import Parent
        from server.serving.worker import become_child, run_worker

        set_up_logs()
        _check_helplines(settings.helplines_file)
        for store in stores:
            store.await_answer()
        asyncio.run(_announce(settings))
    except BaseException:
        for store in stores:
            store.stop()
        raise
    parent = os.getpid()

    def rehearsal() -> None:
        become_child(parent)
        listener.close()
        asyncio.run(_rehearse(settings, local, rehearse))

    # Besides the workers two more may live during a rolling restart: who comes, who goes.
    with closing(Exchange(settings.workers + 2)) as exchange:
        return Parent(
            work=lambda ready, line, relieves: run_worker(
                settings, listener, ready, parent, exchange, line, relieves=relieves
            ),
            workers=settings.workers,
            stores=stores,
            on_ready=lambda: print(f"Thera-Peer is ready at {settings.public_url}", flush=True),
            rehearse=rehearsal if rehearse else None,
            exchange=exchange,
        ).run()


def _stores(settings: Settings) -> list[EmbeddedValkey]:
    if not settings.embedded:
        return []
    stores = [EmbeddedValkey(settings.data_dir)]
    if settings.workers > 1 and not settings.live_redis_url:
        # Voice must not wait for the disk; one worker alone relays in its memory.
        stores.append(EmbeddedValkey(settings.data_dir, name="live", kept=False))
    return stores


def _with_store(settings: Settings, stores: list[EmbeddedValkey]) -> Settings:
    """Fill in what workers need to know of the stores."""
    redis_url = stores[0].url if stores else settings.redis_url
    alone = stores and settings.workers == 1
    live = settings.live_redis_url or ("" if alone else stores[-1].url if stores else redis_url)
    secret = settings.secret_key or kept_secret(settings.data_dir)
    return settings.with_changes(redis_url=redis_url, live_redis_url=live, secret_key=secret)


async def _announce(settings: Settings) -> None:
    """Leave in the store what other commands must know; see that the stores answer."""
    from server.new_session import announce
    from server.store.client import open_client, without_password
    from server.store.errors import StoreError, translated

    for url in {settings.redis_url, settings.live_redis_url} - {""}:
        client = open_client(url)
        try:
            with translated():
                if url == settings.redis_url:
                    await announce(client, settings.public_url, settings.secret_key)
                else:
                    await client.ping()
        except StoreError as error:
            raise CannotServe(
                f"Cannot use the store at {without_password(url)} ({error}): start it, or name"
                " another with --redis and --live-redis."
            ) from None
        finally:
            await client.aclose()


async def _rehearse(settings: Settings, local: str, participants: int) -> None:
    """Create a session that starts now, print its links, and fill it."""
    from server.new_session import create_session
    from server.rehearsal import RehearsalError, run

    choices = {"title": "Rehearsal", "on_call": ON_CALL_OF_A_REHEARSAL}
    new = await create_session(
        settings.redis_url, settings.secret_key, settings.public_url, choices
    )
    people = "participant" if participants == 1 else "participants"
    print(f"\nA rehearsal with {participants} simulated {people} has begun.")
    print("Open the facilitator's link in a browser and lead the session:\n")
    for role, link in list(new.to_dict().items())[1:]:
        print(f"  {role:12} {link}")
    print("\nCtrl-C ends it.", flush=True)
    # The simulated participants come in by the shortest way.
    try:
        await run(local + new.participant.removeprefix(settings.public_url), participants)
    except RehearsalError as error:
        sys.exit(f"The rehearsal ended: {error}")
