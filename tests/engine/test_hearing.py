"""Whose voice is heard: the holder in their own turn, a facilitator at any time."""

import pytest

import session_engine.commands as c
from session_engine import MODES, Role, Settings, is_heard, view
from session_engine.ids import PersonId
from tests.engine.world import ANA, BEN, FAY, OLI, SECOND, T0, World, discussion, lobby, speaking


def heard(world: World, person: PersonId, number: int | None = None, after: int = 0) -> bool:
    number = world.turn.number if number is None else number
    return is_heard(world.room, world.room.people[person], number, world.now + after)


def test_only_the_holder_is_heard() -> None:
    world = speaking(ANA, BEN)
    assert heard(world, ANA)
    assert not heard(world, BEN)


def test_an_observer_is_never_heard() -> None:
    world = speaking(ANA)
    world.enter(OLI, Role.OBSERVER)
    assert not heard(world, OLI)
    assert not heard(world, OLI, 0)


def test_sound_of_another_turn_is_not_heard() -> None:
    world = speaking(ANA, BEN)
    number = world.turn.number
    assert not heard(world, ANA, number - 1)
    assert not heard(world, ANA, number + 1)
    assert not heard(world, ANA, 0)


def test_nobody_is_heard_before_they_start() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    assert not heard(world, ANA)
    world.start()
    assert heard(world, ANA)


def test_a_turn_that_is_over_is_not_heard() -> None:
    world = speaking(ANA, BEN)
    number = world.turn.number
    world.finish()
    assert not heard(world, ANA, number)


def test_the_holder_is_heard_to_the_end_of_the_grace_and_not_longer() -> None:
    world = speaking(ANA)
    limit, grace = world.turn.limit_ms, 10 * SECOND
    assert heard(world, ANA, after=limit + grace - 1)
    assert not heard(world, ANA, after=limit + grace)
    world.wait(limit)
    assert world.turn.phase == "grace"
    assert heard(world, ANA, after=grace - 1)
    assert not heard(world, ANA, after=grace)


def test_without_a_grace_the_limit_is_the_end() -> None:
    world = speaking(ANA, grace_s=0)
    limit = world.turn.limit_ms
    assert heard(world, ANA, after=limit - 1)
    assert not heard(world, ANA, after=limit)


def test_a_hold_silences_the_holder_and_not_the_facilitator() -> None:
    world = speaking(ANA)
    world.do(c.Hold(by=FAY))
    assert not heard(world, ANA)
    assert heard(world, FAY)
    assert heard(world, FAY, 0)
    world.do(c.Resume(by=FAY))
    assert heard(world, ANA)


def test_a_holder_who_lost_the_line_is_not_heard_until_they_start_again() -> None:
    world = speaking(ANA)
    world.drop(ANA)
    assert not heard(world, ANA)
    world.connect(ANA)
    assert not heard(world, ANA)
    world.start()
    assert heard(world, ANA)


def test_a_facilitator_is_heard_at_any_time_but_not_in_another_turn() -> None:
    world = lobby(ANA)
    assert heard(world, FAY, 0)
    assert not heard(world, FAY, 1)
    world = speaking(ANA)
    assert heard(world, FAY, 0)
    assert heard(world, FAY)
    assert not heard(world, FAY, world.turn.number + 1)


def test_who_is_gone_is_not_heard_nor_anybody_after_the_end() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Remove(by=FAY, person=ANA))
    assert not heard(world, ANA, 1)
    world.do(c.EndSession(by=FAY, confirm=True))
    assert not heard(world, FAY, 0)


@pytest.mark.parametrize("mode", MODES)
def test_the_circle_and_facilitators_see_the_mode_of_the_room(mode: str) -> None:
    world = lobby(ANA, mode=mode)
    assert [view(world.room, role).get("mode") for role in Role] == [mode, mode, None]


def test_a_session_is_one_with_voice_unless_it_says_otherwise() -> None:
    assert Settings(title="T", starts_at_ms=T0).mode == "voice"
    with pytest.raises(ValueError, match="mode: choose voice or text or hall"):
        Settings(title="T", starts_at_ms=T0, mode="loud")
