"""Headers that keep pages to themselves: what may run, what may be loaded, what is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Only what we serve ourselves runs or is loaded. lit-html brings the one policy that may
# make HTML out of strings; no code of ours does. "voice" names the worker of the sound.
POLICY: Final[dict[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "lit-html voice",
}

# A worker has a policy of its own, from its own answer. The one of the sound compiles Opus from
# WebAssembly where the browser has none; no page may.
WORKER_POLICY: Final[dict[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
}

HEADERS: Final[dict[str, str]] = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "microphone=(self), screen-wake-lock=(self), camera=(), geolocation=(),"
        " display-capture=(), payment=(), usb=()"
    ),
}
# A file that a page loads is no page: the rest says nothing about it, and sixty times a
# kilobyte is what a phone on campus Wi-Fi waits for.
FILE_HEADERS: Final = ("x-content-type-options", "cross-origin-resource-policy")
FILES: Final = "/static/"
WORKERS: Final = "_worker.js"
YEAR_SECONDS: Final = 365 * 24 * 3600


def content_security_policy(public_url: str, rules: Mapping[str, str] = POLICY) -> str:
    """Return the policy of every page, or by other rules of something else.

    Browsers before 2022 do not count a WebSocket of the same host as 'self', so the public
    address is named besides.
    """
    address = urlsplit(public_url)
    scheme = "wss" if address.scheme == "https" else "ws"
    whole = {**rules, "connect-src": f"'self' {scheme}://{address.netloc}"}
    return "; ".join(f"{name} {value}" for name, value in whole.items())


def page_headers(public_url: str) -> dict[str, str]:
    """Return the headers of everything that is not a file."""
    headers = {**HEADERS, "content-security-policy": content_security_policy(public_url)}
    if public_url.startswith("https://"):
        headers["strict-transport-security"] = f"max-age={YEAR_SECONDS}"
    return headers


class SecurityHeaders:
    """Adds the headers to every HTTP answer; a header already set is left alone.

    Files get the few that mean something for a file.
    """

    def __init__(self, app: ASGIApp, *, public_url: str) -> None:
        self.app = app
        self.headers = page_headers(public_url)
        self.file_headers = {name: HEADERS[name] for name in FILE_HEADERS}
        policy = content_security_policy(public_url, WORKER_POLICY)
        self.worker_headers = {**self.file_headers, "content-security-policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's head."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        wanted = self._headers_for(scope["path"])

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in wanted.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, complete)

    def _headers_for(self, path: str) -> Mapping[str, str]:
        if not path.startswith(FILES):
            return self.headers
        return self.worker_headers if path.endswith(WORKERS) else self.file_headers
