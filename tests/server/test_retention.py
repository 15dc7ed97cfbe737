"""A room's data goes away: 24 h after its end, 48 h after its planned end whatever happens."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from server.new_session import create_session
from server.rooms.draft import expires_at
from server.store.room_log import ids_key, log_key
from session_engine import (
    Arrive,
    ConnectionId,
    Enter,
    PersonId,
    Role,
    Settings,
    create,
    decide,
    evolve,
    replay,
)
from session_engine.commands import EndSession
from tests.server.house import SECRET

START_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


@pytest.mark.parametrize(("ended_h", "kept_h"), [(1, 25), (30, 49.5), (40, 49.5)])
def test_data_expires_a_day_after_the_end_and_two_after_the_plan(
    ended_h: int, kept_h: float
) -> None:
    settings = Settings(title="Evening", starts_at_ms=START_MS)
    room = replay(create(settings, "s1", "log", START_MS))
    assert expires_at(room) == settings.planned_end_ms + 48 * HOUR_MS
    meera = PersonId("meera")
    enter = Enter(person=meera, role=Role.FACILITATOR, name="Meera")
    at = START_MS + ended_h * HOUR_MS
    arrive = Arrive(person=meera, connection=ConnectionId("w1.1"))
    end = EndSession(by=meera, confirm=True)
    for command, now in ((enter, START_MS), (arrive, START_MS), (end, at)):
        for event in decide(room, command, now):
            room = evolve(room, event)
    assert expires_at(room) == START_MS + int(kept_h * HOUR_MS)


async def test_the_store_is_told_when_a_rooms_keys_go_away(store_url: str, client: Redis) -> None:
    new = await create_session(store_url, SECRET, "http://127.0.0.1", {"title": "Evening"})
    seconds, _ = await client.time()
    for key in (log_key(new.session), ids_key(new.session)):
        expires = await client.expiretime(key)
        assert expires in (-2, pytest.approx(seconds + 49.5 * 3600, abs=5))
    assert await client.expiretime(log_key(new.session)) > 0
