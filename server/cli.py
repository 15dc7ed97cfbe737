"""The program `thera-peer`: serve, create a session, rehearse.

Exit codes: 0 done, 2 wrong usage, 1 anything else with one line that says what to do.
Modules are imported only by the command that needs them: a start must be quick.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from server.settings import Settings

USAGE_ERROR = 2
FAILURE = 1

# Options of `session create` -> fields of the engine's settings.
CHOICES = {
    "title": "title",
    "seats": "seats",
    "turn_seconds": "discussion_s",
    "introduction_seconds": "introduction_s",
    "closing_seconds": "closing_s",
    "accept_window_seconds": "accept_window_s",
    "grace_seconds": "grace_s",
    "pause_seconds": "pause_s",
    "drop_hold_seconds": "drop_hold_s",
    "absence_seconds": "absence_s",
    "doors": "doors",
    "observers": "observers",
    "stepping": "stepping",
    "queue": "queue",
    "on_call": "on_call",
    "mode": "mode",
}


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and where to read more."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        print(f"{self.prog}: {message}. See {self.prog} --help.", file=sys.stderr)
        sys.exit(USAGE_ERROR)


class ShowVersion(argparse.Action):
    """Prints the version that is installed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """End with exit code 0."""
        from importlib.metadata import version

        print(f"{parser.prog} {version('thera-peer')}")
        sys.exit(0)


class Failed(Exception):  # noqa: N818
    """A command that cannot be carried out; the text is one line for the reader."""


def start_time(text: str) -> int | None:
    """Read --starts: ms since 1970, or None for now. A time without zone is local."""
    if text == "now":
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write now, or for instance 2026-11-30T17:00+05:30"
        ) from None


def two_numbers(text: str) -> tuple[int, int]:
    """Read --absence-seconds: until the calm screen, until the end."""
    try:
        first, second = text.split(",")
        return int(first), int(second)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not two numbers: write for instance 180,900"
        ) from None


def parser() -> Parser:
    """Return the whole command line."""
    top = Parser(prog="thera-peer", description="Facilitated support-group rooms.")
    top.add_argument("--version", action=ShowVersion, nargs=0, help="print it, and end")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _serve_options(commands.add_parser("serve", help="run the server"))
    session = commands.add_parser("session", help="sessions of a running server")
    actions = session.add_subparsers(dest="action", required=True, metavar="ACTION")
    _create_options(actions.add_parser("create", help="create a session and print its links"))
    rehearse = commands.add_parser("rehearse", help="fill a session with simulated participants")
    rehearse.add_argument("link", metavar="LINK", help="the session's participant link")
    rehearse.add_argument("--participants", type=int, required=True, metavar="N", help="how many")
    return top


# Options of `session create` with a number, in words with their defaults.
NUMBERS: Final = {
    "seats": "participants at most (35)",
    "turn-seconds": "a turn in the discussion (90)",
    "introduction-seconds": "a turn in the introductions (60)",
    "closing-seconds": "a turn in the closing round (30)",
    "accept-window-seconds": "to answer when it is one's turn; 0: the clock starts at once (15)",
    "grace-seconds": "to finish a sentence after the limit (10)",
    "pause-seconds": "of quiet between two turns (3)",
    "drop-hold-seconds": "a turn is kept for who lost the connection (20)",
}


def _serve_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (8000)")
    serve.add_argument("--workers", type=int, help="processes that serve (1)")
    serve.add_argument("--redis", metavar="URL", help="an outside store (default: an embedded one)")
    serve.add_argument("--live-redis", metavar="URL", help="a store for what is never kept")
    serve.add_argument("--data", type=Path, metavar="DIR", help="directory of the store (data)")
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate, for HTTPS")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key")
    serve.add_argument("--rehearse", type=int, metavar="N", help="with N simulated participants")


def _create_options(create: argparse.ArgumentParser) -> None:
    from session_engine import RANGES

    create.add_argument("--title", required=True, help="what the circle is called, on every screen")
    create.add_argument(
        "--starts",
        type=start_time,
        metavar="ISO8601|now",
        help="(now); doors open 15 minutes before",
    )
    for option, what in NUMBERS.items():
        low, high = RANGES[CHOICES[option.replace("-", "_")]]
        words = f"{what}; {low} to {high}"
        create.add_argument(f"--{option}", type=int, metavar="N", help=words)
    create.add_argument(
        "--absence-seconds",
        type=two_numbers,
        metavar="CALM,END",
        help="without a facilitator: until the calm screen, until the end (180,900)",
    )
    create.add_argument(
        "--doors", choices=["open", "knock"], help="knock: a facilitator lets each one in (open)"
    )
    create.add_argument(
        "--no-observers",
        dest="observers",
        action="store_const",
        const=False,
        help="nobody may watch the stage and the clock",
    )
    create.add_argument(
        "--stepping",
        choices=["auto", "by-hand"],
        help="who offers the floor to the next person: the room itself, or a facilitator (auto)",
    )
    create.add_argument(
        "--queue",
        choices=["fair", "first_come"],
        help="in the discussion: who spoke least comes first, or who asked first (fair)",
    )
    create.add_argument(
        "--mode",
        choices=["voice", "text", "hall"],
        help="how people are heard; hall: they are in one place, or in a call (voice)",
    )
    create.add_argument(
        "--on-call",
        metavar='"NAME, HOW TO REACH"',
        help="who is called when no facilitator answers a call for support within a minute",
    )
    where = create.add_mutually_exclusive_group()
    where.add_argument("--redis", metavar="URL", help="the outside store of the server")
    where.add_argument("--data", type=Path, metavar="DIR", help="the server's directory (data)")
    create.add_argument("--json", action="store_true", help="print one object")


def serve(options: argparse.Namespace) -> int:
    """Run the server until it is told to stop."""
    from server.serving.start import CannotServe, serve
    from server.settings import read_settings

    settings = read_settings(
        host=options.host,
        port=options.port,
        workers=options.workers,
        redis_url=options.redis,
        live_redis_url=options.live_redis,
        data_dir=options.data,
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
    )
    _check_urls(settings)
    try:
        return serve(settings, rehearse=options.rehearse or 0)
    except CannotServe as error:
        raise Failed(str(error)) from None


def _check_urls(settings: Settings) -> None:
    from server.settings import NAMES, WrongSetting
    from server.store.client import open_client

    for name in ("redis_url", "live_redis_url"):
        if url := getattr(settings, name):
            try:
                open_client(url)
            except ValueError as error:
                raise WrongSetting(f"{NAMES[name]}: {error}.") from None


def session_create(options: argparse.Namespace) -> int:
    """Create a session beside a running server and print its links."""
    import asyncio
    import json

    from server.new_session import NotCreated, create_session
    from server.store.errors import StoreError

    given = {CHOICES[name]: value for name, value in vars(options).items() if name in CHOICES}
    choices = {field: value for field, value in given.items() if value is not None}
    redis_url, secret_key, public_url = _where(options)
    try:
        new = asyncio.run(
            create_session(redis_url, secret_key, public_url, choices, options.starts)
        )
    except ValueError as error:
        raise _wrong_choice(str(error)) from None
    except NotCreated as error:
        raise Failed(str(error)) from None
    except StoreError as error:
        raise Failed(f"The store did not take the session ({error}): is it running?") from None
    if options.json:
        print(json.dumps(new.to_dict()))
    else:
        print(f"Session {new.session}")
        if options.starts is not None:  # with the zone that was taken, if none was said
            starts = datetime.fromtimestamp(options.starts / 1000).astimezone()
            print(f"  {'starts':12} {starts:%A, %d %B %Y, %H:%M (UTC%z)}")
        print_links(new.to_dict())
    return 0


def print_links(links: dict[str, str]) -> None:
    """Print the three links, one a line."""
    for role in ("facilitator", "participant", "observer"):
        print(f"  {role:12} {links[role]}")


def _where(options: argparse.Namespace) -> tuple[str, str, str]:
    """Return the store's URL, the secret and the public URL ("": ask the store)."""
    from server.settings import read_settings
    from server.store.data_directory import read_text

    # An explicit directory stands above a store named by the environment.
    redis_url = "" if options.data else options.redis
    settings = read_settings(redis_url=redis_url, data_dir=options.data)
    if not settings.embedded:
        _check_urls(settings)
        return settings.redis_url, settings.secret_key, settings.public_url
    directory = settings.data_dir.resolve()
    socket = directory / "store.sock"
    secret = settings.secret_key or read_text(directory / "secret-key")
    if socket.exists() and not secret:
        raise Failed(
            f"The server on {directory} was given its secret:"
            " set THERA_PEER_SECRET_KEY to the same."
        )
    if not (secret and socket.exists()):
        raise Failed(
            f"No server has run on {directory}: start one with"
            f" thera-peer serve --data {directory}, or name its directory with --data."
        )
    return f"unix://{socket}", secret, settings.public_url


def _wrong_choice(text: str) -> Exception:
    """Name the option instead of the engine's field."""
    from server.settings import WrongSetting

    field, colon, rest = text.partition(": ")
    option = next((name for name, own in CHOICES.items() if own == field), None)
    if not colon or option is None:
        return WrongSetting(text)
    return WrongSetting(f"--{option.replace('_', '-')}: {rest}.")


def rehearse(options: argparse.Namespace) -> int:
    """Bring simulated participants into a session."""
    import asyncio

    from server.rehearsal import RehearsalError, run

    try:
        asyncio.run(run(options.link, options.participants))
    except RehearsalError as error:
        raise Failed(str(error)) from None
    return 0


COMMANDS: dict[str, Any] = {"serve": serve, "session": session_create, "rehearse": rehearse}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    if arguments is None and sys.argv[1:2] == ["serve"]:
        from server.serving.huge_pages import start_again_on_huge_pages

        start_again_on_huge_pages()  # before anything else is loaded: it would be loaded twice
    top = parser()
    options = top.parse_args(arguments)
    from server.settings import WrongSetting

    for name in ("participants", "rehearse"):
        number = getattr(options, name, None)
        if number is not None and not 1 <= number <= 35:
            top.error(f"--{name}: choose a number from 1 to 35")
    try:
        code: int = COMMANDS[options.command](options)
    except WrongSetting as error:
        print(f"thera-peer: {error}", file=sys.stderr)
        return USAGE_ERROR
    except Failed as error:
        print(f"thera-peer: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
