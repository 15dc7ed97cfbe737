"""Time in which the service itself was away does not exist for the room."""

from typing import Any

import pytest

import session_engine.commands as c
from session_engine import Role, TimeLost, view
from session_engine.events import Event
from tests.engine.world import (
    ANA,
    BEN,
    FAY,
    MINUTE,
    SECOND,
    World,
    introductions,
    last_closed,
    lobby,
    speaking,
    standing,
)


def outage(world: World, ms: int = 10 * MINUTE) -> list[Event]:
    """Let the service be away for so long, and give the time back."""
    since = world.now
    return world.do(TimeLost(since=since, until=since + ms), after=ms)


def test_a_running_turn_goes_on_with_the_time_it_had() -> None:
    world = speaking(ANA)
    world.wait(20 * SECOND)
    outage(world)
    assert world.turn.ends_at == world.now + 40 * SECOND


def test_an_offer_is_not_spent() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.wait(5 * SECOND)
    outage(world)
    assert world.turn.ends_at == world.now + 10 * SECOND
    world.start()
    assert world.turn.phase == "speaking"


def test_the_grace_and_the_pause_are_given_back_too() -> None:
    world = speaking(ANA, BEN)
    world.wait(64 * SECOND)
    outage(world)
    assert (world.turn.phase, world.turn.ends_at - world.now) == ("grace", 6 * SECOND)
    world.wait(7 * SECOND)
    outage(world)
    world.wait(2 * SECOND - 1)
    assert world.room.turn is None
    world.wait(1)
    assert world.holder == BEN


def test_a_speaker_who_had_just_lost_the_line_still_has_their_twenty_seconds() -> None:
    world = speaking(ANA)
    world.drop(ANA)
    world.wait(5 * SECOND)
    outage(world)
    world.wait(15 * SECOND - 1)
    assert standing(world, ANA) == "held"
    world.connect(ANA)
    world.start()
    assert world.turn.ends_at == world.now + 60 * SECOND


def test_nobody_is_judged_absent_because_of_it() -> None:
    world = lobby(ANA)
    world.drop(ANA)
    world.wait(1 * SECOND)
    outage(world)
    world.wait(2 * SECOND - 1)
    assert world.room.people[ANA].present
    world.connect(ANA)
    world.wait(MINUTE)
    assert world.room.people[ANA].present


def test_a_seat_kept_for_its_first_connection_is_kept_that_much_longer() -> None:
    world = lobby()
    world.enter(ANA, connect=False)
    world.wait(50 * SECOND)
    outage(world)
    world.wait(9 * SECOND)
    world.connect(ANA)
    assert world.room.people[ANA].state == "seated"


def test_the_facilitators_absence_does_not_count_it() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(14 * MINUTE)
    outage(world)
    world.wait(MINUTE - 1)
    assert view(world.room, Role.PARTICIPANT)["stage"] == "introductions"
    world.wait(1)
    assert view(world.room, Role.PARTICIPANT)["stage"] == "ended"


def test_the_planned_end_of_the_stage_moves_on() -> None:
    world = introductions(ANA)
    planned = view(world.room, Role.PARTICIPANT)["stage_ends_at"]
    outage(world, 10 * MINUTE)
    assert view(world.room, Role.PARTICIPANT)["stage_ends_at"] == planned + 10 * MINUTE


def test_the_same_outage_noticed_by_two_workers_is_given_back_once() -> None:
    world = speaking(ANA)
    since = world.now
    world.do(TimeLost(since=since, until=since + MINUTE), after=MINUTE)
    ends_at = world.turn.ends_at
    assert world.do(TimeLost(since=since, until=since + MINUTE), after=SECOND) == []
    assert world.turn.ends_at == ends_at


def test_of_two_outages_that_overlap_only_the_rest_is_given_back() -> None:
    world = speaking(ANA)
    since, ends_at = world.now, world.turn.ends_at
    world.do(TimeLost(since=since, until=since + 60 * SECOND), after=60 * SECOND)
    world.do(
        TimeLost(since=since + 30 * SECOND, until=since + 80 * SECOND),
        after=20 * SECOND,
    )
    assert world.turn.ends_at == ends_at + 80 * SECOND


def test_time_that_has_not_passed_yet_cannot_have_been_lost() -> None:
    world = speaking(ANA)
    ends_at = world.turn.ends_at
    world.do(TimeLost(since=world.now, until=world.now + MINUTE), after=10 * SECOND)
    assert world.turn.ends_at == ends_at + 10 * SECOND


def test_time_before_the_last_thing_that_happened_was_not_lost() -> None:
    world = speaking(ANA)
    world.do(c.SetPrompt(by=FAY, text="How are you?"), after=10 * SECOND)
    assert world.do(TimeLost(since=world.now - 5 * SECOND, until=world.now - 1)) == []


def test_what_was_due_before_the_outage_happened_before_it() -> None:
    world = speaking(ANA, BEN)
    due = world.turn.ends_at + 10 * SECOND
    away_since = due + SECOND  # the end of the turn was only noticed afterwards
    world.do(TimeLost(since=away_since, until=away_since + MINUTE), after=5 * MINUTE)
    assert last_closed(world).at == due


def test_time_lost_on_hold_is_not_given_back_twice() -> None:
    world = speaking(ANA)
    world.do(c.Hold(by=FAY), after=20 * SECOND)
    outage(world)
    world.do(c.Resume(by=FAY), after=MINUTE)
    assert world.turn.ends_at == world.now + 40 * SECOND


@pytest.mark.parametrize("lost", [{"since": 0, "until": 0}, {"since": 5, "until": 1}])
def test_an_outage_of_no_length_changes_nothing(lost: dict[str, Any]) -> None:
    world = speaking(ANA)
    assert (
        world.do(TimeLost(since=world.now + lost["since"], until=world.now + lost["until"])) == []
    )


def test_after_the_end_no_time_is_given_back() -> None:
    world = lobby(ANA)
    world.do(c.EndSession(by=FAY, confirm=True))
    assert outage(world) == []


def test_a_call_for_support_waits_in_real_time_whatever_the_service_did() -> None:
    world = lobby(ANA)
    world.do(c.AskSupport(by=ANA, kind=c.SupportKind.NOW))
    outage(world, MINUTE)
    world.wait(0)
    (alert,) = view(world.room, Role.FACILITATOR)["alerts"]
    assert alert["state"] == "on_call"
