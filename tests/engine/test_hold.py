"""Hold stops every clock of the floor; nobody loses a turn."""

import pytest

import session_engine.commands as c
from session_engine import Role, Stage, view
from tests.engine.world import (
    ANA,
    BEN,
    FAY,
    MINUTE,
    SECOND,
    introductions,
    last_closed,
    lobby,
    next_people,
    speaking,
)

HOLD, RESUME = c.Hold(by=FAY), c.Resume(by=FAY)


def test_everybody_sees_that_the_room_is_on_hold() -> None:
    world = introductions(ANA)
    world.do(HOLD)
    assert [view(world.room, role)["held"] for role in Role] == [True, True, True]
    world.do(RESUME)
    assert [view(world.room, role)["held"] for role in Role] == [False, False, False]


def test_a_running_turn_stands_still_and_goes_on_where_it_stood() -> None:
    world = speaking(ANA)
    world.do(HOLD, after=20 * SECOND)
    world.wait(10 * MINUTE)
    turn = view(world.room, Role.PARTICIPANT)["turn"]
    assert (turn["state"], turn["ends_at"], turn["remaining_ms"]) == ("held", None, 40 * SECOND)
    world.do(RESUME)
    assert world.turn.ends_at == world.now + 40 * SECOND


def test_an_offer_stands_still() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(HOLD, after=5 * SECOND)
    world.wait(10 * MINUTE)
    assert view(world.room, Role.PARTICIPANT)["turn"]["offer_ends_at"] is None
    world.do(RESUME)
    shown = view(world.room, Role.PARTICIPANT)["turn"]
    assert shown["offer_ends_at"] == world.now + 10 * SECOND


def test_the_grace_stands_still() -> None:
    world = speaking(ANA)
    world.do(HOLD, after=64 * SECOND)
    world.wait(10 * MINUTE)
    world.do(RESUME)
    assert world.turn.phase == "grace"
    assert world.turn.ends_at == world.now + 6 * SECOND


def test_the_pause_between_two_people_stands_still() -> None:
    world = introductions(ANA)
    world.do(HOLD, after=2 * SECOND)
    world.wait(10 * MINUTE)
    assert world.room.turn is None
    world.do(RESUME)
    world.wait(1 * SECOND - 1)
    assert world.room.turn is None
    world.wait(1)
    assert world.holder == ANA


def test_the_wait_for_a_speaker_who_lost_the_line_stands_still() -> None:
    world = speaking(ANA)
    world.drop(ANA)
    world.do(HOLD, after=5 * SECOND)
    world.wait(10 * MINUTE)
    world.do(RESUME)
    world.wait(15 * SECOND - 1)
    assert world.holder == ANA
    world.wait(1)
    assert world.room.turn is None


def test_a_speaker_who_loses_the_line_on_hold_loses_nothing() -> None:
    world = speaking(ANA)
    world.do(HOLD, after=20 * SECOND)
    world.drop(ANA)
    world.wait(10 * MINUTE)
    world.connect(ANA)
    world.do(RESUME)
    world.start()
    assert world.turn.ends_at == world.now + 40 * SECOND


def test_who_was_asked_and_is_away_during_the_hold_keeps_the_offer() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(HOLD)
    world.drop(ANA)
    world.wait(10 * MINUTE)
    world.connect(ANA)
    world.do(RESUME)
    world.start()
    assert world.holder == ANA


def test_nobody_starts_a_turn_on_hold() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(HOLD)
    assert world.refused(c.StartTurn(by=ANA, turn=world.turn_id)) == "held"


def test_nobody_is_offered_the_floor_by_hand_on_hold() -> None:
    world = introductions(ANA)
    world.do(HOLD)
    assert world.refused(c.Next(by=FAY, turn=None)) == "held"


def test_on_hold_participants_are_not_heard_and_facilitators_are() -> None:
    world = speaking(ANA)
    world.do(HOLD)
    assert world.refused(c.Write(by=ANA, turn=world.turn_id)) == "held"
    assert world.do(c.Write(by=FAY, turn=world.turn_id)) == []


@pytest.mark.parametrize("turn", ["none", "open", "last"])
def test_a_facilitator_may_always_speak(turn: str) -> None:
    world = speaking(ANA)
    named = {"none": None, "open": world.turn_id, "last": world.turn_id}[turn]
    if turn == "last":
        world.finish()
    assert world.do(c.Write(by=FAY, turn=named)) == []


def test_urgent_support_works_on_hold() -> None:
    world = introductions(ANA)
    world.do(HOLD)
    world.do(c.AskSupport(by=ANA, kind=c.SupportKind.NOW))
    world.wait(30 * SECOND)
    (alert,) = view(world.room, Role.FACILITATOR)["alerts"]
    assert alert["state"] == "loud"


def test_an_extension_given_on_hold_counts_from_the_moment_of_the_hold() -> None:
    world = speaking(ANA)
    world.do(HOLD, after=20 * SECOND)
    world.do(c.Extend(by=FAY, turn=world.turn_id), after=MINUTE)
    world.do(RESUME, after=MINUTE)
    assert world.turn.ends_at == world.now + 70 * SECOND


def test_ending_a_turn_on_hold_leaves_the_circle_its_quiet_moment() -> None:
    world = speaking(ANA, BEN)
    world.do(HOLD)
    world.do(c.EndTurn(by=FAY, turn=world.turn_id), after=MINUTE)
    world.do(RESUME, after=MINUTE)
    world.wait(3 * SECOND - 1)
    assert world.room.turn is None
    world.wait(1)
    assert world.holder == BEN


def test_hands_can_be_raised_on_hold() -> None:
    world = introductions(ANA)
    world.do(HOLD)
    world.do(c.RaiseHand(by=ANA))
    world.do(RESUME)
    world.advance()
    assert next_people(world) == [ANA]


def test_a_session_can_be_ended_from_hold() -> None:
    world = speaking(ANA)
    world.do(HOLD)
    world.do(c.EndSession(by=FAY, confirm=True))
    assert world.room.stage is Stage.ENDED
    assert not view(world.room, Role.PARTICIPANT)["held"]


def test_a_room_is_held_once_and_resumed_once() -> None:
    world = introductions(ANA)
    assert world.refused(RESUME) == "not_held"
    world.do(HOLD)
    assert world.refused(HOLD) == "held"


def test_there_is_nothing_to_hold_in_the_lobby() -> None:
    assert lobby(ANA).refused(HOLD) == "wrong_stage"


@pytest.mark.parametrize("command", [c.Hold, c.Resume])
def test_only_facilitators_hold_and_resume(command: type[c.Hold] | type[c.Resume]) -> None:
    world = introductions(ANA)
    assert world.refused(command(by=ANA)) == "not_allowed"


def test_an_offer_to_somebody_who_went_away_meanwhile_is_over_with_the_hold() -> None:
    world = introductions(ANA, BEN)
    assert world.offer_next() == ANA
    world.do(c.Hold(by=FAY))
    world.drop(ANA)
    world.wait(30 * SECOND)
    assert world.holder == ANA
    world.do(c.Resume(by=FAY))
    assert last_closed(world).reason == "absent"
    world.wait(3 * SECOND)
    assert world.holder == BEN
