"""Without a facilitator nothing new begins, and nobody inherits the role."""

import pytest

import session_engine.commands as c
from session_engine import Role, Stage, view
from session_engine.events import SessionEnded
from tests.engine.world import (
    ANA,
    BEN,
    FAY,
    GIL,
    MINUTE,
    SECOND,
    World,
    introductions,
    last_closed,
    lobby,
    speaking,
)


def facilitator_shown(world: World) -> bool:
    shown = [view(world.room, role)["facilitator_present"] for role in Role]
    assert len(set(shown)) == 1
    return bool(shown[0])


def test_after_five_seconds_the_room_says_that_the_facilitator_is_away() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(5 * SECOND - 1)
    assert facilitator_shown(world)
    world.wait(1)
    assert not facilitator_shown(world)


def test_a_short_break_of_the_facilitators_line_is_nobodys_business() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(4 * SECOND)
    world.connect(FAY)
    world.wait(60 * SECOND)
    assert facilitator_shown(world)


def test_who_leaves_after_the_facilitator_does_not_put_it_off() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(3 * SECOND)
    world.drop(ANA)
    world.wait(2 * SECOND)
    assert not facilitator_shown(world)


def test_one_of_two_facilitators_is_enough() -> None:
    world = introductions(ANA)
    world.enter(GIL, Role.FACILITATOR)
    world.drop(FAY)
    world.wait(MINUTE)
    assert facilitator_shown(world)


def test_a_running_turn_ends_normally() -> None:
    world = speaking(ANA, BEN)
    world.drop(FAY)
    world.wait(70 * SECOND)
    assert (last_closed(world).reason, last_closed(world).outcome) == ("limit", "spoke")


def test_a_pending_offer_stands() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.drop(FAY)
    world.wait(10 * SECOND)
    world.start()
    assert world.turn.phase == "speaking"


def test_nobody_new_is_offered_the_floor() -> None:
    world = speaking(ANA, BEN)
    world.drop(FAY)
    world.wait(5 * SECOND)
    world.finish()
    world.wait(2 * MINUTE)
    assert world.room.turn is None


def test_when_the_facilitator_is_back_the_circle_goes_on_after_its_quiet_moment() -> None:
    world = speaking(ANA, BEN)
    world.drop(FAY)
    world.wait(5 * SECOND)
    world.finish()
    world.wait(MINUTE)
    world.connect(FAY)
    world.wait(3 * SECOND - 1)
    assert world.room.turn is None
    world.wait(1)
    assert world.holder == BEN


def test_a_facilitator_who_leaves_is_as_absent_as_one_who_lost_the_line() -> None:
    world = introductions(ANA)
    world.do(c.Leave(by=FAY))
    world.wait(5 * SECOND)
    assert not facilitator_shown(world)


def test_after_three_minutes_screens_become_calm_until_a_facilitator_is_back() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(3 * MINUTE - 1)
    assert not view(world.room, Role.PARTICIPANT)["calm"]
    world.wait(1)
    assert view(world.room, Role.PARTICIPANT)["calm"]
    world.connect(FAY)
    assert not view(world.room, Role.PARTICIPANT)["calm"]
    assert facilitator_shown(world)


@pytest.mark.parametrize("on_hold", [False, True])
def test_after_fifteen_minutes_the_session_ends_also_from_hold(on_hold: bool) -> None:
    world = introductions(ANA)
    if on_hold:
        world.do(c.Hold(by=FAY))
    world.drop(FAY)
    world.wait(15 * MINUTE - 1)
    assert view(world.room, Role.PARTICIPANT)["stage"] == "introductions"
    world.wait(1)
    assert world.room.stage is Stage.ENDED
    ended = world.log[-1]
    assert isinstance(ended, SessionEnded)
    assert (ended.reason, ended.by) == ("absence", None)


def test_a_programme_may_choose_other_times_for_calm_and_end() -> None:
    world = introductions(ANA, absence_s=(20, 40))
    world.drop(FAY)
    world.wait(20 * SECOND)
    assert view(world.room, Role.PARTICIPANT)["calm"]
    world.wait(20 * SECOND)
    assert world.room.stage is Stage.ENDED


def test_a_facilitator_back_within_the_fifteen_minutes_starts_the_count_anew() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(14 * MINUTE)
    world.connect(FAY)
    world.drop(FAY)
    world.wait(14 * MINUTE)
    assert world.room.stage is Stage.INTRODUCTIONS


def test_in_the_lobby_people_wait_for_their_facilitator_however_long() -> None:
    world = lobby(ANA)
    world.drop(FAY)
    world.wait(60 * MINUTE)
    assert world.room.stage is Stage.LOBBY
    assert not view(world.room, Role.PARTICIPANT)["calm"]


def test_nobody_inherits_the_role() -> None:
    world = introductions(ANA)
    world.drop(FAY)
    world.wait(10 * MINUTE)
    assert world.refused(c.Hold(by=ANA)) == "not_allowed"
    assert world.room.people[ANA].role is Role.PARTICIPANT
