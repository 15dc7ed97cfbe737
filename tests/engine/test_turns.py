"""One voice at a time: offers, starts, limits, grace, extensions, ends."""

import pytest

import session_engine.commands as c
from session_engine import Role, Tick, view
from session_engine.events import GraceBegan, TurnClosed, TurnOffered, TurnStarted
from session_engine.ids import TurnId
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    FAY,
    GIL,
    LATER,
    MINUTE,
    SECOND,
    World,
    discussion,
    happened,
    introductions,
    last_closed,
    lobby,
    next_people,
    speaking,
)

# ── offers ────────────────────────────────────────────────────────────────────


def test_the_first_of_the_circle_is_offered_the_floor_after_three_seconds_of_quiet() -> None:
    world = introductions(ANA, BEN)
    assert world.wait(3 * SECOND - 1) == []
    assert happened(world.wait(1)) == ["TurnOffered"]
    assert world.holder == ANA


def test_the_clock_starts_when_the_person_starts_not_when_they_are_asked() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.wait(12 * SECOND)
    world.start()
    assert world.turn.ends_at == world.now + 60 * SECOND


def test_nobody_is_heard_before_the_one_who_is_asked_has_started() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    assert world.refused(c.Write(by=ANA, turn=world.turn_id)) == "turn_not_started"
    assert world.refused(c.Write(by=BEN, turn=world.turn_id)) == "not_your_turn"


def test_only_the_holder_is_heard() -> None:
    world = speaking(ANA, BEN)
    assert world.do(c.Write(by=ANA, turn=world.turn_id)) == []
    assert world.refused(c.Write(by=BEN, turn=world.turn_id)) == "not_your_turn"


def test_nobody_but_the_one_who_is_asked_can_start_the_turn() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    assert world.refused(c.StartTurn(by=BEN, turn=world.turn_id)) == "not_your_turn"


def test_fifteen_seconds_without_an_answer_is_later() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.wait(15 * SECOND - 1)
    assert world.holder == ANA
    world.wait(1)
    assert (last_closed(world).reason, last_closed(world).outcome) == ("unanswered", "later")
    assert next_people(world) == [BEN, ANA]


def test_an_answer_in_the_last_moment_counts_and_one_after_it_does_not() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    start = c.StartTurn(by=ANA, turn=world.turn_id)
    world.wait(15 * SECOND - 1)
    assert world.refused(start, after=1) == "stale_turn"
    world.now -= 1
    world.do(start)
    assert world.turn.started


def test_in_a_hall_with_no_time_to_answer_the_clock_starts_at_once() -> None:
    world = introductions(ANA, accept_window_s=0)
    offered, started = world.wait(3 * SECOND)
    assert isinstance(offered, TurnOffered)
    assert isinstance(started, TurnStarted)
    assert world.turn.ends_at == world.now + 60 * SECOND


def test_somebody_absent_is_passed_over_without_an_offer_and_keeps_their_place() -> None:
    world = introductions(ANA, BEN, CAI)
    world.drop(ANA)
    world.wait(3 * SECOND)
    assert world.holder == BEN
    world.connect(ANA)
    assert next_people(world) == [ANA, CAI]


def test_somebody_whose_line_just_broke_is_not_asked_either() -> None:
    world = introductions(ANA, BEN)
    world.wait(2 * SECOND)
    world.drop(ANA)
    world.wait(1 * SECOND)
    assert world.holder == BEN


def test_after_a_turn_the_circle_is_quiet_for_three_seconds() -> None:
    world = speaking(ANA, BEN)
    world.finish()
    assert world.wait(3 * SECOND - 1) == []
    world.wait(1)
    assert world.holder == BEN


# ── the clock ─────────────────────────────────────────────────────────────────


def test_at_zero_comes_a_grace_of_ten_seconds_and_then_the_floor_closes() -> None:
    world = speaking(ANA)
    started_at = world.now
    world.wait(60 * SECOND - 1)
    assert world.turn.phase == "speaking"
    world.wait(1)
    assert (world.turn.phase, world.turn.ends_at) == ("grace", started_at + 70 * SECOND)
    world.wait(10 * SECOND)
    closed = last_closed(world)
    assert closed.at == started_at + 70 * SECOND
    assert (closed.outcome, closed.spoken_ms) == ("spoke", 70 * SECOND)


def test_the_holder_is_still_heard_in_the_grace() -> None:
    world = speaking(ANA)
    world.wait(65 * SECOND)
    assert world.turn.phase == "grace"
    assert world.do(c.Write(by=ANA, turn=world.turn_id)) == []


def test_after_the_grace_nobody_is_heard() -> None:
    world = speaking(ANA)
    turn = world.turn_id
    world.wait(70 * SECOND)
    assert world.refused(c.Write(by=ANA, turn=turn)) == "stale_turn"


def test_without_a_grace_the_floor_closes_at_zero() -> None:
    world = speaking(ANA, grace_s=0)
    world.wait(60 * SECOND)
    assert world.room.turn is None
    assert last_closed(world).reason == "limit"


@pytest.mark.parametrize(("stage", "limit_s"), [("introduction", 60), ("discussion", 90)])
def test_each_kind_of_turn_has_its_own_limit(stage: str, limit_s: int) -> None:
    world = introductions(ANA) if stage == "introduction" else discussion(ANA, hands=[ANA])
    world.offer_next()
    assert (world.turn.kind, world.turn.limit_ms) == (stage, limit_s * SECOND)


def test_a_changed_limit_holds_from_the_next_offer() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.SetLimit(by=FAY, seconds=45))
    world.start()
    assert world.turn.limit_ms == 60 * SECOND
    world.finish()
    world.offer_next()
    assert world.turn.limit_ms == 45 * SECOND


def test_the_holder_may_finish_early() -> None:
    world = speaking(ANA, BEN)
    world.do(c.FinishTurn(by=ANA, turn=world.turn_id), after=20 * SECOND)
    closed = last_closed(world)
    assert (closed.outcome, closed.spoken_ms) == ("spoke", 20 * SECOND)


def test_nobody_else_can_finish_my_turn() -> None:
    world = speaking(ANA, BEN)
    assert world.refused(c.FinishTurn(by=BEN, turn=world.turn_id)) == "not_your_turn"


def test_a_turn_that_has_not_started_cannot_be_finished() -> None:
    world = introductions(ANA)
    world.offer_next()
    assert world.refused(c.FinishTurn(by=ANA, turn=world.turn_id)) == "turn_not_started"


def test_a_turn_starts_only_once() -> None:
    world = speaking(ANA)
    assert world.refused(c.StartTurn(by=ANA, turn=world.turn_id)) == "turn_started"


# ── extensions ────────────────────────────────────────────────────────────────


def extend(world: World, after: int = 0) -> None:
    world.do(c.Extend(by=FAY, turn=world.turn_id), after=after)


def test_a_facilitator_may_give_thirty_seconds_more() -> None:
    world = speaking(ANA)
    ends_at = world.turn.ends_at
    extend(world, after=10 * SECOND)
    assert world.turn.ends_at == ends_at + 30 * SECOND


def test_an_extension_gives_only_what_is_left_to_two_minutes() -> None:
    world = discussion(ANA, hands=[ANA], discussion_s=105)
    world.offer_next()
    world.start()
    extend(world)
    assert world.turn.limit_ms == 120 * SECOND


def test_at_two_minutes_an_extension_is_refused() -> None:
    world = speaking(ANA)
    extend(world)
    extend(world)
    assert world.turn.limit_ms == 120 * SECOND
    assert world.refused(c.Extend(by=FAY, turn=world.turn_id)) == "limit_out_of_range"


def test_a_turn_that_nobody_has_started_is_not_extended() -> None:
    world = introductions(ANA)
    world.offer_next()
    assert world.refused(c.Extend(by=FAY, turn=world.turn_id)) == "turn_not_started"


def test_an_extension_in_the_grace_is_speaking_again() -> None:
    world = speaking(ANA)
    world.wait(64 * SECOND)
    extend(world)
    assert (world.turn.phase, world.turn.ends_at - world.now) == ("speaking", 26 * SECOND)
    world.wait(26 * SECOND)
    assert (world.turn.phase, world.turn.ends_at - world.now) == ("grace", 10 * SECOND)


def test_the_clock_of_one_turn_never_runs_over_two_minutes_and_the_grace() -> None:
    world = discussion(ANA, hands=[ANA], discussion_s=115, grace_s=15)
    world.offer_next()
    world.start()
    started_at = world.now
    extend(world, after=129 * SECOND)  # 14 s into the grace, 5 s are left to two minutes
    world.wait(MINUTE)
    closed = last_closed(world)
    assert closed.at == started_at + 135 * SECOND
    assert closed.spoken_ms == 135 * SECOND


# ── stale requests, late clocks ───────────────────────────────────────────────


def test_a_command_about_a_turn_that_is_over_changes_nothing() -> None:
    world = speaking(ANA, BEN)
    over = world.turn_id
    world.finish()
    assert world.refused(c.Extend(by=FAY, turn=over)) == "stale_turn"
    world.offer_next()
    for late in (
        c.EndTurn(by=FAY, turn=over),
        c.Skip(by=FAY, turn=over),
        c.Next(by=FAY, turn=over),
        c.Extend(by=FAY, turn=over),
        c.StartTurn(by=BEN, turn=over),
        c.FinishTurn(by=BEN, turn=over),
        c.Pass(by=BEN, kind=LATER, turn=over),
    ):
        assert world.refused(late) == "stale_turn"
    assert world.holder == BEN


def test_two_facilitators_who_press_next_together_skip_nobody() -> None:
    world = speaking(ANA, BEN, CAI)
    world.enter(GIL, Role.FACILITATOR)
    seen = world.turn_id
    world.do(c.Next(by=FAY, turn=seen))
    assert world.refused(c.Next(by=GIL, turn=seen)) == "stale_turn"
    assert world.holder == BEN


def test_with_no_turn_open_next_names_the_last_one() -> None:
    world = introductions(ANA, BEN, stepping="by-hand")
    world.do(c.Next(by=FAY, turn=None))
    world.start()
    last = world.turn_id
    world.finish()
    assert world.refused(c.Next(by=FAY, turn=None)) == "stale_turn"
    assert world.refused(c.Next(by=FAY, turn=TurnId("t99"))) == "stale_turn"
    world.do(c.Next(by=FAY, turn=last))
    assert world.holder == BEN


def test_before_the_first_turn_next_names_none() -> None:
    world = introductions(ANA)
    assert world.refused(c.Next(by=FAY, turn=TurnId("t1"))) == "stale_turn"
    world.do(c.Next(by=FAY, turn=None))
    assert world.holder == ANA


def test_turn_numbers_never_repeat() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.UndoAdvance(by=FAY))
    world.advance()
    world.wait(10 * MINUTE)
    numbers = [event.number for event in world.log if isinstance(event, TurnOffered)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 2


def test_the_end_of_a_turn_is_stamped_when_it_was_due_however_late_it_is_noticed() -> None:
    world = speaking(ANA, BEN)
    started_at = world.now
    _, grace, closed, offered = world.oversleep(10 * MINUTE)
    assert isinstance(grace, GraceBegan)
    assert grace.at == started_at + 60 * SECOND
    assert isinstance(closed, TurnClosed)
    assert closed.at == started_at + 70 * SECOND
    assert isinstance(offered, TurnOffered)
    assert offered.at == world.now


def test_catching_up_spends_no_offer_that_nobody_saw() -> None:
    world = introductions(ANA, BEN, CAI)
    world.oversleep(30 * MINUTE)
    assert (world.holder, world.turn.ends_at) == (ANA, world.now + 15 * SECOND)
    world.oversleep(30 * MINUTE)
    assert (world.holder, world.turn.ends_at) == (BEN, world.now + 15 * SECOND)


def test_a_tick_before_anything_is_due_changes_nothing() -> None:
    world = speaking(ANA)
    world.wait(10 * SECOND)
    assert world.do(Tick(), after=49 * SECOND) == []


def test_everybody_in_the_circle_sees_the_same_clock() -> None:
    world = speaking(ANA, BEN)
    shown = view(world.room, Role.PARTICIPANT)["turn"]
    assert shown == view(world.room, Role.FACILITATOR)["turn"]
    assert (shown["person"], shown["ends_at"]) == (ANA, world.turn.ends_at)


def test_a_line_that_flaps_is_held_for_20_s_once_not_each_time() -> None:
    world = speaking(ANA, BEN)
    world.drop(ANA)
    for _ in range(4):
        world.wait(4 * SECOND)
        world.connect(ANA)
        world.drop(ANA)
    world.wait(4 * SECOND)
    assert world.room.turn is None


def test_the_rest_of_an_interrupted_turn_is_not_another_turn() -> None:
    world = discussion(ANA, BEN, hands=[ANA])
    world.offer_next()
    world.start()
    world.wait(30 * SECOND)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert world.offer_next() == ANA
    world.start()
    assert world.room.people[ANA].turns == 1
    assert world.room.floor.started[ANA] == 1


def test_giving_the_floor_twice_to_the_same_person_keeps_their_place() -> None:
    world = discussion(ANA, BEN, CAI)
    world.do(c.SetStepping(by=FAY, stepping="by-hand"))
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.do(c.GiveFloor(by=FAY, person=BEN))
    assert world.do(c.GiveFloor(by=FAY, person=ANA)) == []
    assert next_people(world) == [ANA, BEN]


def test_somebody_invited_who_does_not_answer_has_not_asked_to_speak() -> None:
    world = discussion(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert world.offer_next() == ANA
    world.wait(16 * SECOND)
    assert world.room.turn is None
    assert next_people(world) == []


def test_a_session_that_begins_without_a_connected_facilitator_gives_them_15_minutes() -> None:
    world = lobby(ANA)
    world.drop(FAY)
    world.wait(30 * MINUTE)
    world.do(c.Begin(by=FAY))
    world.wait(14 * MINUTE)
    assert world.room.stage == "welcome"
    world.wait(2 * MINUTE)
    assert world.room.stage == "ended"
