"""Stages change by one table or not at all; every pair is tried."""

import pytest

import session_engine.commands as c
from session_engine import COMMANDS, RULES, Refused, Role, Stage, decide, view
from session_engine.stages import NEXT_STAGE
from tests.engine.test_permissions import command_for, room_in
from tests.engine.world import ANA, FAY, MINUTE, SECOND, lobby

STAGE_COMMANDS = ("begin", "advance", "end_session")


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("do", STAGE_COMMANDS)
def test_a_stage_changes_by_the_table_or_is_refused(stage: Stage, do: str) -> None:
    world = room_in(stage)
    command = command_for(world, do, FAY)
    if do in NEXT_STAGE[stage]:
        world.do(command)
        assert world.room.stage is NEXT_STAGE[stage][do]
    else:
        assert world.refused(command) == "wrong_stage"


@pytest.mark.parametrize("stage", Stage)
def test_no_other_command_changes_the_stage_but_carry_over_and_undo(stage: Stage) -> None:
    for do in set(COMMANDS) - {*STAGE_COMMANDS, "carry_over", "undo_advance"}:
        for role in Role:
            world = room_in(stage)
            try:
                world.do(command_for(world, do, world_person(role)))
            except Refused:
                pass
            assert world.room.stage is stage


def world_person(role: Role) -> str:
    return {"participant": "ana", "facilitator": "fay", "observer": "oli"}[role.value]


def test_ended_has_no_way_out() -> None:
    assert NEXT_STAGE[Stage.ENDED] == {}
    world = room_in(Stage.ENDED)
    for do in ("begin", "advance", "undo_advance", "resume", "start_round"):
        assert world.refused(command_for(world, do, FAY)) == "wrong_stage"


def test_every_command_has_one_row_of_rules() -> None:
    assert set(RULES) == set(COMMANDS)


def test_begin_needs_somebody_on_call() -> None:
    world = lobby(on_call="")
    assert world.refused(c.Begin(by=FAY)) == "no_on_call"
    world.do(c.SetOnCall(by=FAY, text="Dr Rao, extension 7"))
    world.do(c.Begin(by=FAY))
    assert world.room.stage is Stage.WELCOME


def test_two_facilitators_who_press_advance_together_move_one_stage() -> None:
    world = room_in(Stage.WELCOME)
    both_saw = c.Advance(by=FAY, from_="welcome")
    world.do(both_saw)
    assert world.refused(both_saw) == "stale_stage"
    assert world.room.stage is Stage.INTRODUCTIONS


def test_time_alone_never_moves_a_stage_while_a_facilitator_is_there() -> None:
    world = room_in(Stage.WELCOME)
    world.wait(3 * 3600 * SECOND)
    assert world.room.stage is Stage.WELCOME


def test_a_decision_never_runs_backwards_in_time() -> None:
    world = room_in(Stage.WELCOME)
    events = decide(world.room, c.SetPrompt(by=FAY, text="How are you?"), world.now - 3600 * SECOND)
    assert events[-1].at >= world.log[-1].at


def test_the_stages_are_planned_for_ninety_minutes() -> None:
    world = lobby(ANA)
    for stage, minutes in (
        ("welcome", 7),
        ("introductions", 30),
        ("discussion", 40),
        ("close", 10),
    ):
        world.advance()
        seen = view(world.room, Role.PARTICIPANT)
        planned = seen["stage_ends_at"] - seen["stage_started_at"]
        assert (seen["stage"], planned) == (stage, minutes * MINUTE)
