"""The speaking queue: hands in the discussion, and what facilitators change in it."""

import session_engine.commands as c
from session_engine import Stage
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    FAY,
    LATER,
    NOT_THIS_ROUND,
    SECOND,
    discussion,
    introductions,
    last_closed,
    next_people,
    speak,
    speaking,
)

# ── hands ─────────────────────────────────────────────────────────────────────


def test_hands_come_in_the_order_in_which_people_asked() -> None:
    world = discussion(ANA, BEN, CAI, hands=[CAI, ANA])
    assert next_people(world) == [CAI, ANA]


def test_nobody_is_offered_the_floor_in_a_discussion_without_asking() -> None:
    world = discussion(ANA, BEN)
    world.wait(60 * SECOND)
    assert world.room.turn is None


def test_who_spoke_less_in_this_discussion_comes_first() -> None:
    world = discussion(ANA, BEN, hands=[ANA])
    speak(world)
    world.do(c.RaiseHand(by=ANA))
    world.do(c.RaiseHand(by=BEN))
    assert next_people(world) == [BEN, ANA]


def test_introductions_do_not_count_against_anybody_in_the_discussion() -> None:
    world = introductions(ANA, BEN)
    speak(world)
    world.advance()
    world.do(c.RaiseHand(by=ANA))
    world.do(c.RaiseHand(by=BEN))
    assert next_people(world) == [ANA, BEN]


def test_first_come_ignores_who_spoke_before() -> None:
    world = discussion(ANA, BEN, hands=[ANA], queue="first_come")
    speak(world)
    world.do(c.RaiseHand(by=ANA))
    world.do(c.RaiseHand(by=BEN))
    assert next_people(world) == [ANA, BEN]


def test_hands_raised_in_introductions_wait_until_the_discussion() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.RaiseHand(by=CAI))
    assert next_people(world) == [ANA, BEN, CAI]
    world.advance()
    assert next_people(world) == [CAI]


def test_speaking_in_introductions_does_not_use_up_a_hand_for_the_discussion() -> None:
    world = introductions(ANA, BEN)
    world.do(c.RaiseHand(by=ANA))
    speak(world)
    world.advance()
    assert next_people(world) == [ANA]


def test_a_hand_raised_twice_keeps_its_place() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    assert world.refused(c.RaiseHand(by=ANA)) == "hand_raised"
    assert next_people(world) == [ANA, BEN]


def test_lowering_my_hand_takes_me_out_of_the_queue() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.do(c.LowerHand(by=ANA))
    assert next_people(world) == [BEN]
    assert world.refused(c.LowerHand(by=ANA)) == "hand_not_raised"


def test_hands_have_no_meaning_in_the_close() -> None:
    world = discussion(ANA)
    world.to(Stage.CLOSE)
    assert world.refused(c.RaiseHand(by=ANA)) == "wrong_stage"


def test_lowering_my_hand_in_introductions_gives_me_no_second_full_turn() -> None:
    world = speaking(ANA)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id), after=50 * SECOND)
    world.do(c.RaiseHand(by=ANA))
    world.do(c.LowerHand(by=ANA))
    world.offer_next()
    assert world.turn.limit_ms == 10 * SECOND


# ── passing in the discussion ─────────────────────────────────────────────────


def test_in_the_discussion_not_this_round_lowers_my_hand() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    world.do(c.Pass(by=BEN, kind=NOT_THIS_ROUND))
    assert next_people(world) == []


def test_passing_lowers_also_a_hand_raised_again_meanwhile() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.do(c.RaiseHand(by=ANA))
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert next_people(world) == []


def test_who_asks_again_during_their_turn_stays_in_the_queue_after_it() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.start()
    world.do(c.RaiseHand(by=ANA))
    world.finish()
    assert next_people(world) == [ANA]


def test_in_the_discussion_later_asks_again_now() -> None:
    world = discussion(ANA, BEN, CAI, hands=[ANA, BEN, CAI])
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == [BEN, CAI, ANA]
    world.do(c.Pass(by=BEN, kind=LATER))
    assert next_people(world) == [CAI, ANA, BEN]


def test_in_the_discussion_later_may_be_said_more_than_twice() -> None:
    world = discussion(ANA, hands=[ANA])
    for _ in range(3):
        world.offer_next()
        world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert world.offer_next() == ANA


def test_a_second_unanswered_offer_lowers_my_hand() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.wait(15 * SECOND)
    assert next_people(world) == [ANA]
    world.offer_next()
    world.wait(15 * SECOND)
    assert next_people(world) == []
    world.do(c.RaiseHand(by=ANA))
    assert world.offer_next() == ANA


def test_between_two_unanswered_offers_a_later_forgives_none() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.wait(15 * SECOND)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.offer_next()
    world.wait(15 * SECOND)
    assert next_people(world) == []


def test_a_skip_is_no_unanswered_offer() -> None:
    world = discussion(ANA, hands=[ANA])
    for _ in range(2):
        world.offer_next()
        world.do(c.Skip(by=FAY, turn=world.turn_id))
    world.offer_next()
    world.wait(15 * SECOND)
    assert next_people(world) == [ANA]


# ── next, end, skip ───────────────────────────────────────────────────────────


def test_next_ends_the_turn_and_offers_at_once_to_the_next_person() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Next(by=FAY, turn=world.turn_id), after=20 * SECOND)
    assert last_closed(world).outcome == "spoke"
    assert world.holder == BEN


def test_next_skips_an_offer_that_was_not_started_and_makes_it_later() -> None:
    world = introductions(ANA, BEN, CAI)
    world.offer_next()
    world.do(c.Next(by=FAY, turn=world.turn_id))
    assert world.holder == BEN
    assert next_people(world) == [CAI, ANA]


def test_next_never_offers_the_floor_again_to_whom_it_has_just_skipped() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(c.Next(by=FAY, turn=world.turn_id))
    assert world.room.turn is None


def test_next_with_nobody_waiting_is_refused() -> None:
    world = discussion(ANA)
    assert world.refused(c.Next(by=FAY, turn=None)) == "nobody_waiting"


def test_next_with_nobody_who_could_be_reached_is_refused() -> None:
    world = discussion(ANA, hands=[ANA])
    world.drop(ANA)
    assert world.refused(c.Next(by=FAY, turn=None)) == "nobody_waiting"


def test_end_turn_ends_it_with_the_normal_pause() -> None:
    world = speaking(ANA, BEN)
    world.do(c.EndTurn(by=FAY, turn=world.turn_id))
    assert world.room.turn is None
    assert last_closed(world).outcome == "spoke"
    world.wait(3 * SECOND - 1)
    assert world.room.turn is None
    world.wait(1)
    assert world.holder == BEN


def test_a_turn_that_nobody_has_started_cannot_be_ended_only_skipped() -> None:
    world = introductions(ANA)
    world.offer_next()
    assert world.refused(c.EndTurn(by=FAY, turn=world.turn_id)) == "turn_not_started"


def test_skip_makes_an_unstarted_offer_later() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.Skip(by=FAY, turn=world.turn_id))
    assert next_people(world) == [BEN, ANA]


def test_a_speaker_cannot_be_skipped() -> None:
    world = speaking(ANA)
    assert world.refused(c.Skip(by=FAY, turn=world.turn_id)) == "turn_started"


def test_the_floor_waits_for_a_facilitator_who_steps_by_hand() -> None:
    world = introductions(ANA, BEN, stepping="by-hand")
    world.wait(60 * SECOND)
    assert world.room.turn is None
    world.do(c.Next(by=FAY, turn=None))
    assert world.holder == ANA


def test_a_facilitator_may_go_back_to_offers_that_come_by_themselves() -> None:
    world = introductions(ANA, stepping="by-hand")
    world.wait(60 * SECOND)
    world.do(c.SetStepping(by=FAY, stepping="auto"))
    world.wait(0)
    assert world.holder == ANA
