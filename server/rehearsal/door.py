"""The way in: a link is read, the door is asked, and waited for until it opens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen


class RehearsalError(Exception):
    """It cannot go on; the text is one line that says what to do."""


def read_link(link: str) -> tuple[str, str]:
    """Return a link's public URL and secret.

    Raises: RehearsalError.
    """
    base, join, _ = link.partition("/join#")
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not join or not parts.fragment:
        raise RehearsalError("That is not a link to a session: give the participant link.")
    return base, parts.fragment


async def ask(base: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Send a request to the door; return status and answer.

    Raises: RehearsalError when nobody answers.
    """
    request = Request(
        base + path,
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )

    def send() -> tuple[int, dict[str, Any]]:
        try:
            with urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    try:
        return await asyncio.to_thread(send)
    except (URLError, OSError, ValueError):
        raise RehearsalError(f"No server answers at {base}: start it first.") from None


async def look(base: str, secret: str) -> dict[str, Any]:
    """Ask what the link leads to, and wait until its doors are open.

    Raises: RehearsalError.
    """
    while True:
        status, door = await ask(base, "/api/door", {"link": secret})
        if status == 503:
            await asyncio.sleep(1.0)
            continue
        if status != 200:
            raise RehearsalError(f"The door does not open: {door.get('message', status)}")
        if door["role"] != "participant":
            raise RehearsalError(f"This is the {door['role']} link: give the participant link.")
        wait_ms = door["opens_at"] - door["now"]
        if wait_ms <= 0:
            return door
        await asyncio.sleep(min(30.0, wait_ms / 1000))
