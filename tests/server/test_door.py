"""The door: exactly the answers of the contract, and never a name before consent."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from server.pages.guidelines import GUIDELINES_VERSION
from session_engine import Role
from tests.server.house import House
from tests.server.people import Person, ask_door


async def enter(house: House, session: str, worker: int = 0, **changes: Any) -> httpx.Response:
    """Come in as a participant, with some things changed."""
    body: dict[str, Any] = {
        "link": house.link(session, Role.PARTICIPANT),
        "name": "Asha",
        "consent": GUIDELINES_VERSION,
        **changes,
    }
    return await ask_door(house.workers[worker], **body)


async def test_entering_gives_a_pass_and_says_who_one_is(house: House) -> None:
    session = await house.create()
    answer = await enter(house, session)
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"pass", "session", "person", "role", "guidelines"}
    assert body["session"] == session
    assert body["person"].startswith("p")
    assert body["role"] == "participant"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_the_same_browser_gets_the_same_person_on_any_worker(house: House) -> None:
    session = await house.create()
    first = (await enter(house, session, 0, browser="b1")).json()
    again = (await enter(house, session, 1, browser="b1")).json()
    other = (await enter(house, session, 1, browser="b2")).json()
    assert first["person"] == again["person"] != other["person"]


async def test_a_knock_is_answered_with_202(house: House) -> None:
    session = await house.create(doors="knock")
    answer = await enter(house, session)
    assert answer.status_code == 202
    assert answer.json()["waiting"] is True


async def test_without_consent_nobody_comes_in(house: House) -> None:
    session = await house.create()
    for consent in (None, "", "2001-01", 7, True):
        answer = await enter(house, session, consent=consent)
        assert answer.status_code == 400
        assert answer.json()["error"] == "consent_required"
        assert answer.json()["guidelines"] == GUIDELINES_VERSION
        assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize("link", ["", "x", "x.y", "a" * 5000])
async def test_a_link_that_is_not_ours_is_refused(house: House, link: str) -> None:
    session = await house.create()
    answer = await enter(house, session, link=link)
    assert (answer.status_code, answer.json()["error"]) == (403, "link_invalid")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 41}, "name"),
        ({"name": "x" * 5000}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "\u200d\u200c"}, "name"),
        ({"name": "\u3164 \u2800"}, "name"),
        ({"name": "\u0301"}, "name"),
        ({"name": "\ufe0f"}, "name"),
        ({"browser": 7}, "browser"),
        ({"browser": "x" * 201}, "browser"),
        ({"link": 7}, "link"),
    ],
)
async def test_what_is_wrong_is_named(house: House, changes: dict[str, Any], field: str) -> None:
    session = await house.create()
    answer = await enter(house, session, **changes)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
    assert answer.json()["field"] == field


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b"{", 422, "invalid"),
        (b"\xff", 422, "invalid"),
        (b"[" * 8000, 422, "invalid"),
        (b'{"link": "\\ud800"}', 422, "invalid"),
        (b"x" * 9000, 413, "too_large"),
    ],
)
async def test_a_body_that_is_not_a_small_object_is_refused(
    house: House, body: bytes, status: int, code: str
) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{house.workers[0].url}/api/enter", content=body)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


async def test_doors_that_are_not_open_say_when(house: House) -> None:
    session = await house.create(starts_at_ms=4_000_000_000_000)
    answer = await enter(house, session)
    assert (answer.status_code, answer.json()["error"]) == (409, "not_open")
    assert answer.json()["opens_at"] == 4_000_000_000_000 - 15 * 60_000


async def test_an_ended_session_lets_nobody_in(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    await facilitator.done("end_session", confirm=True)
    answer = await enter(house, session, 1)
    assert (answer.status_code, answer.json()["error"]) == (410, "ended")
    gone = await enter(house, "s-never-there")
    assert (gone.status_code, gone.json()["error"]) == (410, "ended")


async def test_a_removed_browser_is_refused(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR)
    person = (await enter(house, session, browser="b1")).json()["person"]
    await facilitator.see(lambda view, you: len(view["people"]) == 2)
    await facilitator.done("remove", person=person)
    answer = await enter(house, session, 1, browser="b1")
    assert (answer.status_code, answer.json()["error"]) == (403, "removed")


async def test_36_people_at_once_are_35_in_the_circle(house: House) -> None:
    session = await house.create()
    answers = await asyncio.gather(
        *(enter(house, session, number % 2, browser=f"b{number}") for number in range(36))
    )
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] * 35 + [409]
    full = next(answer for answer in answers if answer.status_code == 409)
    assert full.json()["error"] == "full"


async def crowd(
    house: House, session: str, count: int, role: Role = Role.PARTICIPANT, **who: Any
) -> list[httpx.Response]:
    """Ask to come in so often, as fast as one line allows, under other names."""
    link = house.link(session, role)
    body = {"link": link, "consent": GUIDELINES_VERSION, **who}
    url = f"{house.workers[0].url}/api/enter"
    async with httpx.AsyncClient() as client:
        return [
            await client.post(url, json={**body, "name": f"Asha {number}"})
            for number in range(count)
        ]


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    """Count them."""
    return Counter(answer.status_code for answer in answers)


async def test_who_comes_again_and_again_under_other_names_is_held_up(house: House) -> None:
    session = await house.create()
    answers = await crowd(house, session, 300, browser="b1")
    assert statuses(answers).keys() == {200, 429}
    assert statuses(answers)[200] >= 60
    refused = next(answer.json() for answer in answers if answer.status_code == 429)
    assert refused["error"] == "too_fast"
    assert refused["message"].endswith(".")
    other = await enter(house, session, browser="b2")
    assert other.status_code == 200  # that is nobody else's affair


async def test_one_link_does_not_fill_the_log(house: House) -> None:
    session = await house.create()
    # Of facilitators any number may come.
    answers = statuses(await crowd(house, session, 400, Role.FACILITATOR))
    assert answers.keys() == {200, 429}
    assert answers[200] >= 200
    assert (await enter(house, session, 1)).status_code == 200  # by another worker


async def test_who_is_refused_costs_the_others_nothing(house: House) -> None:
    session = await house.create(seats=3)
    assert statuses(await crowd(house, session, 300)) == {200: 3, 409: 297}
    assert statuses(await crowd(house, session, 1, Role.OBSERVER)) == {200: 1}


async def test_the_door_says_what_a_link_leads_to_without_names(house: House) -> None:
    session = await house.create(title="Exam stress")
    await Person.enter(house, session, Role.FACILITATOR, "Meera")
    link = house.link(session, Role.PARTICIPANT)
    answer = await ask_door(house.workers[0], "/api/door", link=link)
    door = answer.json()
    assert (door["title"], door["role"], door["stage"]) == ("Exam stress", "participant", "lobby")
    assert door["guidelines"] == GUIDELINES_VERSION
    assert door["full"] is False
    assert "Meera" not in answer.text


async def test_health_and_readiness(house: House) -> None:
    async with httpx.AsyncClient() as client:
        health = await client.get(f"{house.workers[0].url}/healthz")
        ready = await client.get(f"{house.workers[0].url}/readyz")
    assert health.status_code == 200
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "reasons": [], "warnings": []}


async def test_names_with_the_joiners_of_devanagari_are_names(house: House) -> None:
    session = await house.create()
    person = await Person.at_door(house, session, Role.PARTICIPANT, "क्‍षमा")
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera")
    names = [one["name"] for one in facilitator.view["people"]]
    assert "क्‍षमा" in names
    assert person.id


@pytest.mark.parametrize("name", ["\u202eAsha", "A\u200bsha", "A\x00"])
async def test_names_that_cannot_be_seen_are_refused(house: House, name: str) -> None:
    session = await house.create()
    link = house.link(session, Role.PARTICIPANT)
    answer = await ask_door(house.workers[0], link=link, name=name, consent=GUIDELINES_VERSION)
    assert answer.status_code == 422
    assert answer.json()["field"] == "name"


async def test_paths_for_programs_answer_in_json_whatever_is_asked(house: House) -> None:
    worker = house.workers[0]
    async with httpx.AsyncClient(base_url=worker.url) as client:
        for method, path, status, code in (
            ("POST", "/healthz", 405, "method_not_allowed"),
            ("GET", "/api/enter", 405, "method_not_allowed"),
            ("GET", "/api/nothing", 404, "not_found"),
            ("POST", "/api/enter/", 404, "not_found"),
        ):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["error"]) == (status, code)
            assert answer.json()["message"].endswith(".")
            assert answer.headers["cache-control"] == "no-store"
            assert status == 404 or "allow" in answer.headers
