"""Places in the queue that facilitators give: the floor to somebody, or a pinned place."""

import pytest

import session_engine.commands as c
from session_engine import may
from session_engine.ids import PersonId
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    LATER,
    NOT_THIS_ROUND,
    SECOND,
    discussion,
    introductions,
    next_people,
    speak,
    speaking,
    standing,
)

# ── give the floor, move ──────────────────────────────────────────────────────


def test_giving_the_floor_puts_somebody_next_and_never_cuts_the_speaker() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.GiveFloor(by=FAY, person=CAI))
    assert world.holder == ANA
    assert next_people(world) == [CAI, BEN]


def test_who_is_given_the_floor_may_still_pass() -> None:
    world = discussion(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=BEN))
    world.offer_next()
    world.do(c.Pass(by=BEN, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert next_people(world) == []


def test_who_has_the_floor_cannot_be_given_it() -> None:
    world = speaking(ANA)
    assert world.refused(c.GiveFloor(by=FAY, person=ANA)) == "has_the_floor"


@pytest.mark.parametrize("person", [FAY, PersonId("nobody")])
def test_only_somebody_in_the_circle_can_be_given_the_floor(person: PersonId) -> None:
    world = speaking(ANA)
    assert world.refused(c.GiveFloor(by=FAY, person=person)) == "unknown_person"


def test_who_spoke_and_is_given_the_floor_again_waits_like_anybody() -> None:
    world = speaking(ANA, BEN)
    world.finish()
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert standing(world, ANA) == "waiting"
    assert world.offer_next() == ANA


def test_passing_a_floor_given_again_does_not_undo_that_i_spoke() -> None:
    world = speaking(ANA, BEN)
    world.finish()
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert standing(world, ANA) == "spoke"


def test_who_passed_and_says_later_to_a_floor_given_waits_again() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Pass(by=CAI, kind=NOT_THIS_ROUND, turn=None))
    assert standing(world, CAI) == "passed"
    world.do(c.GiveFloor(by=FAY, person=CAI))
    world.finish()
    assert world.offer_next() == CAI
    world.do(c.Pass(by=CAI, kind=LATER, turn=world.turn_id))
    assert (standing(world, CAI), next_people(world)) == ("later", [BEN, CAI])


def test_who_is_given_the_floor_and_says_later_goes_to_the_end() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.do(c.Pass(by=ANA, kind=LATER))
    assert next_people(world) == [BEN, CAI, ANA]


def test_somebody_given_the_floor_after_a_late_turn_is_waiting_not_late() -> None:
    world = introductions(ANA)
    world.do(c.Pass(by=ANA, kind=LATER))
    speak(world)
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert standing(world, ANA) == "waiting"


def test_of_the_queue_only_hands_go_along_into_the_next_stage() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.RaiseHand(by=BEN))
    world.do(c.RaiseHand(by=CAI))
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.do(c.Move(by=FAY, person=CAI, to=1))
    world.advance()
    assert next_people(world) == [BEN, CAI]


def test_a_moved_place_stands_above_the_ones_that_were_not_moved() -> None:
    world = introductions(ANA, BEN, CAI, DEV)
    world.do(c.Move(by=FAY, person=DEV, to=1))
    assert next_people(world) == [ANA, DEV, BEN, CAI]


def test_a_moved_place_stands_below_those_given_the_floor() -> None:
    world = introductions(ANA, BEN, CAI, DEV)
    world.do(c.GiveFloor(by=FAY, person=CAI))
    world.do(c.Move(by=FAY, person=DEV, to=0))
    assert next_people(world) == [CAI, DEV, ANA, BEN]


def test_two_moved_places_stand_in_the_order_the_facilitator_made() -> None:
    world = introductions(ANA, BEN, CAI, DEV)
    world.do(c.Move(by=FAY, person=CAI, to=0))
    world.do(c.Move(by=FAY, person=DEV, to=0))
    assert next_people(world) == [DEV, CAI, ANA, BEN]


def test_a_moved_place_stays_where_it_is_when_a_fairer_hand_goes_up() -> None:
    world = discussion(ANA, BEN, CAI, hands=[ANA])
    speak(world)
    world.do(c.RaiseHand(by=ANA))
    world.do(c.Move(by=FAY, person=ANA, to=0))
    world.do(c.RaiseHand(by=BEN))
    assert next_people(world) == [ANA, BEN]


def test_lowering_a_hand_in_the_discussion_gives_up_a_moved_place() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.do(c.Move(by=FAY, person=BEN, to=0))
    world.do(c.LowerHand(by=BEN))
    world.do(c.RaiseHand(by=BEN))
    assert next_people(world) == [ANA, BEN]


def test_somebody_who_does_not_wait_cannot_be_moved() -> None:
    world = discussion(ANA, BEN, hands=[ANA])
    assert world.refused(c.Move(by=FAY, person=BEN, to=0)) == "not_waiting"


def test_nobody_is_moved_when_nobody_waits() -> None:
    world = discussion(ANA, BEN)
    assert world.refused(c.Move(by=FAY, person=BEN, to=0)) == "not_waiting"


def test_there_is_no_place_before_the_next_one() -> None:
    world = introductions(ANA, BEN)
    assert world.refused(c.Move(by=FAY, person=BEN, to=-1)) == "bad_command"


def test_a_moved_place_of_somebody_who_is_away_is_kept() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.Move(by=FAY, person=CAI, to=0))
    world.drop(CAI)
    world.wait(3 * SECOND)
    world.do(c.Skip(by=FAY, turn=world.turn_id))
    world.do(c.Move(by=FAY, person=ANA, to=0))
    assert next_people(world) == [ANA, BEN]
    world.connect(CAI)
    assert next_people(world) == [ANA, CAI, BEN]


def test_move_is_not_offered_when_everybody_waiting_was_given_the_floor() -> None:
    world = discussion(ANA, BEN)
    world.do(c.SetStepping(by=FAY, stepping="by-hand"))
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert "move" not in may(world.room, world.room.people[FAY])
    world.do(c.RaiseHand(by=BEN))
    assert "move" in may(world.room, world.room.people[FAY])
