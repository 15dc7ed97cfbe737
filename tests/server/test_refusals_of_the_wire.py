"""What comes in wrong is refused in plain words, and harms nobody."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from server.rooms.outcomes import SENTENCES
from session_engine import Role
from tests.server.house import House
from tests.server.people import Person
from tests.server.test_opening import ask, frame


@pytest.fixture
async def circle(house: House) -> tuple[Person, Person, Person]:
    """A facilitator and two participants, Ana with the floor."""
    session = await house.create(accept_window_s=60)
    facilitator = await Person.enter(house, session, Role.FACILITATOR, "Meera", 0)
    ana = await Person.enter(house, session, Role.PARTICIPANT, "Ana", 0)
    ben = await Person.enter(house, session, Role.PARTICIPANT, "Ben", 1)
    await facilitator.see(lambda view, you: len(view["people"]) == 3)
    await facilitator.done("begin")
    await facilitator.done("advance", from_="welcome")
    await ben.see(lambda view, you: view["turn"] is not None)
    await ana.see(lambda view, you: view["turn"] is not None)
    return facilitator, ana, ben


WRONG_FRAMES = {
    "not JSON": "{",
    "nothing": "",
    "a list": "[]",
    "a number": "7",
    "NaN": '{"id": "x", "do": "move", "person": "p", "to": NaN}',
    "infinity": '{"ping": 1e999}',
    "a huge number": '{"ping": ' + "9" * 5000 + "}",
    "half a character": '{"id": "x", "do": "set_prompt", "text": "\\ud800"}',
    "half a character as a key": '{"id": "x", "do": "begin", "\\udfff": 1}',
    "a key twice": '{"id": "x", "do": "leave", "do": "begin"}',
    "deep nesting": '{"ping": ' + "[" * 15_000 + "]" * 15_000 + "}",
}


@pytest.mark.parametrize("text", WRONG_FRAMES.values(), ids=WRONG_FRAMES.keys())
async def test_a_frame_that_cannot_be_read_is_refused(
    circle: tuple[Person, Person, Person], text: str
) -> None:
    _, ana, ben = circle
    await ana.send_text(text)
    answer = await ana.find(lambda frame: frame["type"] == "refused")
    assert (answer["id"], answer["code"]) == (None, "bad_frame")
    assert answer["message"] == SENTENCES["bad_frame"]
    assert (await ben.do("raise_hand"))["type"] == "done"


async def test_a_frame_of_deep_objects_is_refused(circle: tuple[Person, Person, Person]) -> None:
    _, ana, _ = circle
    await ana.send_text('{"a":' * 5_000 + "1" + "}" * 5_000)
    answer = await ana.find(lambda frame: frame["type"] == "refused")
    # How deep Python reads depends on its version; what it has read is no command.
    assert answer["code"] in {"bad_frame", "bad_command"}
    assert (await ana.do("raise_hand"))["type"] == "done"


WRONG_COMMANDS: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"do": "begin"}, "id"),
    "an id of a wrong type": ({"id": 7, "do": "begin"}, "id"),
    "an empty id": ({"id": "", "do": "begin"}, "id"),
    "a long id": ({"id": "x" * 65, "do": "begin"}, "id"),
    "an id with spaces": ({"id": "a b", "do": "begin"}, "id"),
    "no command": ({"id": "x"}, "do"),
    "an unknown command": ({"id": "x", "do": "take_over"}, "do"),
    "a server's own command": ({"id": "x", "do": "Tick"}, "do"),
    "a command of a wrong type": ({"id": "x", "do": ["begin"]}, "do"),
    "a missing field": ({"id": "x", "do": "start_turn"}, "turn"),
    "null for a name": ({"id": "x", "do": "end_turn", "turn": None}, "turn"),
    "a wrong type": ({"id": "x", "do": "set_limit", "seconds": "90"}, "seconds"),
    "yes as a number": ({"id": "x", "do": "set_observers", "allowed": 1}, "allowed"),
    "a number as a float": ({"id": "x", "do": "set_limit", "seconds": 90.5}, "seconds"),
    "a huge number": ({"id": "x", "do": "move", "person": "p", "to": 10**30}, "to"),
    "a negative place": ({"id": "x", "do": "move", "person": "p", "to": -1}, "to"),
    "an unknown kind": ({"id": "x", "do": "pass", "kind": "never"}, "kind"),
    "a field too many": ({"id": "x", "do": "begin", "by": "somebody"}, "by"),
    "a text too long": ({"id": "x", "do": "write", "turn": "t1", "text": "x" * 2001}, "text"),
    "a note too long": ({"id": "x", "do": "ask_support", "kind": "now", "note": "x" * 501}, "note"),
    "a private line too long": ({"id": "x", "do": "say_privately", "text": "x" * 1001}, "text"),
}


@pytest.mark.parametrize(("frame", "field"), WRONG_COMMANDS.values(), ids=WRONG_COMMANDS.keys())
async def test_a_wrong_command_is_refused_and_its_field_is_named(
    circle: tuple[Person, Person, Person], frame: dict[str, Any], field: str
) -> None:
    _, ana, _ = circle
    await ana.send_text(json.dumps(frame))
    answer = await ana.find(lambda one: one["type"] == "refused")
    assert (answer["code"], answer["field"]) == ("bad_command", field)
    assert answer["id"] == (frame["id"] if field != "id" else None)


async def test_a_binary_frame_is_refused(circle: tuple[Person, Person, Person]) -> None:
    _, ana, _ = circle
    await ana.send_bytes(b"\x01\x02")
    assert (await ana.find(lambda frame: frame["type"] == "refused"))["code"] == "bad_frame"
    assert (await ana.do("start_turn", turn=ana.view["turn"]["id"]))["type"] == "done"


async def test_a_frame_over_32_kib_closes_only_its_own_socket(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, ben = circle
    await ana.send_text(json.dumps({"ping": "x" * 33_000}))
    assert await ana.closed() == 1009
    await ben.done("raise_hand")


async def test_a_message_in_endless_pieces_closes_only_its_own_socket(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, ben = circle
    assert ana._socket is not None
    await ana._socket.send(['{"ping": ', *[""] * 50, "1}"])
    await ana.find(lambda frame: frame["type"] == "pong")
    await ana._socket.send([""] * 200)
    assert await ana.closed() == 1009
    await ben.done("raise_hand")


async def test_text_that_is_not_utf_8_closes_only_its_own_socket(
    circle: tuple[Person, Person, Person], house: House
) -> None:
    _, ana, ben = circle
    assert ana._socket is not None
    protocol = ana._socket.protocol
    protocol.send_text(b"\xff\xfe")
    ana._socket.transport.write(b"".join(protocol.data_to_send()))
    assert await ana.closed() == 1007
    await ben.done("raise_hand")


async def test_another_persons_turn_cannot_be_touched(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, ben = circle
    turn = ben.view["turn"]["id"]
    assert await ben.refused("start_turn", turn=turn) == "not_your_turn"
    assert await ben.refused("finish_turn", turn=turn) == "not_your_turn"
    assert await ben.refused("write", turn=turn, text="mine") == "not_your_turn"
    assert await ben.refused("end_turn", turn=turn) == "not_allowed"
    assert await ana.refused("start_turn", turn="t99") == "stale_turn"
    assert ana.view["turn"]["state"] == "offered"


async def test_a_pass_of_another_session_opens_nothing(house: House) -> None:
    one, other = await house.create(), await house.create()
    guest = await Person.at_door(house, one, Role.PARTICIPANT)
    guest.session = other
    await guest.open()
    assert await guest.closed() == 4100


@pytest.mark.parametrize(
    "first", ["{", "[]", "{}", '{"pass": 7}', '{"pass": "x.y"}', '{"pass": "\\ud800"}', "null"]
)
async def test_a_first_frame_without_a_valid_pass_closes_with_4100(
    house: House, first: str
) -> None:
    session = await house.create()
    guest = await Person.at_door(house, session, Role.PARTICIPANT)
    await guest.open(first=first)
    assert await guest.closed() == 4100


async def test_a_link_is_not_a_pass(house: House) -> None:
    session = await house.create()
    guest = await Person.at_door(house, session, Role.PARTICIPANT)
    await guest.open(first=json.dumps({"pass": house.link(session, Role.FACILITATOR)}))
    assert await guest.closed() == 4100


async def test_more_than_bursts_of_60_is_refused_and_not_acted_on(
    circle: tuple[Person, Person, Person],
) -> None:
    facilitator, ana, _ = circle
    ids = [await facilitator.send("set_prompt", text=f"question {n}") for n in range(80)]
    answers = [
        await facilitator.find(lambda f: f["type"] in ("done", "refused"), take=True)
        for _ in range(80)
    ]
    fast = [answer for answer in answers if answer["type"] == "refused"]
    assert 5 <= len(fast) <= 22  # A busy machine sends slower.
    assert {answer["code"] for answer in fast} == {"too_fast"}
    last = [answer["id"] for answer in answers if answer["type"] == "done"][-1]
    await ana.see(lambda view, you: view["prompt"] == f"question {ids.index(last)}")


async def test_a_limit_is_that_of_a_person_not_of_a_socket(
    house: House, circle: tuple[Person, Person, Person]
) -> None:
    _, ana, _ = circle
    for number in range(80):
        await ana.send_text(f'{{"ping": {number}}}')
    await ana.find(lambda f: f.get("code") == "too_fast")
    await ana.go()
    ana.frames.clear()
    await ana.come(house.workers[0])
    for number in range(40):  # of a new limit these would be well within the first burst
        await ana.send_text(f'{{"ping": {number}}}')
    await ana.find(lambda f: f.get("code") == "too_fast")


async def test_what_is_long_and_too_fast_is_not_even_read(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, _ = circle
    for number in range(100):
        await ana.send_text(json.dumps({"id": f"a{number}", "do": "x", "y": "long" * 600}))
    refused = await ana.find(lambda f: f.get("code") == "too_fast")
    assert refused["id"] is None


async def test_a_long_first_message_is_no_pass(house: House) -> None:
    session = await house.create()
    ana = await Person.at_door(house, session, Role.PARTICIPANT, "Ana")
    for more, code in (("x" * 3_000, 4100), ("", None)):
        _, reader, writer = await ask(house, f"/ws/rooms/{session}")
        writer.write(frame(0x81, json.dumps({"pass": ana.pass_, "more": more}).encode()))
        heard = await reader.read(4)
        closed = int.from_bytes(heard[2:4]) if heard[0] == 0x88 else None
        assert closed == code
        writer.transport.abort()


async def test_abuse_closes_with_4103_and_nobody_else_notices(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, ben = circle
    for _ in range(30):
        await ana.send_text("{")
    assert await ana.closed() == 4103
    await ben.done("raise_hand")


async def test_a_flood_closes_with_4103(circle: tuple[Person, Person, Person]) -> None:
    _, ana, ben = circle
    for _ in range(400):
        await ana.send_text('{"ping": 1}')
    assert await ana.closed() == 4103
    await ben.done("raise_hand")


async def test_who_says_nothing_for_5_seconds_is_closed_with_4002(house: House) -> None:
    session = await house.create()
    guest = await Person.at_door(house, session, Role.PARTICIPANT)
    await guest.open(first="{}")  # Proves that the server answers at all.
    assert await guest.closed() == 4100
    began = asyncio.get_running_loop().time()
    silent = await Person.at_door(house, session, Role.PARTICIPANT)
    silent.send_text = _nothing  # type: ignore[method-assign]
    await silent.open()
    assert await silent.closed() == 4002
    assert 4.5 < asyncio.get_running_loop().time() - began < 7


async def _nothing(text: str) -> None:
    """Send nothing."""


async def test_a_ping_is_answered_with_the_time_and_its_echo(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, _ = circle
    await ana.send_text('{"ping": {"a": [1, 12345678901234567890123, "ü"]}}')
    pong = await ana.find(lambda frame: frame["type"] == "pong")
    assert pong["echo"] == {"a": [1, 12345678901234567890123, "ü"]}
    assert abs(pong["now"] - (ana.latest or {})["now"]) < 60_000


async def test_a_ping_that_is_as_deep_as_can_be_read_ends_no_socket(
    circle: tuple[Person, Person, Person],
) -> None:
    _, ana, _ = circle
    for depth in (900, 950, 960, 965, 970, 975, 980, 1_000):
        await ana.send_text('{"ping":' + "[" * depth + "]" * depth + "}")
        await asyncio.sleep(0.6)  # unreadable frames count ten times
    await ana.send_text('{"ping": "still here"}')
    await ana.find(lambda f: f.get("echo") == "still here")
    assert ana.close_code is None


async def test_no_wrong_frame_leaves_a_traceback(
    house: House, circle: tuple[Person, Person, Person]
) -> None:
    _, ana, _ = circle
    for text in WRONG_FRAMES.values():
        await ana.send_text(text)
        await ana.find(lambda frame: frame["type"] == "refused")
        await asyncio.sleep(0.6)  # unreadable frames count ten times
    said = "".join(line for worker in house.workers for line in worker.said)
    assert "Traceback" not in said
    assert "defect" not in said
