"""The audience of a room that changes: sockets that come, go, or were taken for dead."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from server.rooms.outcomes import UNKNOWN, Done
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets.audience import COALESCE_SECONDS, Audience, Shape
from server.sockets.listener import Listener
from server.sockets.outbox import Outbox
from server.sockets.protocol import RoomSocketProtocol
from server.store.errors import LogUnavailable, StoreRefused
from server.store.room_log import Repeated, log_key
from session_engine import Arrive, Command, ConnectionId, Drop, Enter, PersonId, Role, Room
from session_engine.commands import Begin, EndSession, Leave, SetOnCall, SetPrompt
from tests.server.one_room import WORKER, Sink, enter, opened, read_frames

ANA, BEN, CAI, FAY, OLI = map(PersonId, ("ana", "ben", "cai", "fay", "oli"))


def listener(person: PersonId) -> Listener:
    outbox = Outbox(cast(RoomSocketProtocol, Sink()))
    return Listener(connection=ConnectionId(f"{WORKER}.{person}"), person=person, outbox=outbox)


class Stage:
    """A room on a real store, its audience, and who was asked to come back."""

    def __init__(self, replica: Replica, rooms: Rooms) -> None:
        self.came_back: list[PersonId] = []
        self.rooms = rooms
        self.replica = replica
        self.audience = Audience(
            replica, rooms.clock, lambda _, one: self.came_back.append(one.person)
        )

    async def do(self, command: Command) -> None:
        """Do something, and show what has changed."""
        assert isinstance(await self.rooms.submit(self.replica, command), Done)
        self.audience.changed(self.replica)
        self.audience.refresh()

    async def arrive(self, person: PersonId, role: Role = Role.PARTICIPANT) -> None:
        await self.do(enter(person, role))
        await self.do(Arrive(person=person, connection=listener(person).connection))

    async def change(self) -> None:
        """Change the room, and nobody in it."""
        await self.do(SetPrompt(by=FAY, text=f"prompt {len(self.came_back)}"))


@pytest.fixture
async def stage(store_url: str, client: Redis) -> AsyncIterator[Stage]:
    stage = Stage(*await opened(store_url, client))
    await stage.arrive(FAY, Role.FACILITATOR)
    yield stage
    stage.audience.end()


async def two(stage: Stage) -> tuple[Listener, Listener]:
    """Ana and Ben arrive, and only then are their sockets shown the room."""
    await stage.arrive(ANA)
    await stage.arrive(BEN)
    ana, ben = listener(ANA), listener(BEN)
    stage.audience.join(ana)
    stage.audience.join(ben)
    return ana, ben


async def test_who_comes_while_nobody_moves_sees_what_changes_next(stage: Stage) -> None:
    ana, ben = await two(stage)
    first = ben.shown
    await stage.change()
    assert ana.shown is ben.shown is not first


async def test_who_has_gone_is_shown_nothing_more(stage: Stage) -> None:
    ana, ben = await two(stage)
    stage.audience.part(ben)
    last = ben.shown
    await stage.change()
    assert ben.shown is last is not ana.shown


async def test_who_was_taken_for_dead_comes_back_until_it_is_so(stage: Stage) -> None:
    await stage.arrive(ANA)
    ana = listener(ANA)
    stage.audience.join(ana)
    await stage.do(Drop(person=ANA, connection=ana.connection))
    asked = len(stage.came_back)
    assert asked
    await stage.change()  # nobody in the room has changed, and the store had not answered
    assert len(stage.came_back) > asked
    await stage.do(Arrive(person=ANA, connection=ana.connection))
    asked = len(stage.came_back)
    await stage.change()
    assert len(stage.came_back) == asked


async def test_what_one_read_has_brought_is_told_once(stage: Stage) -> None:
    told: list[int] = []
    stage.replica.watchers.append(lambda replica: told.append(replica.position.version))
    stage.replica.tell()
    stage.replica.tell()
    assert told == []
    await asyncio.sleep(0)
    assert told == [stage.replica.position.version]


async def test_who_does_something_is_answered_before_it_is_shown(stage: Stage) -> None:
    ana, _ = await two(stage)
    before = ana.shown
    unseen_when_answered: list[bool] = []
    for _ in range(2):  # a busy machine may show them late, in the first of these
        await asyncio.sleep(2 * COALESCE_SECONDS)  # what changes next is shown at once
    doing = stage.rooms.submit(stage.replica, SetPrompt(by=FAY, text="What helps?"))
    doing.add_done_callback(lambda _: unseen_when_answered.append(ana.shown is before))
    speak = stage.replica.speak

    def due_before_the_answer() -> None:  # as by a timer
        speak()
        stage.audience.changed(stage.replica)

    stage.replica.speak = due_before_the_answer  # type: ignore[method-assign]
    assert isinstance(await doing, Done)
    assert unseen_when_answered == [True]
    await asyncio.sleep(0)
    assert ana.shown is not before


async def test_another_name_is_on_the_screen_that_was_open(stage: Stage) -> None:
    door = Enter(person=ANA, role=Role.PARTICIPANT, name="Ana", browser="hers", consent="1")
    await stage.do(door)
    await stage.do(Arrive(person=ANA, connection=listener(ANA).connection))
    ana = listener(ANA)
    stage.audience.join(ana)
    assert b'"name":"Ana"' in ana.who
    await stage.do(replace(door, person=BEN, name="Anahita"))
    assert b'"name":"Anahita"' in ana.who


async def test_who_was_replaced_a_moment_ago_is_still_shown_who_they_are(stage: Stage) -> None:
    await two(stage)
    older = replace(listener(ANA), connection=ConnectionId(f"{WORKER}.older"))
    stage.replica.tell()
    stage.audience.join(older)
    assert older.shown
    assert b'"name":"ana"' in older.who
    await asyncio.sleep(0)
    assert not older.outbox.is_open


async def test_a_change_is_rendered_once_for_each_role(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await two(stage)
    await stage.arrive(OLI, Role.OBSERVER)
    stage.audience.join(listener(OLI))
    await asyncio.sleep(2 * COALESCE_SECONDS)
    render, rendered = stage.audience._render, list[Shape]()

    def counted(room: Room, shape: Shape) -> bytes:
        rendered.append(shape)
        return render(room, shape)

    monkeypatch.setattr(stage.audience, "_render", counted)
    stage.audience._shown_at = 0.0  # long ago, also on a machine that has just stood still
    assert isinstance(await stage.rooms.submit(stage.replica, SetPrompt(by=FAY, text="Once")), Done)
    await asyncio.sleep(2 * COALESCE_SECONDS)
    assert sorted(rendered) == [Role.OBSERVER, Role.PARTICIPANT]


@pytest.mark.parametrize("answer", ["unknown", "repeated", "refused", "refused and unknown"])
async def test_who_leaves_is_answered_before_they_are_closed_whatever_the_answer(
    stage: Stage, client: Redis, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    ana, _ = await two(stage)
    key = log_key(stage.replica.session)
    heard = client.pubsub(ignore_subscribe_messages=True)
    await heard.subscribe(key)
    append = stage.rooms.log.append

    async def heard_before_the_answer(*args: Any, **how: Any) -> Any:
        stored: Any = await append(*args, **how)
        while (said := await heard.get_message(timeout=2)) is None:
            pass
        stage.rooms.heard(key, said["data"])
        if answer == "unknown":
            raise LogUnavailable
        if answer.startswith("refused"):  # what a try before had stored
            raise StoreRefused("OOM")
        return Repeated({0: stored.positions[0]})

    async def refuses_to_look(*_: Any) -> Any:
        raise StoreRefused("WRONGTYPE")

    monkeypatch.setattr(stage.rooms.log, "append", heard_before_the_answer)
    if answer == "refused and unknown":
        monkeypatch.setattr(stage.rooms.log, "find", refuses_to_look)
    answered_while_open: list[bool] = []
    leaving = stage.rooms.submit(stage.replica, Leave(by=ANA), "leave:1")
    leaving.add_done_callback(lambda _: answered_while_open.append(ana.outbox.is_open))
    outcome = await leaving
    assert outcome == UNKNOWN if "unknown" in answer else isinstance(outcome, Done)
    assert answered_while_open == [True]
    await asyncio.sleep(0.05)
    assert not ana.outbox.is_open
    await heard.aclose()  # type: ignore[no-untyped-call]


async def test_an_end_that_a_failover_takes_back_ends_nobody(
    stage: Stage, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.sockets.audience.ENDED_SECONDS", 0.2)
    ana, _ = await two(stage)
    for command in (SetOnCall(by=FAY, text="Dr Rao"), Begin(by=FAY)):
        await stage.do(command)
    begun = stage.replica.position.version
    await stage.do(EndSession(by=FAY, confirm=True))
    await client.ltrim(log_key(stage.replica.session), 0, begun - 1)
    await stage.rooms.compare()
    await asyncio.sleep(0.4)
    assert ana.outbox.is_open
    await stage.do(EndSession(by=FAY, confirm=True))
    await asyncio.sleep(0.4)
    assert not ana.outbox.is_open


async def test_who_came_back_in_what_a_failover_lost_stays(stage: Stage, client: Redis) -> None:
    ana, _ = await two(stage)
    before = stage.replica.position.version
    stage.audience.part(ana)
    await stage.do(Drop(person=ANA, connection=ana.connection))
    back = listener(ANA)
    back.connection = ConnectionId(f"{WORKER}.back")
    arrive = Arrive(person=ANA, connection=back.connection, again=True)
    await stage.do(arrive)
    stage.audience.join(back)
    await client.ltrim(log_key(stage.replica.session), 0, before - 1)
    await stage.rooms.compare()
    await asyncio.sleep(0)
    assert set(stage.came_back) == {ANA}
    await stage.do(Drop(person=ANA, connection=ana.connection))  # as presence judges
    await stage.do(arrive)
    assert back.outbox.is_open
    assert stage.audience.replica.room
    assert stage.audience.replica.room.people[ANA].connection == back.connection


async def test_who_has_gone_is_kept_by_nothing(stage: Stage) -> None:
    stage.audience.join(listener(FAY))
    ana, ben = await two(stage)
    await stage.change()
    gone = [weakref.ref(one.outbox) for one in (ana, ben)]
    for one in (ana, ben):
        stage.audience.part(one)
    await stage.change()  # nobody is shown what they were
    del one, ana, ben
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


async def test_everybody_is_shown_who_they_are_after_any_change(stage: Stage) -> None:
    door = Enter(person=ANA, role=Role.PARTICIPANT, name="Ana", browser="hers", consent="1")
    await stage.do(door)
    await stage.do(Arrive(person=ANA, connection=listener(ANA).connection))
    await stage.arrive(BEN)
    ana, ben = listener(ANA), listener(BEN)
    stage.audience.join(ana)
    stage.audience.join(ben)
    sinks = {one.person: cast(Sink, one.outbox._socket) for one in (ana, ben)}

    def shown(person: PersonId) -> dict[str, Any]:
        parts = read_frames(b"".join(sinks[person].newest))
        you: dict[str, Any] = json.loads(b"".join(part.data for part in parts))["you"]
        return you

    await stage.change()
    await stage.do(replace(door, person=OLI, name="Ana %d"))
    assert (shown(ANA)["name"], shown(BEN)["name"]) == ("Ana %d", "ben")
    await stage.arrive(CAI)  # another participant sits down: everybody's people change
    late = listener(CAI)
    stage.audience.join(late)  # and only they are shown it now
    await stage.change()
    assert [shown(one)["person"] for one in (ANA, BEN)] == [ANA, BEN]
    stage.audience.part(ben)
    await stage.change()
    assert shown(ANA)["person"] == ANA
    assert shown(ANA)["name"] == "Ana %d"


async def test_who_leaves_is_answered_before_they_are_closed(stage: Stage) -> None:
    ana, ben = await two(stage)
    answered_while_open: list[bool] = []
    leaving = stage.rooms.submit(stage.replica, Leave(by=ANA))
    leaving.add_done_callback(lambda _: answered_while_open.append(ana.outbox.is_open))
    speak = stage.replica.speak

    def shown_before_the_answer() -> None:  # as by a timer, or for somebody who has just come in
        stage.audience.refresh()
        stage.audience.join(ben)
        speak()
        stage.replica.tell()
        stage.audience.refresh()

    stage.replica.speak = shown_before_the_answer  # type: ignore[method-assign]
    assert isinstance(await leaving, Done)
    assert answered_while_open == [True]
    await stage.change()
    assert not ana.outbox.is_open
