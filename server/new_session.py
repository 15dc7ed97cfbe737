"""A new session: the first record of a room's log, and its three links."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio import Redis

from server.rooms.draft import expires_at, wake_at
from server.rooms.replica import encode_events
from server.sockets.passes import Passes
from server.store.client import open_client
from server.store.position import START, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, RoomLog
from session_engine import Role, Settings, create, replay

# What a server leaves for other commands: where people reach it, and a mark of its secret.
PUBLIC_URL_KEY = "tp:{server}:public-url"
SECRET_MARK_KEY = "tp:{server}:secret-mark"


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


async def announce(client: Redis, public_url: str, secret_key: str) -> None:
    """Leave for other commands what they need to make links that work here."""
    marks = {PUBLIC_URL_KEY: public_url, SECRET_MARK_KEY: Passes(secret_key).mark}
    await client.mset(marks)


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
        NotCreated: when no public URL is known, the server has another secret, or the
            store's clock jumped.
        StoreError: when the store does not answer or refuses.
    """
    client = open_client(redis_url)
    try:
        clock = RedisClock(client)
        await clock.sync()
        passes = Passes(secret_key)
        left: Any = await client.mget(PUBLIC_URL_KEY, SECRET_MARK_KEY)
        kept_url, mark = ((one or b"").decode() for one in left)
        if mark not in ("", passes.mark):
            raise NotCreated(
                "The server here signs links with another secret: set THERA_PEER_SECRET_KEY"
                " to the same."
            )
        public_url = public_url or kept_url
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
    await log.hinted()
    if not all(await log.covered(session, [outcome.position])):
        raise NotCreated("No replica of the store confirms the session: look after them.")
    return session
