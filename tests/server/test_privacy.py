"""What nobody may learn from the stream of frames, or from a log line."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from session_engine import Role
from tests.server.house import House
from tests.server.people import Frame, Person


async def settled(*people: Person) -> None:
    """Wait until everything sent before has reached these people."""
    for person in people:
        await person.send_text('{"ping": "settled"}')
        await person.find(lambda frame: frame["type"] == "pong", take=True)


async def test_observers_get_no_frame_and_no_byte_for_private_changes(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await facilitator.done("begin")
    observer = await Person.enter(house, session, Role.OBSERVER, "Watch", 0)
    await observer.see(lambda view, you: view["observers"] == 1)
    await settled(observer)
    before = len(observer.raw)
    await facilitator.done("add_theme", text="what nobody else may see")
    await facilitator.done("set_prompt", text="a private question")
    await ana.done("ask_support", kind="now", note="please")
    await facilitator.done("set_script", lines=["one line"])
    await facilitator.done("say_privately", to=ana.id, text="I see you")
    await ana.see(lambda view, you: view["prompt"] == "a private question")
    await settled(facilitator, ana)
    await settled(observer)
    new = observer.raw[before:]
    assert [json.loads(text)["type"] for text in new] == ["pong"]
    assert "position" not in (observer.latest or {})


async def test_observers_never_see_a_name_or_who_speaks(house: House) -> None:
    session = await house.create(accept_window_s=0)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    observer = await Person.enter(house, session, Role.OBSERVER, "Watch", 1)
    await facilitator.see(lambda view, you: view["people"][0]["present"])
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    view = await observer.see(lambda view, you: view["turn"] is not None)
    assert "person" not in view["turn"]
    assert view.keys() == {
        "stage",
        "stage_started_at",
        "stage_ends_at",
        "held",
        "facilitator_present",
        "turn",
        "progress",
        "observers",
    }
    assert not any("Ana" in text or "Meera" in text or ana.id in text for text in observer.raw)


async def test_participants_get_no_frame_when_only_facilitators_content_changed(
    house: House,
) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    await facilitator.see(lambda view, you: len(view["people"]) == 3)
    for person in (ana, ben):
        await person.see(lambda view, you: len(view["people"]) == 3)
    await ana.done("ask_support", kind="after", note="not here")
    await facilitator.see(lambda view, you: len(view["alerts"]) == 1)
    before = len(ben.frames)
    await facilitator.done("set_script", lines=["one line"])
    await facilitator.done("set_on_call", text="Dr. Sen, 777")
    await facilitator.done("take_alert", alert=facilitator.view["alerts"][0]["id"])
    await ana.see(lambda view, you: (you["support"] or {}).get("state") == "taken")
    await settled(facilitator, ana, ben)
    assert [frame["type"] for frame in ben.frames[before:]] == []
    assert (ben.latest or {})["position"].keys() == {"head"}


async def test_support_is_seen_by_facilitators_only_and_taken_by_name(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    await ana.done("ask_support", kind="now", note="I cannot breathe")
    call = await facilitator.find(lambda frame: frame["type"] == "alert")
    assert (call["name"], call["kind"], call["note"]) == ("Ana", "now", "I cannot breathe")
    await facilitator.see(lambda view, you: len(view["alerts"]) == 1)
    await facilitator.done("take_alert", alert=call["alert"])
    await ana.see(lambda view, you: (you["support"] or {}).get("by") == "Meera")
    await settled(ben)
    assert not any("breathe" in text or '"alert"' in text for text in ben.raw)


async def test_the_private_line_is_heard_by_its_two_ends_only(house: House) -> None:
    session = await house.create()
    meera = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    dev = await Person.enter(house, session, Role.FACILITATOR, "Dev", 1)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 0)
    for person in (meera, dev):
        await person.see(lambda view, you: len(view["people"]) == 4)

    def line(frame: Frame) -> bool:
        return (frame["type"], frame.get("kind")) == ("live", "line")

    await ana.done("say_privately", text="I am shy today")
    for person in (meera, dev, ana):
        said = await person.find(line, take=True)
        assert (said["from"], said["name"], said["text"]) == (ana.id, "Ana", "I am shy today")
    await meera.done("say_privately", to=ana.id, text="That is fine")
    for person in (meera, dev, ana):
        assert (await person.find(line, take=True))["to"] == ana.id
    assert await ana.refused("say_privately", to=ben.id, text="hello") in (
        "not_allowed",
        "bad_command",
    )
    await settled(ben)
    assert not any("shy" in text or "fine" in text for text in ben.raw)


async def test_no_log_and_no_store_holds_what_was_said(house: House) -> None:
    session = await house.create(accept_window_s=0)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 1)
    await facilitator.see(lambda view, you: view["people"][0]["present"])
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    view = await ana.see(lambda view, you: view["turn"] is not None)
    await ana.done("write", turn=view["turn"]["id"], text="unwritten-words")
    await ana.done("say_privately", text="unwritten-words too")
    await ana.done("ask_support", kind="after", note="unwritten-words as well")
    await facilitator.find(lambda frame: frame.get("note") == "unwritten-words as well")
    for file in house.directory.rglob("*"):
        if file.is_file():
            assert b"unwritten-words" not in file.read_bytes()
    said = "".join(line for worker in house.workers for line in worker.said)
    for word in ("Ana", "Meera", "unwritten", ana.pass_, session):
        assert word not in said


@pytest.mark.parametrize(
    ("origin", "opens"),
    [
        (None, True),
        ("http://localhost:{port}", True),
        ("http://127.0.0.1:{port}", True),
        ("http://[::1]:{port}", True),
        ("https://127.0.0.1:{port}", False),
        ("http://127.0.0.1:1", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://[", False),
    ],
)
async def test_only_our_own_pages_may_open_a_socket(
    house: House, origin: str | None, opens: bool
) -> None:
    worker = house.workers[0]
    headers = {"Origin": origin.format(port=worker.port)} if origin else {}
    address = f"ws://127.0.0.1:{worker.port}/ws/rooms/any"
    if opens:
        async with connect(address, additional_headers=headers):
            return
    with pytest.raises(InvalidStatus) as refusal:
        await connect(address, additional_headers=headers)
    assert refusal.value.response.status_code == 403


async def test_a_position_tells_participants_nothing_about_the_log(house: House) -> None:
    session = await house.create()
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    await facilitator.see(lambda view, you: len(view["people"]) == 2)
    shown = ana.latest or {}
    assert shown["position"].keys() == {"head"}
    assert shown["position"]["head"] != (facilitator.latest or {})["position"]["head"]
    await facilitator.done("set_script", lines=["nobody else sees this"])
    await facilitator.find(lambda frame: frame["type"] == "view" and frame["view"]["script"] != [])
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 0)
    await ana.see(lambda view, you: len(view["people"]) == 3)
    await ben.done("leave")
    await ana.see(lambda view, you: len(view["people"]) == 2)
    assert (ana.latest or {})["view"] == shown["view"]
    assert (ana.latest or {})["position"] == shown["position"]
