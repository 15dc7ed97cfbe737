"""A new session: the first record of a room's log, and its three links."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from server.rooms.draft import expires_at, wake_at
from server.rooms.replica import encode_events
from server.sockets.passes import Passes
from server.store.client import open_client
from server.store.position import START, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, RoomLog
from session_engine import Role, Settings, create, replay

# Tells other commands on an outside store where people reach the server.
PUBLIC_URL_KEY = "tp:{server}:public-url"


class NotCreated(Exception):  # noqa: N818
    """The session could not be stored; the text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session's id and the links to it, one for each role."""

    session: str
    facilitator: str
    participant: str
    observer: str

    def to_dict(self) -> dict[str, str]:
        """Return the object that `--json` prints."""
        return asdict(self)


async def create_session(
    redis_url: str,
    secret_key: str,
    public_url: str,
    choices: Mapping[str, Any],
    starts_at_ms: int | None = None,
) -> NewSession:
    """Store a new session; `starts_at_ms` None means now, by the store's clock.

    `choices` are fields of the engine's Settings. `public_url` "" takes the one that the
    running server has left in the store.

    Raises:
        ValueError: a choice that the rules do not allow; the text begins with its field.
        NotCreated: when no public URL is known, or the store's clock jumped.
        StoreError: when the store does not answer or refuses.
    """
    client = open_client(redis_url)
    try:
        clock = RedisClock(client)
        await clock.sync()
        if not public_url:
            left: Any = await client.get(PUBLIC_URL_KEY)
            public_url = (left or b"").decode()
        if not public_url:
            raise NotCreated(
                "No server has left its address here: start one, or set THERA_PEER_PUBLIC_URL."
            )
        now = clock.now_ms()
        starts = now if starts_at_ms is None else starts_at_ms
        settings = Settings(starts_at_ms=starts, **choices)
        if settings.planned_end_ms <= now:
            raise ValueError("--starts: that session would be over already; choose a later time")
        session = await _store(RoomLog(client), settings, now)
    finally:
        await client.aclose()
    passes = Passes(secret_key)
    return NewSession(
        session,
        facilitator=passes.link(public_url, session, Role.FACILITATOR),
        participant=passes.link(public_url, session, Role.PARTICIPANT),
        observer=passes.link(public_url, session, Role.OBSERVER),
    )


async def _store(log: RoomLog, settings: Settings, now: int) -> str:
    session = "s" + secrets.token_hex(8)
    events = create(settings, session, secrets.token_hex(16), now)
    room = replay(events)
    outcome = await log.append(
        session,
        START,
        [Record("", encode_events(events))],
        decided_at=now,
        due_at=0,
        expires_at_ms=expires_at(room),
        wake_at=wake_at(room, now),
    )
    if not isinstance(outcome, Appended):
        raise NotCreated("The store's clock jumped: try again.")
    return session
