"""An advance can be undone for ten seconds."""

import pytest

import session_engine.commands as c
from session_engine import Role, Stage, TimeLost, view
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    FAY,
    NOT_THIS_ROUND,
    SECOND,
    discussion,
    introductions,
    last_closed,
    lobby,
    next_people,
    speaking,
    standing,
)

UNDO = c.UndoAdvance(by=FAY)


@pytest.mark.parametrize(
    "stage", [Stage.WELCOME, Stage.INTRODUCTIONS, Stage.DISCUSSION, Stage.CLOSE]
)
def test_an_advance_is_undone_within_ten_seconds(stage: Stage) -> None:
    world = lobby(ANA)
    while world.room.stage is not stage:
        before = world.room.stage
        world.wait(60 * SECOND)
        started_at = world.room.stage_started_at
        world.advance()
    world.do(UNDO, after=10 * SECOND - 1)
    assert world.room.stage is before
    assert world.room.stage_started_at == started_at


def test_after_ten_seconds_an_advance_stands() -> None:
    world = introductions(ANA)
    assert world.refused(UNDO, after=10 * SECOND) == "nothing_to_undo"


def test_an_advance_is_undone_only_once() -> None:
    world = introductions(ANA)
    world.do(UNDO)
    assert world.refused(UNDO) == "nothing_to_undo"


def test_facilitators_see_until_when_they_can_undo() -> None:
    world = introductions(ANA)
    assert view(world.room, Role.FACILITATOR)["undo_until"] == world.now + 10 * SECOND
    world.wait(10 * SECOND)
    assert view(world.room, Role.FACILITATOR)["undo_until"] is None


def test_the_end_cannot_be_undone() -> None:
    world = lobby(ANA)
    world.to(Stage.CLOSE)
    world.advance()
    assert world.room.stage is Stage.ENDED
    assert world.refused(UNDO) == "wrong_stage"


def test_undoing_restores_the_round_and_its_queue() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.Pass(by=ANA, kind=c.PassKind.LATER))
    world.do(c.GiveFloor(by=FAY, person=CAI))
    before = next_people(world)
    world.advance()
    world.do(UNDO)
    assert next_people(world) == before
    assert view(world.room, Role.PARTICIPANT)["round"] == "introductions"
    assert standing(world, ANA) == "later"


def test_undoing_restores_the_hands_and_who_spoke_how_often() -> None:
    world = discussion(ANA, BEN, hands=[ANA])
    world.offer_next()
    world.start()
    world.finish()
    world.do(c.RaiseHand(by=ANA))
    world.do(c.RaiseHand(by=BEN))
    world.advance()
    world.do(UNDO)
    assert next_people(world) == [BEN, ANA]


def test_a_turn_begun_since_the_advance_is_closed_without_counting() -> None:
    world = speaking(ANA, BEN)
    world.do(UNDO, after=2 * SECOND)
    assert world.room.turn is None
    assert last_closed(world).outcome == "undone"
    ana = world.room.people[ANA]
    assert (ana.turns, ana.spoken_ms, ana.introduced) == (0, 0, False)


def test_an_offer_made_since_the_advance_is_closed_without_counting() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(UNDO)
    assert world.room.turn is None
    world.advance()
    for _ in range(2):  # both offers of the round are still to come
        world.offer_next()
        world.wait(15 * SECOND)
    assert next_people(world) == []


def test_a_turn_ended_by_the_advance_stays_ended() -> None:
    world = speaking(ANA, BEN)
    world.advance()
    world.do(UNDO)
    assert next_people(world) == [BEN]


def test_the_circle_has_its_moment_of_quiet_after_an_undo() -> None:
    world = speaking(ANA, BEN)
    world.finish()
    world.advance()
    world.wait(5 * SECOND)
    world.do(UNDO)
    world.wait(3 * SECOND - 1)
    assert world.room.turn is None
    world.wait(1)
    assert world.holder == BEN


def test_a_hand_raised_since_the_advance_stays_up() -> None:
    world = introductions(ANA)
    world.advance()
    world.do(c.RaiseHand(by=ANA))
    world.do(UNDO)
    assert ANA in world.room.floor.hands


def test_undoing_a_carry_over_takes_back_the_hands_it_put_up() -> None:
    world = introductions(ANA, BEN)
    world.do(c.CarryOver(by=FAY))
    world.do(UNDO)
    assert next_people(world) == [ANA, BEN]
    assert world.room.floor.hands == {}


def test_who_left_since_the_advance_does_not_come_back_into_the_queue() -> None:
    world = introductions(ANA, BEN)
    world.do(c.RaiseHand(by=ANA))
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.advance()
    world.do(c.Leave(by=ANA))
    world.do(UNDO)
    assert next_people(world) == [BEN]
    assert ANA not in world.room.floor.hands


def test_who_was_silenced_since_the_advance_gets_their_place_back_and_no_offer() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.advance()
    world.do(c.Silence(by=FAY, person=ANA))
    world.do(UNDO)
    assert next_people(world) == [ANA, BEN]
    assert world.offer_next() == BEN
    assert ANA not in world.room.floor.hands


def test_who_came_in_since_the_advance_is_in_the_restored_round() -> None:
    world = introductions(ANA)
    world.advance()
    world.enter(BEN)
    world.do(UNDO)
    assert next_people(world) == [ANA, BEN]


def test_who_passed_before_the_advance_has_still_passed_after_the_undo() -> None:
    world = introductions(ANA, BEN)
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND))
    world.advance()
    world.do(UNDO)
    assert next_people(world) == [BEN]


def test_an_undo_while_on_hold_stays_on_hold() -> None:
    world = speaking(ANA)
    world.do(c.Hold(by=FAY))
    world.do(UNDO)
    assert world.room.stage is Stage.WELCOME
    assert world.room.held_at is not None


def test_time_in_which_the_service_was_away_does_not_use_up_the_undo() -> None:
    world = lobby(ANA)
    world.advance()
    world.wait(5 * SECOND)
    planned = view(world.room, Role.FACILITATOR)["stage_ends_at"]
    world.advance()
    away_since = world.now
    world.now += 60 * SECOND
    world.do(TimeLost(since=away_since, until=world.now))
    world.do(UNDO, after=9 * SECOND)
    assert world.room.stage is Stage.WELCOME
    assert view(world.room, Role.FACILITATOR)["stage_ends_at"] == planned + 60 * SECOND


def test_an_offer_that_the_advance_cut_short_comes_first_again_and_is_not_spent() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.advance()
    world.do(UNDO)
    assert next_people(world) == [ANA, BEN]
    assert world.offer_next() == ANA
    assert world.turn.offer == 1


@pytest.mark.parametrize("called", [False, True])
def test_an_offer_of_the_discussion_comes_first_again(called: bool) -> None:
    world = discussion(ANA, BEN, CAI, hands=[BEN] if called else [ANA, BEN])
    if called:
        world.do(c.GiveFloor(by=FAY, person=ANA))
        world.do(c.GiveFloor(by=FAY, person=CAI))
    world.offer_next()
    world.advance()
    world.do(UNDO)
    assert next_people(world) == ([ANA, CAI, BEN] if called else [ANA, BEN])
    assert standing(world, ANA) == "waiting"


def test_a_volunteer_whose_offer_the_advance_cut_short_still_volunteers() -> None:
    world = introductions(ANA, BEN)
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.RaiseHand(by=BEN))
    world.offer_next()
    world.advance()
    world.do(UNDO)
    assert next_people(world) == [BEN]


@pytest.mark.parametrize("what", ["leave", "silence"])
def test_who_left_or_was_silenced_since_the_advance_gets_no_offer_after_an_undo(what: str) -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.Move(by=FAY, person=CAI, to=0))
    world.do(c.GiveFloor(by=FAY, person=BEN))
    world.advance()
    for person in (BEN, CAI):
        world.do(c.Leave(by=person) if what == "leave" else c.Silence(by=FAY, person=person))
    world.do(UNDO)
    floor = world.room.floor
    assert floor.round is not None
    if what == "leave":
        assert next_people(world) == [ANA]
        assert {BEN, CAI}.isdisjoint({*floor.called, *floor.pinned, *floor.round.waiting})
    else:
        assert next_people(world) == [BEN, CAI, ANA]  # until their place has come
    assert world.offer_next() == ANA
    assert next_people(world) == []


def test_a_lobby_that_is_reached_by_an_undo_is_not_held() -> None:
    world = lobby(ANA)
    world.advance()
    world.do(c.Hold(by=FAY))
    world.do(UNDO, after=2 * SECOND)
    assert world.room.stage is Stage.LOBBY
    assert not view(world.room, Role.PARTICIPANT)["held"]
    world.advance()
    assert not view(world.room, Role.PARTICIPANT)["held"]
