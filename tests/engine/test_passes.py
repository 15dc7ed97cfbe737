"""Anyone may pass, before or during their turn, without a reason."""

import pytest

import session_engine.commands as c
from session_engine import Role, view
from session_engine.ids import TurnId
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    FAY,
    LATER,
    NOT_THIS_ROUND,
    SECOND,
    World,
    discussion,
    introductions,
    last_closed,
    next_people,
    speaking,
    standing,
)


def test_passing_later_puts_me_at_the_end_of_this_round() -> None:
    world = introductions(ANA, BEN, CAI)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == [BEN, CAI, ANA]


def test_not_this_round_counts_as_done_like_any_other_turn() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert next_people(world) == [BEN]
    assert view(world.room, Role.PARTICIPANT)["progress"] == {"done": 1, "of": 2}


@pytest.mark.parametrize("kind", [LATER, NOT_THIS_ROUND])
def test_i_may_pass_in_the_middle_of_my_turn(kind: c.PassKind) -> None:
    world = speaking(ANA, BEN)
    world.do(c.Pass(by=ANA, kind=kind, turn=world.turn_id), after=10 * SECOND)
    assert world.room.turn is None
    assert next_people(world) == ([BEN, ANA] if kind is LATER else [BEN])


def test_who_says_later_in_the_middle_of_their_turn_keeps_the_rest_of_their_time() -> None:
    world = speaking(ANA)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id), after=10 * SECOND)
    world.offer_next()
    assert world.turn.limit_ms == 50 * SECOND


@pytest.mark.parametrize("kind", [LATER, NOT_THIS_ROUND])
def test_passing_in_the_grace_is_done_with_this_round(kind: c.PassKind) -> None:
    world = speaking(ANA)
    world.wait(62 * SECOND)
    world.do(c.Pass(by=ANA, kind=kind, turn=world.turn_id))
    assert next_people(world) == []


def test_later_in_the_grace_is_no_way_to_speak_twice_in_a_discussion() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.start()
    world.wait(92 * SECOND)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == []


def test_the_rest_of_a_turn_stays_the_rest_when_its_offer_is_passed() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.start()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id), after=85 * SECOND)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.offer_next()
    assert world.turn.limit_ms == 5 * SECOND


def test_the_rest_of_a_turn_stays_the_rest_when_its_offer_is_not_answered() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.start()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id), after=85 * SECOND)
    world.offer_next()
    world.wait(15 * SECOND)
    world.offer_next()
    assert world.turn.limit_ms == 5 * SECOND


def test_i_may_say_later_before_it_is_my_turn() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Pass(by=BEN, kind=LATER))
    assert next_people(world) == [CAI, BEN]
    assert standing(world, BEN) == "later"


def test_later_gives_up_a_place_that_was_moved_up() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Move(by=FAY, person=CAI, to=0))
    world.do(c.Pass(by=CAI, kind=LATER))
    assert next_people(world) == [BEN, CAI]


def test_who_was_given_the_floor_in_a_discussion_and_says_later_has_asked_for_it() -> None:
    world = discussion(ANA, BEN, hands=[ANA])
    world.do(c.GiveFloor(by=FAY, person=BEN))
    world.do(c.Pass(by=BEN, kind=LATER))
    assert next_people(world) == [ANA, BEN]


def test_in_a_discussion_a_pass_counts_as_done_like_any_other_turn() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert view(world.room, Role.PARTICIPANT)["progress"] == {"done": 0, "of": 2}
    world.offer_next()
    world.do(c.Pass(by=BEN, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert view(world.room, Role.PARTICIPANT)["progress"] == {"done": 1, "of": 2}


def test_i_may_say_not_this_round_before_it_is_my_turn() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Pass(by=BEN, kind=NOT_THIS_ROUND))
    assert next_people(world) == [CAI]


def test_saying_later_beforehand_spends_no_offer() -> None:
    world = introductions(ANA, BEN)
    world.do(c.Pass(by=ANA, kind=LATER))
    world.offer_next()
    world.start()
    world.finish()
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert world.offer_next() == ANA


def test_at_the_second_offer_later_means_not_this_round() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == []
    assert last_closed(world).outcome == "passed"


def test_at_the_second_offer_no_answer_means_not_this_round() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.wait(15 * SECOND)
    world.offer_next()
    world.wait(15 * SECOND)
    assert next_people(world) == []


def test_somebody_who_starts_at_their_second_offer_is_heard_in_full() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.wait(15 * SECOND)
    world.offer_next()
    world.start()
    assert world.turn.limit_ms == 60 * SECOND


def test_nobody_can_pass_for_somebody_else() -> None:
    world = speaking(ANA, BEN)
    assert world.refused(c.Pass(by=BEN, kind=LATER, turn=world.turn_id)) == "not_your_turn"


def test_a_pass_that_names_another_turn_is_refused() -> None:
    world = speaking(ANA, BEN)
    unknown = TurnId("t99")
    assert world.refused(c.Pass(by=ANA, kind=LATER, turn=unknown)) == "stale_turn"
    assert world.refused(c.Pass(by=BEN, kind=LATER, turn=unknown)) == "stale_turn"


def test_a_late_press_on_my_place_in_the_queue_cannot_end_my_running_turn() -> None:
    world = speaking(ANA)
    assert world.refused(c.Pass(by=ANA, kind=LATER)) == "stale_turn"


def test_a_pass_sent_while_the_offer_was_on_its_way_takes_the_offer() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND))
    assert world.room.turn is None
    assert next_people(world) == [BEN]


def test_who_has_had_their_turn_has_nothing_to_pass() -> None:
    world = speaking(ANA, BEN)
    world.finish()
    assert world.refused(c.Pass(by=ANA, kind=LATER)) == "nothing_to_pass"


def test_nobody_can_pass_in_a_discussion_they_did_not_ask_to_speak_in() -> None:
    world = discussion(ANA)
    assert world.refused(c.Pass(by=ANA, kind=LATER)) == "nothing_to_pass"


@pytest.mark.parametrize("kind", [LATER, NOT_THIS_ROUND])
def test_passing_is_possible_while_the_room_is_on_hold(kind: c.PassKind) -> None:
    world = speaking(ANA, BEN)
    world.do(c.Hold(by=FAY))
    world.do(c.Pass(by=ANA, kind=kind, turn=world.turn_id))
    assert world.room.turn is None


def test_a_hand_for_the_discussion_stays_up_when_i_pass_my_introduction() -> None:
    world = introductions(ANA, BEN)
    world.do(c.RaiseHand(by=ANA))
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND))
    world.advance()
    assert next_people(world) == [ANA]


def done(world: World) -> int:
    """How many are done, as everybody sees it."""
    return int(view(world.room, Role.OBSERVER)["progress"]["done"])


def test_the_count_does_not_tell_who_passed_from_who_spoke_in_the_discussion() -> None:
    for kind in (NOT_THIS_ROUND, None):
        world = discussion(ANA, BEN, hands=[ANA])
        world.offer_next()
        if kind is None:
            world.start()
            world.finish()
        else:
            world.do(c.Pass(by=ANA, kind=kind, turn=world.turn_id))
        assert done(world) == 1
        world.do(c.RaiseHand(by=ANA))
        world.offer_next()
        world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
        assert done(world) == 1


def test_nor_in_a_round_when_they_are_given_the_floor_again() -> None:
    for passes in (True, False):
        world = introductions(ANA, BEN)
        assert world.offer_next() == ANA
        if passes:
            world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
        else:
            world.start()
            world.finish()
        world.do(c.GiveFloor(by=FAY, person=ANA))
        assert world.offer_next() == ANA
        world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
        assert done(world) == 1


def test_a_hand_raised_for_the_round_is_used_up_by_a_pass_before_the_offer_too() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.RaiseHand(by=CAI))  # for the discussion
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.RaiseHand(by=BEN))
    for person in (BEN, CAI):
        world.do(c.Pass(by=person, kind=NOT_THIS_ROUND))
    world.advance()
    assert world.room.floor.hands.keys() == {CAI}
