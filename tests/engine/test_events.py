"""Events are forever: what an old log says still loads and means the same."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import session_engine.commands as c
from session_engine import EVENTS, Event, Role, Stage, from_dict, replay, to_dict, view
from session_engine.evolve import APPLY, evolve
from tests.engine.world import ANA, BEN, CAI, DEV, FAY, LATER, NOT_THIS_ROUND, OLI, SECOND, lobby

GOLDEN = Path(__file__).parent / "golden"


def a_whole_session() -> list[Event]:
    """A session in which every kind of event happens at least once."""
    world = lobby(ANA, BEN, CAI, on_call="")
    do = world.do
    do(c.SetOnCall(by=FAY, text="Dr Rao"))
    world.enter(OLI, Role.OBSERVER)
    do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(DEV)
    do(c.Admit(by=FAY, person=DEV))
    world.enter(DEV)
    do(_entering(DEV, "Devika"))
    do(c.SetScript(by=FAY, lines=("Good evening.",)))
    world.advance()
    world.wait(11 * SECOND)
    world.advance()
    world.do(c.UndoAdvance(by=FAY))
    world.advance()
    world.offer_next()
    world.start()
    world.wait(60 * SECOND)  # into grace
    do(c.Extend(by=FAY, turn=world.turn_id))
    world.drop(ANA)
    world.connect(ANA)
    world.start()
    do(c.Hold(by=FAY))
    do(c.Resume(by=FAY), after=SECOND)
    world.finish()
    do(c.Pass(by=CAI, kind=LATER))
    do(c.Pass(by=DEV, kind=NOT_THIS_ROUND))
    do(c.AskSupport(by=BEN, kind=c.SupportKind.NOW))
    world.wait(61 * SECOND)
    do(c.TakeAlert(by=FAY, alert=world.room.alerts[0].id))
    do(c.CloseAlert(by=FAY, alert=world.room.alerts[0].id))
    do(c.Silence(by=FAY, person=BEN))
    do(c.GiveFloor(by=FAY, person=BEN))
    do(c.SetLimit(by=FAY, seconds=30))
    do(c.VolunteersOnly(by=FAY))
    do(c.CarryOver(by=FAY, confirm=True))
    do(c.RaiseHand(by=ANA))
    do(c.LowerHand(by=ANA))
    do(c.RaiseHand(by=ANA))
    do(c.Move(by=FAY, person=ANA, to=0))
    do(c.SetPrompt(by=FAY, text="What has helped?"))
    do(c.SetStepping(by=FAY, stepping="by-hand"))
    for text in ("Sleep", "Home"):
        do(c.AddTheme(by=FAY, text=text))
    do(c.EditTheme(by=FAY, theme=world.room.themes[0].id, text="Sleeping badly"))
    do(c.DropTheme(by=FAY, theme=world.room.themes[1].id))
    do(c.Resonate(by=ANA, theme=world.room.themes[0].id))
    do(c.SetObservers(by=FAY, allowed=False))
    do(c.Remove(by=FAY, person=CAI, reason="Interrupted again and again."))
    do(_lost(world.now, 5 * SECOND), after=5 * SECOND)
    do(c.ClockSetBack(to=world.now - 7 * SECOND), after=-7 * SECOND)
    world.advance()
    do(c.StartRound(by=FAY))
    world.drop(FAY)
    world.wait(200 * SECOND)  # absent, then calm
    world.connect(FAY)
    do(c.EndSession(by=FAY, confirm=True))
    return world.log


def _entering(person: Any, name: str) -> c.Enter:
    return c.Enter(person=person, role=Role.PARTICIPANT, name=name, browser=f"browser-of-{person}")


def _lost(since: int, ms: int) -> c.TimeLost:
    return c.TimeLost(since=since, until=since + ms)


def test_every_event_has_one_way_to_add_up() -> None:
    assert set(APPLY) == set(EVENTS.values()) - {EVENTS["RoomCreated"]}


def test_every_event_is_explained() -> None:
    for event in EVENTS.values():
        assert event.__doc__
        assert not event.__doc__.startswith(event.__name__), f"{event.__name__} has no words"


def test_a_whole_session_holds_every_event() -> None:
    assert {type(event).__name__ for event in a_whole_session()} == set(EVENTS)


def test_events_come_back_from_json_as_they_went() -> None:
    for event in a_whole_session():
        assert from_dict(json.loads(json.dumps(to_dict(event)))) == event


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.jsonl")), ids=lambda path: path.name)
def test_an_old_log_loads_and_ends_as_it_ended(path: Path) -> None:
    lines = path.read_text().splitlines()
    *log, last = (json.loads(line) for line in lines)
    room = replay(from_dict(event) for event in log)
    assert room.stage is Stage.ENDED
    shown = json.loads(json.dumps(view(room, Role.FACILITATOR)))
    assert shown | last["view"] == shown  # A view may have gained a field since.


def test_there_is_a_golden_log_with_every_event() -> None:
    seen = {
        json.loads(line).get("type")
        for path in GOLDEN.glob("*.jsonl")
        for line in path.read_text().splitlines()
    }
    assert set(EVENTS) <= seen, "write a new golden file: python -m tests.engine.test_events"


def test_an_event_of_a_future_version_is_never_guessed_at() -> None:
    with pytest.raises(KeyError):
        from_dict({"type": "SomethingNew", "at": 1})
    with pytest.raises(TypeError):
        from_dict({"type": "TurnStarted", "at": 1, "turn": "t1", "colour": "blue"})


def test_a_log_begins_with_the_creation_of_its_room() -> None:
    log = a_whole_session()
    with pytest.raises(TypeError):
        evolve(None, log[1])
    with pytest.raises(ValueError, match="empty"):
        replay([])


def test_no_event_carries_what_was_said() -> None:
    names = {field.name for event in EVENTS.values() for field in fields(event)}
    assert not names & {"note", "message", "voice", "gesture", "line"}


if __name__ == "__main__":  # pragma: no cover - writes the golden file of this version
    log = a_whole_session()
    shaped = [to_dict(event) for event in log] + [{"view": view(replay(log), Role.FACILITATOR)}]
    text = "\n".join(json.dumps(line) for line in shaped)
    number = len(list(GOLDEN.glob("*.jsonl"))) + 1  # older ones stay: their logs must load
    (GOLDEN / f"session-{number}.jsonl").write_text(text + "\n")
