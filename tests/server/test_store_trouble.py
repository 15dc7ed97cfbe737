"""A store that is away, stands still, cannot write or has another clock: nobody loses time."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

from server.pages.guidelines import GUIDELINES_VERSION
from server.store.client import open_client
from session_engine import Role
from tests.server.house import House, Worker
from tests.server.people import Person, ask_door
from tests.server.test_trouble import left_ms, speaking


async def read(worker: Worker) -> tuple[int, dict[str, Any]]:
    """Ask /readyz for its status and body."""

    def ask() -> tuple[int, dict[str, Any]]:
        try:
            with urllib.request.urlopen(f"{worker.url}/readyz", timeout=3) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    return await asyncio.to_thread(ask)


async def away(person: Person, gone: bool, seconds: float) -> None:
    await person.find(
        lambda frame: frame["type"] == "store" and frame["away"] is gone, seconds=seconds
    )


async def test_a_store_that_stands_still_costs_nobody_time(own_house: House) -> None:
    house = own_house
    first = house.start_worker()
    house.start_worker()
    facilitator, ana, ben = await speaking(house, other=1)
    before = left_ms(ben)
    house.freeze_store()
    try:
        answer = await facilitator.do("set_prompt", id="frozen", text="is anybody there")
        assert answer["type"] == "unknown"
        for person in (facilitator, ana, ben):
            await away(person, gone=True, seconds=5)
        assert (await facilitator.do("hold"))["type"] == "unknown"
        status, body = await read(first)
        assert (status, body["ready"]) == (503, False)
        assert body["reasons"] == ["The store does not answer."]
        late = await ask_door(
            first,
            link=house.link(ana.session, Role.PARTICIPANT),
            name="Ela",
            consent=GUIDELINES_VERSION,
        )
        assert (late.status_code, late.json()["error"]) == (503, "unavailable")
        assert late.headers["retry-after"] == "2"
        await asyncio.sleep(3)
    finally:
        house.thaw_store()
    for person in (facilitator, ana, ben):
        await away(person, gone=False, seconds=5)
    view = await ben.see(lambda view, you: (view["turn"] or {}).get("state") == "speaking")
    assert view["turn"]["person"] == ana.id
    assert all(person["present"] for person in view["people"])
    # About 7 s have passed and at most 2 of them count.
    assert before - left_ms(ben) < 3_000
    assert (await facilitator.do("set_prompt", id="frozen", text="is anybody there"))[
        "type"
    ] == "done"
    assert (await read(first))[0] == 200


async def test_a_killed_store_comes_back_with_everything_acknowledged(own_house: House) -> None:
    house = own_house
    house.start_worker()
    house.start_worker()
    facilitator, ana, ben = await speaking(house, other=1)
    await facilitator.done("add_theme", text="sleep")
    house.kill_store()
    for person in (facilitator, ana, ben):
        await away(person, gone=True, seconds=6)
    assert (await facilitator.do("add_theme", id="t", text="friends"))["type"] == "unknown"
    house.restart_store()
    for person in (facilitator, ana, ben):
        await away(person, gone=False, seconds=5)
    await facilitator.done("add_theme", id="t", text="friends")
    view = await ben.see(lambda view, you: len(view["themes"]) == 2)
    assert view["turn"]["person"] == ana.id
    assert all(person["present"] for person in view["people"])


async def test_a_clock_that_was_hours_ahead_stops_nothing_when_it_is_set_right(
    own_house: House,
) -> None:
    """As when a machine starts with India's time taken for UTC, until the network says better."""
    house = own_house
    house.start_worker()
    house.start_worker()
    facilitator, ana, ben = await speaking(house, other=1)
    began = ben.view["stage_started_at"]
    for later_s in (19_800, 0):
        for person in (facilitator, ana):
            person.frames.clear()  # what they were told the last time
        house.kill_store()
        for person in (facilitator, ana):
            await away(person, gone=True, seconds=6)
        house.restart_store(later_s)
        for person in (facilitator, ana):
            await away(person, gone=False, seconds=5)
        await facilitator.done("set_prompt", text=f"{later_s} s ahead")
    await ben.see(lambda view, you: view["prompt"] == "0 s ahead")
    assert 0 < left_ms(ben) <= 60_000
    assert abs(ben.view["stage_started_at"] - began + 19_800_000) < 10_000
    turn = ana.view["turn"]["id"]
    await ana.done("finish_turn", turn=turn)
    await ben.see(lambda view, you: (view["turn"] or {}).get("person") == ben.id, seconds=5)


async def test_a_store_that_cannot_write_is_said_to_be_so(own_house: House) -> None:
    house = own_house
    worker = house.start_worker()
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    stored = await facilitator.done("add_theme", id="once", text="sleep")
    store = open_client(house.store.url)
    await store.config_set("maxmemory", "1")
    assert await facilitator.refused("set_prompt", id="p", text="full") == "cannot_store"
    assert facilitator.view["prompt"] == ""
    await away(facilitator, gone=True, seconds=5)
    assert await facilitator.refused("set_prompt", id="q", text="full") == "cannot_store"
    again = await facilitator.done("add_theme", id="once", text="sleep")
    assert again["version"] == stored["version"]
    status, body = await read(worker)
    assert status == 503
    assert body["reasons"][0].startswith("The store does not take what it is given: ")
    assert "maxmemory" in body["reasons"][0]
    await store.config_set("maxmemory", "0")
    await away(facilitator, gone=False, seconds=5)
    await facilitator.done("set_prompt", id="p", text="full")
    assert (await read(worker))[1]["warnings"] == []
    await store.config_set("appendfsync", "everysec")
    (warning,) = (await read(worker))[1]["warnings"]
    assert warning.startswith("The store does not sync every append: ")
    await store.config_set("appendonly", "no")
    await store.config_set("maxmemory", "1gb")
    await store.config_set("maxmemory-policy", "allkeys-lru")
    status, body = await read(worker)
    assert status == 200
    assert [warning.split(":")[0] for warning in body["warnings"]] == [
        "The store is not append-only",
        "The store may evict data when its memory is full (allkeys-lru).",
    ]
    await store.aclose()
