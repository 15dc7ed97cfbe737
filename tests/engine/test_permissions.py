"""Who may do what, when: every stage, every command, every role, tried one by one.

The table below is written by hand from the rules, not read from the code. A cell
says what happens to a well-formed command of that role in that stage: it is
accepted, or refused with a code.
"""

from dataclasses import fields
from functools import cache
from typing import Any

import pytest

import session_engine.commands as c
from session_engine import (
    COMMANDS,
    PersonCommand,
    Refused,
    Role,
    Stage,
    SupportKind,
    Tick,
    decide,
    may,
    view,
    you,
)
from session_engine.ids import AlertId, PersonId, ThemeId
from tests.engine.world import ANA, BEN, CAI, DEV, FAY, OLI, SECOND, World, lobby

STAGES = ("lobby", "welcome", "introductions", "discussion", "close", "ended")
SENDERS = {Role.PARTICIPANT: ANA, Role.FACILITATOR: FAY, Role.OBSERVER: OLI}

# In every stage: Ana, Ben and Cai sit in the circle, Dev knocks, Oli observes.
# A theme and an open call for support are there. In introductions, discussion and
# close Ana's turn runs and Ben waits; Ana's hand is down. "ok" is accepted, "-" is
# wrong_stage. Columns as STAGES.
PARTICIPANT = """
start_turn      - - turn_started turn_started turn_started -
finish_turn     - - ok ok ok -
pass            - - ok ok ok -
raise_hand      - - ok ok wrong_stage -
lower_hand      - - hand_not_raised hand_not_raised hand_not_raised -
resonate        ok ok ok ok ok -
gesture         - ok ok ok ok -
write           - stale_turn ok ok ok -
ask_support     ok ok ok ok ok ok
say_privately   ok ok ok ok ok -
leave           ok ok ok ok ok ok
"""
FACILITATOR = """
gesture         - ok ok ok ok -
write           - ok ok ok ok -
say_privately   ok ok ok ok ok -
leave           ok ok ok ok ok ok
begin           ok - - - - -
advance         - ok ok ok ok -
undo_advance    nothing_to_undo nothing_to_undo nothing_to_undo nothing_to_undo nothing_to_undo -
end_session     ok ok ok ok ok -
hold            - ok ok ok ok -
resume          - not_held not_held not_held not_held -
start_round     - - - - round_open -
volunteers_only - - ok - ok -
carry_over      - - ok - - -
next            - - ok ok ok -
end_turn        - - ok ok ok -
skip            - - turn_started turn_started turn_started -
extend          - - ok ok ok -
give_floor      - - ok ok ok -
move            - - ok ok ok -
silence         ok ok ok ok ok -
remove          ok ok ok ok ok -
admit           ok ok ok ok ok -
turn_away       ok ok ok ok ok -
take_alert      ok ok ok ok ok ok
close_alert     not_taken not_taken not_taken not_taken not_taken not_taken
set_prompt      ok ok ok ok ok -
set_limit       ok ok ok ok ok -
set_stepping    ok ok ok ok ok -
set_observers   ok ok ok ok ok -
set_doors       ok ok ok ok ok -
set_on_call     ok ok ok ok ok -
set_script      ok ok ok ok ok -
add_theme       ok ok ok ok ok -
edit_theme      ok ok ok ok ok -
drop_theme      ok ok ok ok ok -
"""
OBSERVER = """
leave           ok ok ok ok ok ok
"""


def expected() -> dict[tuple[Role, str, str], str]:
    """Read the table: (role, command, stage) -> ok or a code."""
    cells: dict[tuple[Role, str, str], str] = {}
    tables = {Role.PARTICIPANT: PARTICIPANT, Role.FACILITATOR: FACILITATOR, Role.OBSERVER: OBSERVER}
    for role, table in tables.items():
        for do in COMMANDS:
            for stage in STAGES:
                cells[role, do, stage] = "not_allowed"
        for line in table.strip().splitlines():
            do, *columns = line.split()
            for stage, cell in zip(STAGES, columns, strict=True):
                cells[role, do, stage] = "wrong_stage" if cell == "-" else cell
    return cells


@cache
def _reached(stage: Stage) -> World:
    world = lobby(ANA, BEN, CAI)
    world.enter(OLI, Role.OBSERVER)
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(DEV)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.AskSupport(by=BEN, kind=c.SupportKind.NOW))
    while world.room.stage is not stage:
        world.advance()
        if world.room.stage is Stage.DISCUSSION and stage is Stage.DISCUSSION:
            world.do(c.RaiseHand(by=ANA))
            world.do(c.RaiseHand(by=BEN))
    if stage is Stage.CLOSE:
        world.do(c.StartRound(by=FAY))
    if stage in (Stage.INTRODUCTIONS, Stage.DISCUSSION, Stage.CLOSE):
        world.offer_next()
        world.start()
    world.wait(11 * SECOND)  # the undo is over
    return world


def room_in(stage: Stage) -> World:
    """A fresh copy of the room of the table in this stage."""
    reached = _reached(stage)
    world = World()
    world.room, world.now, world.log = reached.room, reached.now, list(reached.log)
    world.connections = reached.connections
    return world


def command_for(world: World, do: str, by: str) -> PersonCommand:
    """A well-formed command of this name that fits the room of the table."""
    turn = world.room.turn
    waiting = DEV if do in ("admit", "turn_away") else BEN
    values: dict[str, Any] = {
        "by": PersonId(by),
        "turn": turn.id if turn is not None else world.room.last_turn,
        "kind": c.SupportKind.AFTER if do == "ask_support" else c.PassKind.LATER,
        "person": waiting,
        "to": ANA if do == "say_privately" and by == FAY else 0,
        "from_": world.room.stage.value,
        "confirm": True,
        "theme": ThemeId("th1"),
        "alert": AlertId("a1.ben"),
        "text": "words",
        "seconds": 90,
        "stepping": "by-hand",
        "allowed": False,
        "doors": "open",
        "lines": ("One line.",),
        "reason": "",
    }
    if do == "say_privately" and by != FAY:
        values["to"] = None
    command = COMMANDS[do]
    return command(**{field.name: values[field.name] for field in fields(command)})


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("do", sorted(COMMANDS))
@pytest.mark.parametrize("role", Role)
def test_every_command_of_every_role_in_every_stage(role: Role, do: str, stage: str) -> None:
    world = room_in(Stage(stage))
    try:
        decide(world.room, command_for(world, do, SENDERS[role]), world.now)
        answer = "ok"
    except Refused as refusal:
        answer = refusal.code
    assert answer == expected()[role, do, stage]


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("role", Role)
def test_may_lists_what_would_be_accepted_and_nothing_else(role: Role, stage: Stage) -> None:
    world = room_in(stage)
    allowed = may(world.room, world.room.people[SENDERS[role]])
    accepted = {
        do
        for (who, do, at), cell in expected().items()
        if (who, at) == (role, stage) and cell == "ok"
    }
    assert set(allowed) == accepted


def test_somebody_who_knocks_may_only_call_for_support_and_leave() -> None:
    world = room_in(Stage.WELCOME)
    assert may(world.room, world.room.people[DEV]) == ("ask_support", "leave")
    for do in set(COMMANDS) - {"ask_support", "leave"}:
        assert world.refused(command_for(world, do, DEV)) == "not_allowed"
    world.do(c.AskSupport(by=DEV, kind=SupportKind.NOW))
    assert view(world.room, Role.FACILITATOR)["alerts"][-1]["name"] == "Dev"
    world.do(c.TakeAlert(by=FAY, alert=world.room.alerts[-1].id))
    support = you(world.room, DEV, world.now)["support"]
    assert (support["state"], support["by"]) == ("taken", "Fay")
    world.do(c.Leave(by=DEV))
    assert world.room.people[DEV].gone == "left"


def test_somebody_who_left_or_never_came_may_nothing() -> None:
    world = room_in(Stage.WELCOME)
    world.do(c.Leave(by=CAI))
    assert may(world.room, world.room.people[CAI]) == ()
    for do in COMMANDS:
        assert world.refused(command_for(world, do, CAI)) == "not_allowed"
        assert world.refused(command_for(world, do, "nobody")) == "not_allowed"


def test_a_refusal_keeps_not_even_what_fell_due() -> None:
    world = room_in(Stage.INTRODUCTIONS)
    assert world.refused(c.Begin(by=FAY), after=3600 * SECOND) == "wrong_stage"
    assert world.do(Tick()), "what fell due is still owed"
