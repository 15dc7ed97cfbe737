"""Who may open a voice socket, and when it closes."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from session_engine import Role
from tests.server.house import House
from tests.server.people import Person
from tests.server.voice.lines import Line, circle, sound


async def test_observers_cannot_open_it(house: House) -> None:
    made = await circle(house)
    observer = await Person.enter(house, made.session, Role.OBSERVER, "Watch", 1)
    line = await Line.knock(made.session, json.dumps({"pass": observer.pass_}), house.workers[0])
    assert await line.closed() == 4108


@pytest.mark.parametrize("mode", ["text", "hall"])
async def test_a_room_without_voice_has_no_voice_socket(house: House, mode: str) -> None:
    made = await circle(house, mode=mode)
    for person in (made.ana, made.meera):
        line = await Line.knock(made.session, json.dumps({"pass": person.pass_}), house.workers[0])
        assert await line.closed() == 4108
    assert made.ana.view["mode"] == mode
    await made.ana.done("write", turn=made.turn, text="I write instead")
    await made.ben.find(lambda frame: frame.get("text") == "I write instead")


async def test_who_knocks_hears_nothing(house: House) -> None:
    session = await house.create(doors="knock")
    await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    knocking = await Person.at_door(house, session, Role.PARTICIPANT, "Ana", 0)
    line = await Line.knock(session, json.dumps({"pass": knocking.pass_}), house.workers[0])
    assert await line.closed() == 4108


@pytest.mark.parametrize("first", ["{}", '{"pass": "x"}', "[]", "x", '{"pass": 1}'])
async def test_a_wrong_pass_is_refused(house: House, first: str) -> None:
    made = await circle(house)
    line = await Line.knock(made.session, first, house.workers[0])
    assert await line.closed() == 4100


async def test_a_pass_of_another_session_is_refused(house: House) -> None:
    made, other = await circle(house), await house.create()
    line = await Line.knock(other, json.dumps({"pass": made.ana.pass_}), house.workers[0])
    assert await line.closed() == 4100


async def test_silence_is_closed_after_five_seconds(house: House) -> None:
    line = await Line.knock("any", None, house.workers[0])
    assert await line.closed() == 4002


async def test_another_page_may_not_open_it(house: House) -> None:
    address = f"ws://127.0.0.1:{house.workers[0].port}/ws/rooms/any/voice"
    with pytest.raises(InvalidStatus) as refusal:
        await connect(address, additional_headers={"Origin": "http://evil.example"})
    assert refusal.value.response.status_code == 403


@pytest.mark.parametrize("second", [0, 1])
async def test_a_newer_voice_socket_replaces_the_older(house: House, second: int) -> None:
    made = await circle(house)
    ben = await Line.open(made.ben)
    older = await Line.open(made.ana, house.workers[0])
    newer = await Line.open(made.ana, house.workers[second])
    assert await older.closed() == 4104
    await newer.say(sound(made.number, opus=b"still here"))
    await ben.hears(b"still here")
    assert newer.close_code is None
    back = await Line.open(made.ana, house.workers[0])
    assert await newer.closed() == 4104
    await back.say(sound(made.number, opus=b"and back"))
    await ben.hears(b"and back")


async def test_who_opens_one_after_another_is_sent_away(house: House) -> None:
    made = await circle(house)
    token, worker = json.dumps({"pass": made.ben.pass_}), house.workers[1]
    coming = (Line.knock(made.session, token, worker) for _ in range(200))
    lines = await asyncio.gather(*coming)
    async with asyncio.timeout(8):
        while not any(line.close_code == 4103 for line in lines):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert {line.close_code for line in lines} <= {4103, 4104, None}


async def test_a_removed_person_neither_speaks_nor_hears(house: House) -> None:
    made = await circle(house)
    ben = await Line.open(made.ben)
    await made.meera.done("remove", person=made.ben.id)
    assert await ben.closed() == 4101
    again = await Line.knock(made.session, json.dumps({"pass": made.ben.pass_}), house.workers[0])
    assert await again.closed() == 4101


async def test_the_end_of_the_session_closes_it(house: House) -> None:
    made = await circle(house)
    lines = [await Line.open(person) for person in made.people]
    await made.meera.done("end_session", confirm=True)
    assert [await line.closed() for line in lines] == [4102] * 4


async def test_it_is_no_presence(house: House) -> None:
    made = await circle(house)
    ben = await Line.open(made.ben)
    await ben.go()
    await Line.open(made.ben)
    await made.ben.go()
    view = await made.meera.see(
        lambda view, you: not next(p for p in view["people"] if p["name"] == "Ben")["present"]
    )
    assert view["turn"]["state"] == "speaking"


async def test_facilitators_see_how_many_hear(house: House) -> None:
    made = await circle(house)
    await Line.open(made.meera)
    for person, hears in ((made.ana, True), (made.ben, True), (made.cai, False)):
        line = await Line.open(person)
        await line.socket.send(json.dumps({"hearing": hears, "buffer_ms": 200, "lost": 0}))
    found = await made.meera.find(
        lambda frame: frame.get("kind") == "hearing" and frame["hear"] == 2
    )
    assert found == {
        "type": "live",
        "kind": "hearing",
        "hear": 2,
        "of": 3,
        "trouble": [made.cai.id],
    }
    await asyncio.sleep(2.5)
    assert not any(
        frame.get("kind") == "hearing"
        for person in (made.ana, made.ben, made.cai)
        for frame in person.frames
    )
