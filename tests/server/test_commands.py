"""A command is done once, refused without a trace, or unknown: never anything else."""

from __future__ import annotations

import asyncio

from session_engine import Role
from tests.server.house import House
from tests.server.people import Person


async def test_the_same_id_acts_once_on_the_same_socket(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    first = await facilitator.done("add_theme", id="once", text="sleep")
    again = await facilitator.done("add_theme", id="once", text="sleep")
    assert first["version"] == again["version"]
    await facilitator.see(lambda view, you: len(view["themes"]) == 1)


async def test_the_same_id_acts_once_on_another_worker(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, worker=0)
    first = await facilitator.done("add_theme", id="once", text="sleep")
    await facilitator.go()
    await facilitator.come(house.workers[1])
    again = await facilitator.done("add_theme", id="once", text="sleep")
    assert first["version"] == again["version"]
    assert len(facilitator.view["themes"]) == 1


async def test_a_repeated_next_is_done_not_stale(house: House) -> None:
    session = await house.create(accept_window_s=60)
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    people = [await Person.enter(house, session, Role.PARTICIPANT, name) for name in "ABC"]
    await facilitator.see(lambda view, you: len(view["people"]) == 4)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    view = await facilitator.see(lambda view, you: view["turn"] is not None)
    turn = view["turn"]["id"]
    first = await facilitator.done("next", id="n1", turn=turn)
    again = await facilitator.done("next", id="n1", turn=turn)
    assert again["version"] == first["version"]
    assert await facilitator.refused("next", id="n2", turn=turn) == "stale_turn"
    await facilitator.see(lambda view, you: (view["turn"] or {}).get("person") == people[1].id)


async def test_two_people_who_press_next_at_once_skip_nobody(house: House) -> None:
    session = await house.create(accept_window_s=60)
    one = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    other = await Person.enter(house, session, Role.FACILITATOR, "Dev", 1)
    people = [await Person.enter(house, session, Role.PARTICIPANT, name) for name in "ABC"]
    await one.see(lambda view, you: len(view["people"]) == 5)
    await one.done("begin")
    await one.done("advance", from_="welcome")
    for facilitator in (one, other):
        await facilitator.see(lambda view, you: view["turn"] is not None)
    turn = one.view["turn"]["id"]
    answers = await asyncio.gather(one.do("next", turn=turn), other.do("next", turn=turn))
    assert sorted(answer["type"] for answer in answers) == ["done", "refused"]
    for facilitator in (one, other):
        await facilitator.see(lambda view, you: (view["turn"] or {}).get("person") == people[1].id)


async def test_a_refusal_is_not_remembered(house: House) -> None:
    session = await house.create(on_call="")
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    assert await facilitator.refused("begin", id="b") == "no_on_call"
    await facilitator.done("set_on_call", text="Dr. Rao, 555")
    await facilitator.done("begin", id="b")


async def test_the_same_id_of_two_people_is_two_commands(house: House) -> None:
    session = await house.create()
    one = await Person.enter(house, session, Role.FACILITATOR, "Meera")
    other = await Person.enter(house, session, Role.FACILITATOR, "Dev")
    await one.done("add_theme", id="same", text="sleep")
    await other.done("add_theme", id="same", text="friends")
    await one.see(lambda view, you: len(view["themes"]) == 2)


async def test_commands_that_arrive_together_are_done_in_order(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    ids = [await facilitator.send("add_theme", text=f"theme {number}") for number in range(15)]
    for command_id in ids:
        await facilitator.find(lambda f, i=command_id: f.get("id") == i)  # type: ignore[misc]
    view = await facilitator.see(lambda view, you: len(view["themes"]) == 15)
    assert [theme["text"] for theme in view["themes"]] == [f"theme {n}" for n in range(15)]


async def test_a_repetition_gets_the_first_result_also_from_a_batch(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    ids = [await facilitator.send("add_theme", text=f"theme {number}") for number in range(10)]
    first = [
        await facilitator.find(lambda f, i=i: f.get("id") == i, take=True)  # type: ignore[misc]
        for i in ids
    ]
    again = [
        await facilitator.done("add_theme", id=i, text=f"theme {number}")
        for number, i in enumerate(ids)
    ]
    assert [answer["version"] for answer in again] == [answer["version"] for answer in first]


async def test_a_repetition_that_would_be_refused_now_is_done_also_in_a_batch(
    house: House,
) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    first = await facilitator.done("begin", id="begin")
    for number in range(5):  # while the first is stored, the others wait and are one batch
        await facilitator.send("add_theme", text=f"theme {number}")
    await facilitator.send("begin", id="begin")
    await facilitator.send("add_theme", id="last", text="last")
    answer = await facilitator.find(lambda frame: frame.get("id") == "begin")
    assert (answer["type"], answer.get("version")) == ("done", first["version"])


async def test_both_workers_come_to_the_same_room_when_both_write_at_once(house: House) -> None:
    session = await house.create()
    people = [
        await Person.enter(house, session, Role.FACILITATOR, f"F{number}", number % 2)
        for number in range(4)
    ]
    await asyncio.gather(
        *(person.done("set_prompt", text=person.id) for _ in range(10) for person in people)
    )
    views = [await person.do("set_prompt", text="the end") for person in people[:1]]
    assert views[0]["type"] == "done"
    for person in people:
        await person.see(lambda view, you: view["prompt"] == "the end")
    positions = {
        (person.latest or {})["position"]["head"] for person in people if person.latest is not None
    }
    assert len(positions) == 1


async def test_what_changed_nothing_is_remembered_too(house: House) -> None:
    session = await house.create(stepping="by-hand", accept_window_s=0)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await facilitator.see(lambda view, you: len(view["people"]) == 2)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    await facilitator.done("give_floor", person=ana.id)
    twice = await facilitator.done("give_floor", id="twice", person=ana.id)
    await facilitator.done("next", turn=None)
    view = await ana.see(lambda view, you: view["turn"] is not None)
    await ana.done("finish_turn", turn=view["turn"]["id"])
    again = await facilitator.done("give_floor", id="twice", person=ana.id)
    assert again["version"] == twice["version"]
    await facilitator.see(lambda view, you: view["turn"] is None and ana.id not in view["next"])


async def test_the_note_of_a_repeated_call_belongs_to_no_other_call(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)

    async def called(number: int) -> str:
        name = f"a{number}."
        view = await facilitator.see(
            lambda view, you: [one["id"][: len(name)] for one in view["alerts"]] == [name]
        )
        alert = str(view["alerts"][0]["id"])
        await facilitator.find(lambda frame: frame.get("alert") == alert)
        assert sum(frame["type"] == "alert" for frame in facilitator.frames) == number
        return alert

    await ana.done("ask_support", id="first", kind="now", note="mine")
    alert = await called(1)
    await facilitator.done("take_alert", alert=alert)
    await facilitator.done("close_alert", alert=alert)
    await ana.done("ask_support", id="first", kind="now", note="mine")
    await ana.done("ask_support", id="second", kind="now", note="")
    await called(2)
    await ana.done("ask_support", id="first", kind="now", note="mine")
    await facilitator.done("set_prompt", text="a moment later")
    await called(2)
