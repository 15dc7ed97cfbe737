"""How a session begins: the first record of a new log."""

from __future__ import annotations

import secrets

from server.rooms.decisions import expires_at, wake_at
from server.rooms.replica import encode_events
from server.store.errors import LogUnavailable
from server.store.position import START, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, RoomLog
from session_engine import Settings, create, replay


async def create_session(log: RoomLog, clock: RedisClock, settings: Settings) -> str:
    """Store a new session and return its id; the clock must have been read.

    Raises: LogUnavailable, StoreRefused.
    """
    session = secrets.token_hex(6)
    now = clock.now_ms()
    events = create(settings, session, secrets.token_hex(16), now)
    room = replay(events)
    answer = await log.append(
        session,
        START,
        [Record("@create", encode_events(events))],
        decided_at=now,
        due_at=0,
        expires_at_ms=expires_at(room),
        wake_at=wake_at(room, now),
    )
    if not isinstance(answer, Appended):
        raise LogUnavailable("the session was not stored")
    return session
