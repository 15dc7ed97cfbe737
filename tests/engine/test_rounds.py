"""Rounds: everyone in the circle is offered one turn."""

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
    introduce_all,
    introductions,
    last_closed,
    lobby,
    next_people,
    speak,
    speaking,
    standing,
)

# ── introductions ─────────────────────────────────────────────────────────────


def test_entering_introductions_starts_a_round_in_the_order_of_the_seats() -> None:
    world = lobby(CAI, ANA, BEN)
    world.to(Stage.INTRODUCTIONS)
    assert next_people(world) == [CAI, ANA, BEN]
    assert view(world.room, Role.PARTICIPANT)["round"] == "introductions"


def test_everybody_is_offered_exactly_one_turn_when_everybody_starts() -> None:
    world = introductions(ANA, BEN, CAI)
    introduce_all(world)
    assert view(world.room, Role.PARTICIPANT)["progress"] == {"done": 3, "of": 3}
    world.wait(60 * SECOND)
    assert world.room.turn is None


def test_facilitators_and_observers_are_not_in_the_circle() -> None:
    world = lobby(ANA)
    world.enter(DEV, Role.OBSERVER)
    world.to(Stage.INTRODUCTIONS)
    assert next_people(world) == [ANA]
    assert view(world.room, Role.PARTICIPANT)["progress"] == {"done": 0, "of": 1}


def test_before_a_round_ends_who_was_absent_or_silent_or_said_later_is_asked_again() -> None:
    world = introductions(ANA, BEN, CAI, DEV)
    world.drop(ANA)  # absent
    assert world.offer_next() == BEN
    world.wait(15 * SECOND)  # does not answer
    assert world.offer_next() == CAI
    world.do(c.Pass(by=CAI, kind=LATER, turn=world.turn_id))
    assert world.offer_next() == DEV
    world.start()
    world.connect(ANA)
    world.finish()
    assert next_people(world) == [ANA, BEN, CAI]


def test_leaving_introductions_while_somebody_here_was_not_asked_needs_a_confirmation() -> None:
    world = introductions(ANA, BEN)
    assert (
        world.refused(c.Advance(by=FAY, from_="introductions", confirm=False))
        == "introductions_incomplete"
    )
    world.advance(confirm=True)
    assert world.room.stage is Stage.DISCUSSION


def test_who_is_absent_or_silenced_does_not_keep_the_circle_in_introductions() -> None:
    world = introductions(ANA, BEN)
    world.drop(ANA)
    world.do(c.Silence(by=FAY, person=BEN))
    world.wait(4 * SECOND)
    world.advance(confirm=False)
    assert world.room.stage is Stage.DISCUSSION


def test_who_was_asked_once_and_said_later_does_not_ask_for_a_confirmation() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.advance(confirm=False)
    assert world.room.stage is Stage.DISCUSSION


def test_leaving_a_stage_while_a_turn_is_open_needs_a_confirmation_and_ends_the_turn() -> None:
    world = speaking(ANA)
    leaving = c.Advance(by=FAY, from_="introductions", confirm=False)
    assert world.refused(leaving) == "needs_confirm"
    world.advance(confirm=True)
    assert world.room.turn is None
    assert last_closed(world).outcome == "spoke"


def test_ending_the_session_always_needs_a_confirmation() -> None:
    world = introductions(ANA)
    assert world.refused(c.EndSession(by=FAY)) == "needs_confirm"
    world.do(c.EndSession(by=FAY, confirm=True))
    assert world.room.stage is Stage.ENDED


# ── late joiners ──────────────────────────────────────────────────────────────


def test_whoever_arrives_late_is_put_at_the_end_of_the_round() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.enter(CAI)
    assert next_people(world) == [BEN, ANA, CAI]


def test_whoever_arrives_after_the_round_has_ended_still_has_their_turn() -> None:
    world = introductions(ANA)
    introduce_all(world)
    world.wait(60 * SECOND)
    world.enter(BEN)
    world.wait(0)
    assert world.holder == BEN


def test_whoever_comes_back_after_their_turn_has_no_second_one() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.start()
    world.finish()
    world.do(c.Leave(by=ANA))
    world.enter(ANA)
    assert next_people(world) == [BEN]


def test_whoever_leaves_and_comes_back_before_their_turn_is_at_the_end() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.Leave(by=ANA))
    world.enter(ANA)
    assert next_people(world) == [BEN, CAI, ANA]


def test_in_the_discussion_facilitators_see_who_has_not_introduced_themselves() -> None:
    world = introductions(ANA)
    introduce_all(world)
    world.advance()
    world.enter(BEN)
    people = view(world.room, Role.FACILITATOR)["people"]
    assert {p["id"]: p["introduced"] for p in people if p["role"] == "participant"} == {
        ANA: True,
        BEN: False,
    }
    assert all("introduced" not in p for p in view(world.room, Role.PARTICIPANT)["people"])


def test_who_passed_their_introduction_has_not_introduced_themselves() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert not world.room.people[ANA].introduced


# ── the closing round ─────────────────────────────────────────────────────────


def test_the_close_has_no_round_until_a_facilitator_starts_one() -> None:
    world = closing(ANA, BEN)
    world.wait(60 * SECOND)
    assert world.room.turn is None
    assert view(world.room, Role.PARTICIPANT)["round"] is None


def test_the_closing_round_offers_everybody_half_a_minute() -> None:
    world = closing(ANA, BEN)
    world.do(c.StartRound(by=FAY))
    assert view(world.room, Role.PARTICIPANT)["round"] == "closing"
    assert world.offer_next() == ANA
    assert (world.turn.kind, world.turn.limit_ms) == ("closing", 30 * SECOND)


def test_there_is_one_closing_round() -> None:
    world = closing(ANA)
    world.do(c.StartRound(by=FAY))
    assert world.refused(c.StartRound(by=FAY)) == "round_open"


def test_a_round_is_started_by_hand_only_in_the_close() -> None:
    world = introductions(ANA)
    assert world.refused(c.StartRound(by=FAY)) == "wrong_stage"


def test_in_the_close_the_floor_can_be_given_without_a_round() -> None:
    world = closing(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=BEN))
    assert world.offer_next() == BEN
    world.do(c.Pass(by=BEN, kind=LATER, turn=world.turn_id))
    assert next_people(world) == []


def test_a_closing_word_that_was_cut_off_is_asked_for_once_more() -> None:
    world = closing(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=BEN))
    for limit_s in (30, 20):
        assert world.offer_next() == BEN
        assert world.turn.limit_ms == limit_s * SECOND
        world.start()
        world.wait(10 * SECOND)
        world.drop(BEN)
        world.wait(20 * SECOND)
        world.connect(BEN)
    world.wait(10 * SECOND)
    assert world.room.turn is None
    assert next_people(world) == []


def test_who_was_speaking_when_the_closing_round_began_is_not_asked_twice() -> None:
    world = closing(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=BEN))
    world.offer_next()
    world.start()
    world.do(c.StartRound(by=FAY))
    world.finish()
    assert next_people(world) == [ANA]


def test_who_comes_back_during_their_own_turn_of_a_round_is_not_put_in_twice() -> None:
    world = speaking(ANA, BEN)
    world.enter(ANA)
    world.finish()
    assert next_people(world) == [BEN]


def test_who_leaves_in_their_turn_and_comes_back_has_had_it() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Leave(by=ANA), after=20 * SECOND)
    world.enter(ANA)
    assert ANA not in next_people(world)
    introduce_all(world)
    world.wait(60 * SECOND)
    assert world.room.turn is None


def test_who_leaves_before_they_start_is_asked_once_more_and_not_again() -> None:
    world = introductions(ANA, BEN)
    assert world.offer_next() == ANA
    world.do(c.Leave(by=ANA))
    world.enter(ANA)
    assert next_people(world)[-1] == ANA
    while world.offer_next() != ANA:
        world.start()
        world.finish()
    world.do(c.Leave(by=ANA))
    world.enter(ANA)
    assert ANA not in next_people(world)


def test_who_leaves_with_the_rest_of_a_turn_has_had_it() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.start()
    world.wait(50 * SECOND)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    world.do(c.Leave(by=ANA))
    world.enter(ANA)
    assert next_people(world) == [BEN]
    assert standing(world, ANA) == "spoke"


def test_a_closing_word_that_is_open_is_the_one_of_the_round_that_starts() -> None:
    world = closing(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert world.offer_next() == ANA
    world.do(c.StartRound(by=FAY))
    assert next_people(world) == [BEN]
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == [BEN, ANA]
    speak(world)
    assert world.offer_next() == ANA
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))  # the second: not this round
    assert next_people(world) == []
