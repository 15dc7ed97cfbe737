"""Text turns and gestures: in memory only, the same on every worker."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import cast

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from server.rooms.ending import end_all
from server.rooms.presence import Presence
from server.sockets.audience import Audience
from server.sockets.conversation import Conversation
from server.sockets.fanout import Fanout
from server.sockets.flood import Allowance, FloodLimit
from server.sockets.listener import Listener
from server.sockets.live import CLOCKS_APART_MS, Live, live_channel
from server.sockets.outbox import Outbox
from server.sockets.protocol import RoomSocketProtocol
from server.store.client import TIMEOUT_SECONDS, open_client
from server.store.embedded_valkey import EmbeddedValkey
from server.store.life import Life
from server.store.redis_clock import RedisClock
from server.store.room_log import log_key
from server.store.trips import Trips
from session_engine import Arrive, ConnectionId, PersonId, Role
from session_engine import Person as Someone
from tests.server.house import House
from tests.server.one_room import Sink, enter, opened
from tests.server.people import Frame, Person

ANA = Someone(
    id=PersonId("ana"),
    role=Role.PARTICIPANT,
    name="Ana",
    browser="",
    consent="1",
    state="seated",
)


def text(frame: Frame) -> bool:
    return (frame["type"], frame.get("kind")) == ("live", "text")


def gesture(frame: Frame) -> bool:
    return (frame["type"], frame.get("kind")) == ("live", "gesture")


async def speaking(house: House) -> tuple[Person, Person, Person]:
    """A facilitator, Ana who speaks, and Ben on the other worker."""
    session = await house.create(accept_window_s=0)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    await facilitator.see(lambda view, you: len(view["people"]) == 3)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    for person in (ana, ben):
        await person.see(lambda view, you: view["turn"] is not None)
    return facilitator, ana, ben


async def test_a_text_turn_reaches_everybody_and_who_comes_back(house: House) -> None:
    facilitator, ana, ben = await speaking(house)
    turn = ana.view["turn"]["id"]
    await ana.done("write", turn=turn, text="I would")
    await ana.done("write", turn=turn, text="I would like")
    for person in (facilitator, ben):
        said = await person.find(lambda f: text(f) and f["text"] == "I would like")
        assert (said["turn"], said["person"]) == (turn, ana.id)
    await ben.go()
    await ben.come(house.workers[0])
    assert (await ben.find(text))["text"] == "I would like"


async def test_a_worker_that_comes_to_a_turn_late_asks_for_the_text_so_far(house: House) -> None:
    session = await house.create(accept_window_s=0)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    await facilitator.see(lambda view, you: view["people"][0]["present"])
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    view = await ana.see(lambda view, you: view["turn"] is not None)
    await ana.done("write", turn=view["turn"]["id"], text="before you came")
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    assert (await ben.find(text))["text"] == "before you came"


async def test_words_of_a_turn_are_forgotten_when_it_ends(house: House) -> None:
    _, ana, ben = await speaking(house)
    turn = ana.view["turn"]["id"]
    await ana.done("write", turn=turn, text="only now")
    await ben.find(text)
    await ana.done("finish_turn", turn=turn)
    await ben.see(lambda view, you: view["turn"] is None or view["turn"]["id"] != turn)
    await ben.go()
    await ben.come(house.workers[0])
    await ben.send_text('{"ping": 1}')
    await ben.find(lambda frame: frame["type"] == "pong")
    assert not any(text(frame) for frame in ben.frames)


async def test_gestures_are_counted_without_names(house: House) -> None:
    facilitator, ana, ben = await speaking(house)
    for _ in range(5):
        await ben.done("gesture", kind="with_you")
    await facilitator.done("gesture", kind="with_you")
    for person in (ana, ben):
        made = await person.find(gesture)
        assert made == {"type": "live", "kind": "gesture", "gesture": "with_you", "count": 2}


async def test_an_observer_hears_nothing(house: House) -> None:
    facilitator, ana, ben = await speaking(house)
    observer = await Person.enter(house, ana.session, Role.OBSERVER, "Watch", 1)
    await ana.done("write", turn=ana.view["turn"]["id"], text="for the circle")
    await ben.done("gesture", kind="thank_you")
    await ben.find(gesture)
    await observer.send_text('{"ping": 1}')
    await observer.find(lambda frame: frame["type"] == "pong")
    assert not any(frame["type"] == "live" for frame in observer.frames)
    assert await observer.refused("write", turn=None, text="x") == "not_allowed"
    assert facilitator.view["observers"] == 1


async def test_somebody_at_the_door_hears_nothing(house: House) -> None:
    facilitator, ana, ben = await speaking(house)
    await ana.done("write", turn=ana.view["turn"]["id"], text="this is private")
    await ben.find(text)
    await facilitator.done("set_doors", doors="knock")
    for worker in (0, 1):
        stranger = await Person.at_door(house, ana.session, Role.PARTICIPANT, "New", worker)
        await stranger.open()
        await stranger.see()
        await stranger.send_text('{"ping": 1}')
        await stranger.find(lambda frame: frame["type"] == "pong")
        assert "private" not in "".join(stranger.raw)
        assert stranger.view == {"waiting": True}


async def test_who_was_let_in_is_told_the_text_so_far(house: House) -> None:
    facilitator, ana, _ = await speaking(house)
    await facilitator.done("set_doors", doors="knock")
    strangers = [
        await Person.at_door(house, ana.session, Role.PARTICIPANT, "New", worker)
        for worker in (0, 1)
    ]
    for stranger in strangers:
        await stranger.come()
    await ana.done("write", turn=ana.view["turn"]["id"], text="before you were in")
    for stranger in strangers:
        await facilitator.done("admit", person=stranger.id)
        assert (await stranger.find(text))["text"] == "before you were in"


def private(frame: Frame) -> bool:
    return frame["type"] == "alert" or frame.get("kind") == "line"


@pytest.mark.parametrize("worker", [0, 1])
async def test_private_words_wait_for_who_is_between_two_sockets(house: House, worker: int) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 0)
    facilitator.vanish()
    await ana.done("say_privately", text="are you there")
    await ana.done("ask_support", kind="after", note="please call")
    await facilitator.come(house.workers[worker])
    said = await facilitator.find(lambda frame: frame.get("kind") == "line")
    assert (said["text"], said["from"], said["to"]) == ("are you there", ana.id, None)
    assert (await facilitator.find(lambda f: f["type"] == "alert"))["note"] == "please call"
    await facilitator.done("say_privately", to=ana.id, text="I am")
    await ana.find(lambda frame: frame.get("text") == "I am")
    for person, lines in ((ana, ["are you there", "I am"]), (ben, [])):
        await person.go()
        await person.come(house.workers[1 - worker])
        for line in lines:  # the worker may have to ask another
            await person.find(lambda frame: frame.get("text") == line)  # noqa: B023
        await person.send_text('{"ping": 1}')
        await person.find(lambda frame: frame["type"] == "pong")
        assert [frame["text"] for frame in person.frames if private(frame)] == lines
    assert [private(frame) for frame in facilitator.frames].count(True) == 3


async def test_private_words_are_not_for_who_has_the_browser_next(house: House) -> None:
    session = await house.create()
    library = "the browser in the library"
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    door = house, session, Role.PARTICIPANT
    ana = await Person.at_door(*door, "Ana", browser=library)
    await ana.come()
    await ana.done("say_privately", text="for nobody else")
    await facilitator.find(lambda frame: frame.get("kind") == "line")
    await ana.done("leave")
    await asyncio.sleep(2 * CLOCKS_APART_MS / 1000)
    cai = await Person.at_door(*door, "Cai", browser=library)
    await cai.come()
    assert cai.id == ana.id
    late = await Person.enter(house, session, Role.FACILITATOR, "Late", 1)
    await asyncio.sleep(0.2)  # worker 1 has just asked worker 0
    for person in (cai, late):
        await person.send_text('{"ping": 1}')
        await person.find(lambda frame: frame["type"] == "pong")
        assert not any(private(frame) for frame in person.frames)


async def test_an_older_text_does_not_replace_a_newer_one(store_url: str, client: Redis) -> None:
    replica, rooms = await opened(store_url, client)
    await rooms.submit(replica, enter("ana"))
    await rooms.submit(replica, Arrive(person=ANA.id, connection=ConnectionId("w1.ana")))
    live = Live(client, rooms.clock, "w1")
    audience = Audience(replica, rooms.clock, lambda *_: None)
    feed = asyncio.create_task(live.feed.run()) if live.feed else None
    assert feed
    await live.open(audience)
    live.write(replica.session, "ana", None, "I would like")
    written = rooms.clock.now_ms()

    def heard_from_w2(words: str, at: int) -> None:
        said = {"kind": "text", "turn": None, "person": "ana", "text": words, "at": at}
        live._heard(live_channel(replica.session), orjson.dumps(["w2", said]))

    heard_from_w2("I would", written - 1_000)  # whose line to the bus was broken meanwhile
    sink = Sink()
    listener = Listener(ConnectionId("w1.ana"), ANA.id, Outbox(cast(RoomSocketProtocol, sink)))
    live.catch_up(audience, listener)
    assert b"I would like" in sink.newest[0]
    heard_from_w2("I would love", written + 1)
    live.catch_up(audience, listener)
    assert b"I would love" in sink.newest[0]
    assert b'"at"' not in sink.newest[0]
    live.close(audience)
    await end_all({feed})


async def test_a_private_line_is_not_called_done_while_it_cannot_leave(own_house: House) -> None:
    nowhere = f"unix://{own_house.directory / 'nobody-listens.sock'}"
    worker = own_house.start_worker(nowhere)
    session = await own_house.create()
    facilitator = await Person.enter(own_house, session, Role.FACILITATOR, "Meera")
    ana = await Person.enter(own_house, session, Role.PARTICIPANT, "Ana")
    assert (await ana.do("say_privately", text="are you there"))["type"] == "unknown"
    # Who is told so says it again, so nobody may have seen it.
    assert not any(frame.get("kind") == "line" for frame in facilitator.frames + ana.frames)
    assert (await ana.do("ask_support", kind="now", note="please"))["type"] == "unknown"
    # The call itself is stored, whatever happens to the words.
    await facilitator.see(lambda view, you: len(view["alerts"]) == 1)
    async with httpx.AsyncClient() as client:
        warnings = (await client.get(f"{worker.url}/readyz")).json()["warnings"]
    assert any("live store" in warning for warning in warnings)


async def test_what_waits_for_a_bus_that_hangs_is_answered_together(tmp_path: Path) -> None:
    bus = EmbeddedValkey(tmp_path, name="live", kept=False)
    bus.start()
    client = open_client(bus.url)
    clock = RedisClock(client)
    await clock.sync()
    assert bus.pid
    os.kill(bus.pid, signal.SIGSTOP)
    try:
        live = Live(client, clock, "w1")
        words = [live.line("s1", ANA, None, f"word {number}") for number in range(5)]
        async with asyncio.timeout(2 * TIMEOUT_SECONDS):  # not as long for each of them
            assert await asyncio.gather(*filter(None, words)) == [False] * 5
    finally:
        os.kill(bus.pid, signal.SIGCONT)
        await client.aclose()
        bus.stop()


async def test_a_defect_on_the_way_out_leaves_nobody_without_an_answer(
    client: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("the word itself")

    monkeypatch.setattr(Trips, "publish", broken)
    clock = RedisClock(client)
    await clock.sync()
    live = Live(client, clock, "w1")
    async with asyncio.timeout(5):
        words = [live.line("s1", ANA, None, f"word {number}") for number in range(2)]
        assert await asyncio.gather(*filter(None, words)) == [False] * 2
    assert "defect in passing on" in caplog.text
    assert "the word itself" not in caplog.text


async def test_who_is_not_shown_a_room_after_all_leaves_no_trace(
    store_url: str, client: Redis
) -> None:
    class Broken(Live):
        async def open(self, audience: Audience) -> None:
            await super().open(audience)
            raise TimeoutError

    replica, rooms = await opened(store_url, client)
    connection = ConnectionId("w1.ana")
    await rooms.submit(replica, enter("ana"))
    await rooms.submit(replica, Arrive(person=ANA.id, connection=connection))
    watchers = list(replica.watchers)
    fanout = Fanout(rooms, Presence(rooms, Life(client)), Broken(None, rooms.clock, "w1"))
    outbox = Outbox(cast(RoomSocketProtocol, Sink()))
    with pytest.raises(TimeoutError):
        await fanout.join(replica, Listener(connection, ANA.id, outbox))
    assert fanout.audiences() == []
    assert replica.watchers == watchers


async def test_a_defect_in_an_answer_ends_this_socket_with_a_reason(
    store_url: str, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Broken(Live):
        def line(self, *_: object) -> None:
            raise ValueError

    class Closing(Sink):
        def end(self, code: int, reason: str) -> None:
            closed.set_result(code)

    replica, rooms = await opened(store_url, client)
    await rooms.submit(replica, enter("ana"))
    outbox = Outbox(cast(RoomSocketProtocol, Closing()))
    listener = Listener(ConnectionId("w1.ana"), ANA.id, outbox)
    flood = FloodLimit(time.monotonic, Allowance(time.monotonic))
    live = Broken(None, rooms.clock, "w1")
    conversation = Conversation(rooms, live, replica, listener, Role.PARTICIPANT, flood)
    conversation.take('{"id": "1", "do": "say_privately", "text": "are you there"}')
    assert await asyncio.wait_for(closed, 5) == 1011
    assert "defect in a socket: ValueError" in caplog.text


async def test_words_stand_in_no_log_and_are_not_lost_with_one(own_house: House) -> None:
    own_house.start_worker()
    session = await own_house.create()
    facilitator = await Person.enter(own_house, session, Role.FACILITATOR, "Meera")
    ana = await Person.enter(own_house, session, Role.PARTICIPANT, "Ana")
    await facilitator.done("add_theme", id="t1", text="sleep")
    await ana.done("say_privately", text="hello")
    async with own_house.client() as client:
        end = await client.llen(log_key(session))
        await client.ltrim(log_key(session), 0, end - 2)
    assert (await facilitator.find(lambda f: f["type"] == "lost"))["ids"] == ["t1"]
    await ana.send_text('{"ping": 1}')
    await ana.find(lambda f: f["type"] == "pong")
    assert not any(frame["type"] == "lost" for frame in ana.frames)
