"""A round that does not fit: the rest for volunteers, or carried over to the discussion."""

import session_engine.commands as c
from session_engine import Role, Stage, view
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    LATER,
    NOT_THIS_ROUND,
    SECOND,
    closing,
    discussion,
    introduce_all,
    introductions,
    next_people,
    speaking,
    standing,
)

# ── volunteers only ───────────────────────────────────────────────────────────


def test_volunteers_only_offers_the_rest_of_the_round_to_raised_hands() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.VolunteersOnly(by=FAY))
    world.finish()
    assert next_people(world) == []
    world.do(c.RaiseHand(by=CAI))
    assert world.offer_next() == CAI


def test_a_volunteer_who_says_later_still_gets_their_turn() -> None:
    world = introductions(ANA, BEN)
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.RaiseHand(by=ANA))
    world.do(c.RaiseHand(by=BEN))
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == [BEN, ANA]


def test_who_is_owed_an_offer_gets_it_also_when_only_volunteers_are_called() -> None:
    world = introductions(ANA, BEN, CAI)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.offer_next()
    world.start()
    world.drop(BEN)
    world.wait(20 * SECOND)  # held, then later with the rest
    world.connect(BEN)
    world.do(c.VolunteersOnly(by=FAY))
    assert set(next_people(world)) == {ANA, BEN}
    leaving = c.Advance(by=FAY, from_="introductions", confirm=False)
    if world.room.turn is None:
        world.do(leaving)


def test_in_the_closing_round_volunteers_may_raise_their_hands() -> None:
    world = closing(ANA, BEN)
    world.do(c.StartRound(by=FAY))
    assert world.refused(c.RaiseHand(by=BEN)) == "wrong_stage"
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.RaiseHand(by=BEN))
    assert world.offer_next() == BEN


def test_volunteers_are_called_only_once_and_only_in_a_round() -> None:
    world = introductions(ANA)
    world.do(c.VolunteersOnly(by=FAY))
    assert world.refused(c.VolunteersOnly(by=FAY)) == "round_open"
    world.advance()
    assert world.refused(c.VolunteersOnly(by=FAY)) == "wrong_stage"
    assert closing(ANA).refused(c.VolunteersOnly(by=FAY)) == "no_round"


def test_leaving_while_a_volunteer_was_not_asked_needs_a_confirmation() -> None:
    world = introductions(ANA, BEN)
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.RaiseHand(by=BEN))
    leaving = c.Advance(by=FAY, from_="introductions", confirm=False)
    assert world.refused(leaving) == "introductions_incomplete"
    world.do(c.LowerHand(by=BEN))
    world.do(leaving)
    assert world.room.stage is Stage.DISCUSSION


# ── carry over ────────────────────────────────────────────────────────────────


def test_carrying_over_moves_on_and_those_not_heard_wait_in_the_discussion() -> None:
    world = introductions(ANA, BEN, CAI)
    world.offer_next()
    world.start()
    world.finish()
    world.do(c.CarryOver(by=FAY))
    assert world.room.stage is Stage.DISCUSSION
    assert next_people(world) == [BEN, CAI]


def test_who_was_asked_but_had_not_started_is_carried_over_too() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    assert world.refused(c.CarryOver(by=FAY)) == "needs_confirm"
    world.do(c.CarryOver(by=FAY, confirm=True))
    assert sorted(next_people(world)) == [ANA, BEN]
    assert standing(world, ANA) == "waiting"


def test_who_asks_after_a_carry_over_comes_after_those_carried_over() -> None:
    world = introductions(ANA, BEN, CAI)
    world.enter(DEV)
    world.do(c.Pass(by=DEV, kind=NOT_THIS_ROUND))
    world.do(c.CarryOver(by=FAY))
    world.do(c.RaiseHand(by=DEV))
    assert next_people(world) == [ANA, BEN, CAI, DEV]


def test_who_had_asked_to_speak_before_comes_before_those_carried_over() -> None:
    world = introductions(ANA, BEN)
    world.do(c.RaiseHand(by=BEN))
    world.do(c.CarryOver(by=FAY))
    assert next_people(world) == [BEN, ANA]


def test_the_silenced_are_carried_over_with_all_others_and_then_passed_over() -> None:
    world = introductions(ANA, BEN)
    world.do(c.Silence(by=FAY, person=ANA))
    world.do(c.CarryOver(by=FAY))
    assert next_people(world) == [ANA, BEN]
    assert world.offer_next() == BEN
    assert next_people(world) == []
    assert ANA not in world.room.floor.hands


def test_carrying_over_when_everybody_was_heard_is_a_plain_step() -> None:
    world = introductions(ANA)
    introduce_all(world)
    world.do(c.CarryOver(by=FAY))
    assert next_people(world) == []


def test_there_is_nothing_to_carry_over_from_a_discussion() -> None:
    assert discussion(ANA).refused(c.CarryOver(by=FAY)) == "wrong_stage"


def test_a_hand_raised_before_the_volunteers_were_called_still_waits_for_the_discussion() -> None:
    world = introductions(ANA, BEN)
    world.do(c.RaiseHand(by=BEN))
    world.do(c.VolunteersOnly(by=FAY))
    assert world.offer_next() == BEN
    world.start()
    world.finish()
    world.advance()
    assert next_people(world) == [BEN]


def test_a_hand_raised_for_the_round_is_used_up_by_it() -> None:
    world = introductions(ANA, BEN)
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.RaiseHand(by=BEN))
    assert world.offer_next() == BEN
    world.start()
    world.finish()
    world.advance()
    assert next_people(world) == []


def test_the_circle_is_told_that_only_volunteers_are_called() -> None:
    world = introductions(ANA, BEN)
    assert view(world.room, Role.PARTICIPANT)["volunteers"] is False
    world.do(c.VolunteersOnly(by=FAY))
    assert view(world.room, Role.PARTICIPANT)["volunteers"] is True
