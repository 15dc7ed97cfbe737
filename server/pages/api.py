"""The door for programs: health, readiness, what a link leads to, and coming in.

Every answer is JSON and never stored by anybody; every error is
{"error": "<code>", "message": "<plain sentence>"}, with more fields where the
contract names them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from redis.asyncio import Redis
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.pages.entrance import HEADERS, Door, DoorError, enter, look
from server.pages.helplines import stale_helplines
from server.rooms.defects import note_defect
from server.rooms.outcomes import SENTENCES
from server.rooms.watch import StoreWatch
from server.store.errors import LogUnavailable, StoreError, StoreRefused, translated

# What only the door says; the rest are refusals of the rules.
DOOR_SENTENCES: Final[Mapping[str, str]] = {
    "consent_required": "Please read the guidelines and agree to them first.",
    "link_invalid": "This link is no longer valid. Please ask for a new one.",
    "invalid": "Something in this request is missing or not as it should be.",
    "too_large": "This request is too large.",
    "unavailable": "We are reconnecting. Please try again in a moment.",
    "broken": "Something went wrong here. Please try again.",
}
AWAY_SENTENCE: Final = "The store does not answer."


def routes(door: Door) -> list[Route]:
    """Return the routes of this module."""

    def route(
        path: str, serve: Callable[[Door, Request], Awaitable[Response]], method: str
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answered(serve, door, request)

        return Route(path, endpoint, methods=[method])

    return [
        route("/healthz", _healthz, "GET"),
        route("/readyz", _readyz, "GET"),
        route("/api/door", look, "POST"),
        route("/api/enter", enter, "POST"),
    ]


async def _answered(
    serve: Callable[[Door, Request], Awaitable[Response]], door: Door, request: Request
) -> Response:
    try:
        return await serve(door, request)
    except DoorError as error:
        return _error(error.status, error.code, error.more)
    except ClientDisconnect:
        return Response(status_code=400)  # for nobody: they have hung up
    except StoreError:
        return _error(503, "unavailable", {}, {"retry-after": "2"})
    except Exception as error:
        note_defect("the door", error)
        return _error(500, "broken", {})


def _error(
    status: int, code: str, more: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    message = {**SENTENCES, **DOOR_SENTENCES}[code]
    body = {"error": code, "message": message, **more}
    return JSONResponse(body, status, headers={**HEADERS, **(headers or {})})


# ---- Health --------------------------------------------------------------------------


async def _healthz(door: Door, request: Request) -> Response:
    return JSONResponse({"ok": True}, headers=dict(HEADERS))


async def _readyz(door: Door, request: Request) -> Response:
    reasons = _reasons(door.rooms.watch)
    warnings = stale_helplines(door.context.helplines, datetime.now(UTC).date())
    if not reasons:
        try:
            warnings += await _store_warnings(door.store)
        except LogUnavailable:
            reasons = [AWAY_SENTENCE]
    if door.bus is not None and not await _answers(door.bus):
        warnings.append("The live store does not answer: what is said may not reach everybody.")
    body = {"ready": not reasons, "reasons": reasons, "warnings": warnings}
    return JSONResponse(body, 503 if reasons else 200, headers=dict(HEADERS))


def _reasons(watch: StoreWatch) -> list[str]:
    """Say why no command can be accepted."""
    if watch.refusal:
        return [f"The store does not take what it is given: {watch.refusal.rstrip('.')}."]
    return [AWAY_SENTENCE] if watch.away else []


async def _answers(store: Redis) -> bool:
    try:
        with translated():
            await store.ping()
    except StoreError:
        return False
    return True


async def _store_warnings(store: Redis) -> list[str]:
    """Say what about the store may lose a session. Raises: LogUnavailable."""
    warnings: list[str] = []
    try:
        with translated():
            persistence = await store.info("persistence")
            memory = await store.info("memory")
            synced = await store.config_get("appendfsync")
    except StoreRefused:
        return ["The store does not say how it keeps its data."]
    if not persistence.get("aof_enabled"):
        warnings.append("The store is not append-only: a session may be lost when it restarts.")
    elif synced.get("appendfsync") != "always":
        warnings.append("The store does not sync every append: a power cut may lose the last ones.")
    policy = memory.get("maxmemory_policy", "noeviction")
    if memory.get("maxmemory") and policy != "noeviction":
        warnings.append(f"The store may evict data when its memory is full ({policy}).")
    if persistence.get("aof_last_write_status", "ok") != "ok":
        warnings.append("The store could not write to its disk the last time.")
    return warnings
