"""Who is connected: one live connection a person, on whatever worker."""

from __future__ import annotations

import asyncio
import json
import signal
import time

import pytest

from session_engine import Role
from tests.server.house import House
from tests.server.people import Person
from tests.server.test_opening import ask, frame


@pytest.mark.parametrize("second", [0, 1], ids=["same worker", "other worker"])
async def test_a_newer_connection_replaces_the_older(house: House, second: int) -> None:
    session = await house.create()
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    twin = Person(house.workers[second], {"pass": ana.pass_, "person": ana.id, "session": session})
    await twin.come()
    assert await ana.closed() == 4104
    await twin.see(lambda view, you: view["people"][0]["present"])


@pytest.mark.parametrize("more", [False, True], ids=["the pass only", "a command behind it"])
async def test_who_gave_up_on_a_slow_worker_does_not_replace_themselves(
    own_house: House, more: bool
) -> None:
    slow, other = own_house.start_worker(), own_house.start_worker()
    session = await own_house.create()
    ana = await Person.enter(own_house, session, Role.PARTICIPANT, "Ana", 1)
    head, _, line = await ask(own_house, f"/ws/rooms/{session}")
    assert b" 101 " in head
    slow.process.send_signal(signal.SIGSTOP)
    try:
        line.write(frame(0x81, json.dumps({"pass": ana.pass_}).encode()))
        if more:
            line.write(frame(0x81, b'{"id": "h", "do": "raise_hand"}'))
        line.close()
        await ana.go()
        await ana.come(other)
    finally:
        slow.process.send_signal(signal.SIGCONT)
    await asyncio.sleep(1.5)
    assert ana.close_code is None
    assert ana.view["people"][0]["present"]


async def test_who_loses_the_line_is_away_after_3_seconds_and_keeps_the_seat(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await facilitator.see(lambda view, you: view["people"][0]["present"])
    await ana.go()
    await facilitator.see(lambda view, you: not view["people"][0]["present"])
    assert facilitator.view["people"][0]["id"] == ana.id
    await ana.come()
    await facilitator.see(lambda view, you: view["people"][0]["present"])


async def test_a_holder_who_drops_finds_the_same_turn_again(house: House) -> None:
    session = await house.create(accept_window_s=60)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    await facilitator.see(lambda view, you: len(view["people"]) == 2)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    turn = (await ana.see(lambda view, you: view["turn"] is not None))["turn"]["id"]
    await ana.done("start_turn", turn=turn)
    ana.vanish()
    held = await facilitator.see(lambda view, you: (view["turn"] or {}).get("state") == "held")
    assert held["turn"]["ends_at"] is None
    assert held["turn"]["remaining_ms"] > 50_000
    await ana.come(house.workers[1])
    assert ana.view["turn"]["id"] == turn
    await ana.done("start_turn", turn=turn)
    await facilitator.see(lambda view, you: (view["turn"] or {}).get("state") == "speaking")


async def test_a_removed_person_is_closed_and_stays_out(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await facilitator.done("remove", person=ana.id, reason="unkind")
    assert await ana.closed() == 4101
    await ana.open(house.workers[0])
    assert await ana.closed() == 4101
    await facilitator.see(lambda view, you: view["doors"] == "knock")


async def test_who_leaves_is_closed_quietly(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await ana.done("leave")
    assert await ana.closed() == 4107
    await facilitator.see(lambda view, you: len(view["people"]) == 1)


async def test_observers_are_closed_when_they_are_off(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    observer = await Person.enter(house, session, Role.OBSERVER, "Watch", 1)
    await facilitator.see(lambda view, you: view["observers"] == 1)
    await facilitator.done("set_observers", allowed=False)
    assert await observer.closed() == 4106
    await facilitator.see(lambda view, you: view["observers"] == 0)


async def test_a_knock_waits_until_the_facilitator_opens(house: House) -> None:
    session = await house.create(doors="knock")
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    assert ana.view == {"waiting": True}
    assert "position" not in (ana.latest or {})
    await facilitator.see(lambda view, you: len(view["knocking"]) == 2)
    await facilitator.done("admit", person=ana.id)
    await ana.see(lambda view, you: view.get("stage") == "lobby")
    await facilitator.done("turn_away", person=ben.id)
    assert await ben.closed() == 4105
    assert ben.view == {"waiting": True}


async def test_who_calls_at_the_end_stays_until_somebody_has_it(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 0)
    await facilitator.done("end_session", confirm=True)
    await ana.done("ask_support", kind="now", note="")
    assert await ben.closed(seconds=15) == 4102
    view = await facilitator.see(lambda view, you: len(view["alerts"]) == 1)
    # Another facilitator comes by the link, as the person on call would.
    gil = await Person.enter(house, session, Role.FACILITATOR, "Gil", 1)
    await gil.done("take_alert", alert=view["alerts"][0]["id"])
    await ana.see(lambda view, you: you["support"]["by"] == "Gil")
    for person in (ana, facilitator, gil):
        assert await person.closed(seconds=15) == 4102
    with pytest.raises(AssertionError, match="ended"):
        await Person.at_door(house, session, Role.FACILITATOR, "Late", 0)


async def test_who_has_a_call_is_to_be_seen_for_ten_seconds_also_soon_after_the_end(
    house: House,
) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    await facilitator.done("end_session", confirm=True)
    await ana.done("ask_support", kind="now", note="")
    view = await facilitator.see(lambda view, you: len(view["alerts"]) == 1)
    await asyncio.sleep(6)
    await facilitator.done("take_alert", alert=view["alerts"][0]["id"])
    taken = time.monotonic()
    assert await ana.closed(seconds=15) == 4102
    assert time.monotonic() - taken > 9


async def test_also_after_the_end_a_person_has_one_socket(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    await facilitator.done("begin")
    await ana.done("ask_support", kind="now")
    await facilitator.done("end_session", confirm=True)
    await ana.see(lambda view, you: view["stage"] == "ended")
    twin = Person(house.workers[0], {"pass": ana.pass_, "person": ana.id, "session": session})
    await twin.come()
    assert await ana.closed() == 4104
    await facilitator.done("take_alert", alert=facilitator.view["alerts"][0]["id"])
    await twin.see(lambda view, you: you["support"]["state"] == "taken")
