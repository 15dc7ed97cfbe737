"""Which pages may open a live socket: nothing checks `Origin` for us.

A browser says which page opened a socket; it must be a page of the public URL.
Every name of the loopback counts as the same host, so that `localhost` and
`127.0.0.1` both work on a laptop. A program that is not a browser sends no
Origin and comes in with its pass alone.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})
# Nothing around host and port (RFC 6454, 6.2).
ORIGIN: Final = re.compile(r"https?://[\w.:\[\]-]+", re.ASCII)
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Place = tuple[str, str, int | None]


def place_of(url: str) -> Place | None:
    """Return scheme, host and port of an origin, or None if it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if parts.scheme not in DEFAULT_PORTS or not host:
        return None
    if host in LOOPBACK_NAMES or host.endswith(".localhost"):
        host = "loopback"
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]


def may_open(origin: str | None, public_url: str) -> bool:
    """Say whether a page of this origin may open a live socket."""
    if origin is None:
        return True
    place = place_of(origin) if ORIGIN.fullmatch(origin) else None
    return place is not None and place == place_of(public_url)
