"""What happens to a room while an answer of the store is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from server.rooms.draft import wake_at
from server.rooms.outcomes import Done
from server.rooms.presence import Presence
from server.rooms.rooms import Rooms
from server.sockets.audience import Audience
from server.sockets.fanout import Fanout
from server.sockets.listener import Listener
from server.sockets.live import Live
from server.sockets.outbox import Outbox
from server.store.errors import LogUnavailable, StoreRefused
from server.store.life import Life
from server.store.position import START, Element, Position, parse_message
from server.store.room_log import Appended, NotDue, Outcome, Repeated, RoomLog, log_key
from session_engine import Arrive, Command, ConnectionId, Drop, PersonId, Role, next_deadline
from session_engine.commands import Begin, EndSession, SetOnCall
from tests.server.one_room import WORKER, Sink, enter, opened


class Meanwhile(RoomLog):
    """A log whose answers may be held back, or come when the world is another one."""

    def __init__(self, client: Redis) -> None:
        super().__init__(client, replicated=False)
        self.hold_append: asyncio.Event | None = None
        self.hold_read: asyncio.Event | None = None
        self.hold_whole: asyncio.Event | None = None
        self.not_due = False
        self.fails = False
        self.refuses = False
        self.finds: dict[str, Position] = {}
        self.is_deaf = False
        self.rooms: Rooms | None = None
        self.cut_to = 0
        self.then: Command | None = None  # what another worker stores after the cut

    async def append(self, session: str, expected: Position, *args: Any, **fields: Any) -> Outcome:
        if self.not_due:
            self.not_due = False
            return NotDue(fields["decided_at"])
        if (hold := self.hold_append) is not None:
            self.hold_append = None
            await hold.wait()
        if self.fails:
            raise LogUnavailable("no answer came")
        if self.refuses:
            raise StoreRefused("READONLY")
        outcome = await super().append(session, expected, *args, **fields)
        if self.is_deaf:
            self.is_deaf = False
            raise LogUnavailable("the answer was lost")
        if self.cut_to and isinstance(outcome, Appended | Repeated):
            await self._client.ltrim(log_key(session), 0, self.cut_to - 1)
            self.cut_to = 0
            if self.rooms and self.then:
                elsewhere = await another_worker(self.rooms, self._client)
                await elsewhere.submit(await elsewhere.open(session), self.then)
            replica = self.rooms.find(session) if self.rooms else None
            assert self.rooms
            assert replica
            await self.rooms.repair(replica)
        return outcome

    async def find(self, session: str, ids: Sequence[str]) -> dict[str, Position]:
        return self.finds or await super().find(session, ids)

    async def read(self, session: str, after: Position = START) -> list[Element] | None:
        elements = await super().read(session, after)
        if (hold := self.hold_read) is not None:
            self.hold_read = None
            await hold.wait()
        if after == START and (hold := self.hold_whole) is not None:
            self.hold_whole = None
            await hold.wait()
        return elements


@pytest.fixture
def log(client: Redis) -> Meanwhile:
    return Meanwhile(client)


async def another_worker(rooms: Rooms, client: Redis) -> Rooms:
    return Rooms(RoomLog(client, replicated=False), rooms.clock, rooms.watch, "w2")


async def test_what_was_lost_before_its_answer_came_is_decided_again(
    store_url: str, client: Redis, log: Meanwhile, caplog: pytest.LogCaptureFixture
) -> None:
    replica, rooms = await opened(store_url, client, log)
    log.rooms = rooms
    for person in ("ana", "ben"):
        await rooms.submit(replica, enter(person))
    log.cut_to = replica.position.version - 1  # a failover: Ben and Cai are not there
    assert isinstance(await rooms.submit(replica, enter("cai"), "cai:1"), Done)
    assert await client.llen(log_key(replica.session)) == replica.position.version
    assert replica.room is not None
    assert {"ana", "cai"} == set(replica.room.people)
    assert "defect" not in caplog.text


async def test_an_older_reading_of_the_whole_log_takes_nothing_back(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    for person in ("ana", "ben", "cai"):
        await rooms.submit(replica, enter(person))
    cuts: list[Mapping[PersonId, list[str]]] = []
    replica.on_lost.append(cuts.append)
    await client.ltrim(log_key(replica.session), 0, replica.position.version - 2)
    log.hold_whole = hold = asyncio.Event()
    repair = rooms.repair(replica)
    await asyncio.sleep(0.05)
    assert isinstance(await rooms.submit(replica, enter("dan"), "dan:1"), Done)
    at, told = replica.position, list(cuts)
    hold.set()
    await repair
    assert (replica.position, cuts) == (at, told)
    assert len(told) == 1


async def test_what_is_heard_while_the_log_is_read_is_read_too(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    other = await another_worker(rooms, client)
    there = await other.open(replica.session)
    heard = client.pubsub(ignore_subscribe_messages=True)
    await heard.subscribe(log_key(replica.session))
    log.hold_read = hold = asyncio.Event()
    await other.submit(there, enter("ana"))
    repair = rooms.repair(replica)
    await asyncio.sleep(0.05)
    await other.submit(there, enter("ben"))
    messages: list[bytes] = []
    while len(messages) < 2:
        if (said := await heard.get_message(timeout=2)) is not None:
            messages.append(said["data"])
    assert parse_message(messages[-1]).before != replica.position
    rooms.heard(log_key(replica.session), messages[-1])
    hold.set()
    await repair
    assert replica.position == there.position
    await heard.aclose()  # type: ignore[no-untyped-call]


async def other_entering(rooms: Rooms, client: Redis, session: str, person: str) -> bytes:
    """Let somebody in on another worker; return what is heard of it."""
    other = await another_worker(rooms, client)
    there = await other.open(session)
    async with client.pubsub(ignore_subscribe_messages=True) as heard:
        await heard.subscribe(log_key(session))
        assert isinstance(await other.submit(there, enter(person)), Done)
        while (said := await heard.get_message(timeout=2)) is None:
            pass
    data = said["data"]
    assert isinstance(data, bytes)
    return data


async def test_what_is_heard_while_records_are_on_their_way_waits_for_their_answer(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    assert replica.room is not None
    log.hold_append = hold = asyncio.Event()
    own = rooms.submit(replica, enter("ana"), "ana:1")
    await asyncio.sleep(0.05)
    message = await other_entering(rooms, client, replica.session, "ben")
    rooms.heard(log_key(replica.session), message)
    assert not replica.room.people
    hold.set()
    assert isinstance(await own, Done)  # decided again, behind what was heard
    assert list(replica.room.people) == ["ben", "ana"]


async def test_what_was_heard_is_taken_when_no_answer_comes(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    told: list[int] = []
    replica.watchers.append(lambda one: told.append(one.position.version))
    log.hold_append = hold = asyncio.Event()
    log.fails = True
    own = rooms.submit(replica, enter("ana"), "ana:1")
    await asyncio.sleep(0.05)
    message = await other_entering(rooms, client, replica.session, "ben")
    rooms.heard(log_key(replica.session), message)
    hold.set()
    assert not isinstance(await own, Done)
    await asyncio.sleep(0)
    assert replica.room is not None
    assert list(replica.room.people) == ["ben"]
    assert told == [replica.position.version]


async def test_what_is_heard_and_cannot_be_read_is_no_fault_of_our_records(
    store_url: str, client: Redis, log: Meanwhile, caplog: pytest.LogCaptureFixture
) -> None:
    replica, rooms = await opened(store_url, client, log)
    log.hold_append = hold = asyncio.Event()
    own = rooms.submit(replica, enter("ana"), "ana:1")
    await asyncio.sleep(0.05)
    at = replica.position
    broken = b"%d %b x 44\n%b" % (at.version, at.head.encode(), b"f" * 40 + b"what")
    rooms.heard(log_key(replica.session), broken)
    hold.set()
    assert isinstance(await own, Done)
    assert "defect in the feed: ValueError" in caplog.text


async def test_what_is_not_due_waits_for_itself_and_for_no_later_deadline(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    meera, line = PersonId("meera"), ConnectionId("w1.1")
    await rooms.submit(replica, enter(meera, Role.FACILITATOR))
    await rooms.submit(replica, Arrive(person=meera, connection=line))
    await rooms.submit(replica, Drop(person=meera, connection=line))
    assert replica.room is not None
    deadline = next_deadline(replica.room)
    assert deadline is not None
    assert deadline - rooms.clock.now_ms() > 2_000
    log.not_due = True
    async with asyncio.timeout(1):
        assert isinstance(await rooms.submit(replica, enter("ana"), "ana:1"), Done)


async def test_who_gave_up_is_not_decided_again(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    ana = PersonId("ana")
    await rooms.submit(replica, enter(ana))
    other = await another_worker(rooms, client)
    there = await other.open(replica.session)
    log.hold_append = hold = asyncio.Event()
    old = rooms.submit(replica, Arrive(person=ana, connection=ConnectionId("w1.1")))
    await asyncio.sleep(0.05)
    old.cancel()  # the page gave up on this worker, and comes in on the other
    await other.submit(there, Arrive(person=ana, connection=ConnectionId("w2.1")))
    hold.set()
    await rooms.drained()
    await other.catch_up(there)
    assert there.room is not None
    assert there.room.people[ana].connection == "w2.1"


async def test_who_has_come_elsewhere_is_not_taken_back_by_the_worker_that_stood_still(
    store_url: str, client: Redis, log: Meanwhile
) -> None:
    replica, rooms = await opened(store_url, client, log)
    ana, here, there = PersonId("ana"), ConnectionId("w1.1"), ConnectionId("w2.1")
    await rooms.submit(replica, enter(ana))
    await rooms.submit(replica, Arrive(person=ana, connection=here))
    other = await another_worker(rooms, client)
    copy = await other.open(replica.session)
    await other.submit(copy, Drop(person=ana, connection=here))  # it stood still for a lease
    await rooms.catch_up(replica)
    log.hold_append = hold = asyncio.Event()
    back = rooms.submit(replica, Arrive(person=ana, connection=here, again=True))
    await asyncio.sleep(0.05)
    await other.submit(copy, Arrive(person=ana, connection=there))
    hold.set()
    assert isinstance(await back, Done)
    assert replica.room is not None
    assert replica.room.people[ana].connection == there
    # Nobody has come elsewhere: then it is taken back.
    await other.submit(copy, Drop(person=ana, connection=there))
    await rooms.catch_up(replica)
    await rooms.submit(replica, Arrive(person=ana, connection=here, again=True))
    assert replica.room.people[ana].connection == here


async def test_a_room_that_has_ended_is_let_go_with_all_who_were_in_it(
    store_url: str, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica, rooms = await opened(store_url, client)
    fay, connection = PersonId("fay"), ConnectionId("w1.1")
    await rooms.submit(replica, enter(fay, Role.FACILITATOR))
    await rooms.submit(replica, Arrive(person=fay, connection=connection))
    await rooms.submit(replica, SetOnCall(by=fay, text="Dr Rao"))
    await rooms.submit(replica, Begin(by=fay))
    await rooms.submit(replica, EndSession(by=fay, confirm=True))
    assert replica.room is not None
    assert replica.room.stage == "ended"
    assert wake_at(replica.room, replica.room.last_at) is None
    await rooms.submit(replica, Drop(person=fay, connection=connection))
    dropped: list[Command] = []
    monkeypatch.setattr(rooms, "submit", lambda _, command: dropped.append(command))
    rooms.watch._judge_nobody_until = 0
    await Presence(rooms, Life(client)).judge(rooms.opened())
    assert not dropped
    rooms.release(replica)
    monkeypatch.setattr("server.rooms.rooms.FORGET_SECONDS", -1)
    rooms._forget_unused()
    assert not rooms.opened()


async def test_who_cannot_be_shown_the_room_leaves_nothing_behind(
    store_url: str, client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    replica, rooms = await opened(store_url, client)
    presence = Presence(rooms, Life(client))
    fanout = Fanout(rooms, presence, Live(None, rooms.clock, WORKER))
    ana, connection = PersonId("ana"), presence.new_connection()
    await rooms.submit(replica, enter(ana))
    await presence.arrive(replica, ana, connection)
    listener = Listener(connection=connection, person=ana, outbox=Outbox(cast(Any, Sink())))

    def no_memory(*_: object) -> bytes:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(Audience, "_render", no_memory)
        with pytest.raises(MemoryError):
            await fanout.join(replica, listener)
    assert not fanout.audiences()
    audience = await fanout.join(replica, listener)
    assert list(audience.listeners) == [connection]
