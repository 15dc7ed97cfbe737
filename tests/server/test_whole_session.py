"""A whole session over real sockets, with people on two workers."""

from __future__ import annotations

from session_engine import Role
from tests.server.house import House
from tests.server.people import Person


async def test_a_session_goes_from_the_lobby_to_its_end_on_two_workers(house: House) -> None:
    session = await house.create(accept_window_s=15)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    await facilitator.see(lambda view, you: len([p for p in view["people"] if p["present"]]) == 3)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    await ana.see(lambda view, you: view["turn"] is not None and you["standing"] == "offered")
    await ana.done("start_turn", turn=ana.view["turn"]["id"])
    await ben.see(lambda view, you: (view["turn"] or {}).get("state") == "speaking")
    assert ben.view["turn"]["person"] == ana.id
    await ana.done("finish_turn", turn=ana.view["turn"]["id"])
    await ben.see(lambda view, you: you["standing"] == "offered")
    await ben.done("pass", kind="not_this_round", turn=ben.view["turn"]["id"])
    await facilitator.see(lambda view, you: view["progress"] == {"done": 2, "of": 2})
    await facilitator.done("advance", from_="introductions")
    await facilitator.done("advance", from_="discussion")
    await facilitator.done("advance", from_="close", confirm=True)
    await ben.see(lambda view, you: view["stage"] == "ended")
    for person in (ana, ben, facilitator):
        assert await person.closed(12) == 4102
