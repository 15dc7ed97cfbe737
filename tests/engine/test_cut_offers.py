"""An offer that a stage change cuts short, and a hand that an undo takes back, are as before."""

import session_engine.commands as c
from session_engine import Stage
from session_engine.queue import waiting
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    LATER,
    SECOND,
    World,
    discussion,
    introductions,
    speak,
    standing,
)

UNDO = c.UndoAdvance(by=FAY)


def cut_and_undone(world: World) -> list[str]:
    """Let the stage change cut the open offer short, and take it back; who waits then?"""
    world.advance()
    world.do(UNDO)
    return list(waiting(world.room))


def test_of_two_who_were_given_the_floor_the_first_stays_the_first() -> None:
    world = introductions(ANA, BEN, CAI, DEV)
    for person in (CAI, DEV):
        world.do(c.GiveFloor(by=FAY, person=person))
    assert world.offer_next() == CAI
    assert cut_and_undone(world)[:2] == [CAI, DEV]
    world.do(c.Move(by=FAY, person=ANA, to=0))
    assert waiting(world.room)[:3] == (CAI, DEV, ANA)  # pinned, but below those called


def test_in_the_discussion_too_also_with_a_hand_up() -> None:
    world = discussion(ANA, BEN, CAI, hands=[ANA, BEN, CAI])
    for person in (CAI, BEN):
        world.do(c.GiveFloor(by=FAY, person=person))
    world.offer_next()
    assert cut_and_undone(world) == [CAI, BEN, ANA]
    assert world.room.floor.hands.keys() == {ANA, BEN, CAI}


def test_who_was_given_the_floor_among_volunteers_is_still_asked() -> None:
    world = introductions(ANA, BEN, DEV)
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.GiveFloor(by=FAY, person=DEV))
    assert world.offer_next() == DEV
    assert cut_and_undone(world) == [DEV]


def test_who_was_being_asked_when_volunteers_were_called_is_still_asked() -> None:
    world = introductions(ANA, BEN)
    assert world.offer_next() == ANA
    world.do(c.VolunteersOnly(by=FAY))
    assert cut_and_undone(world) == [ANA]


def test_they_are_carried_over_too() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.VolunteersOnly(by=FAY))
    world.do(c.CarryOver(by=FAY, confirm=True))
    assert waiting(world.room) == (ANA,)


def test_who_had_a_turn_and_was_called_once_more_is_not_carried_over() -> None:
    world = introductions(ANA, BEN)
    speak(world)
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert world.offer_next() == ANA
    world.do(c.CarryOver(by=FAY, confirm=True))
    assert waiting(world.room) == (BEN,)
    world.do(UNDO)
    assert waiting(world.room) == (ANA, BEN)
    assert world.room.floor.round is not None
    assert world.room.floor.round.waiting == (BEN,)


def test_an_undo_leaves_no_hand_that_nobody_raised() -> None:
    world = introductions(ANA, BEN)
    world.wait(11 * SECOND)
    world.do(c.CarryOver(by=FAY, confirm=True))
    world.wait(3 * SECOND)
    assert world.holder == ANA
    world.do(c.Skip(by=FAY, turn=world.turn_id))
    world.do(c.GiveFloor(by=FAY, person=BEN))
    world.do(c.LowerHand(by=BEN))
    world.do(c.Next(by=FAY, turn=world.room.last_turn))
    assert world.holder == BEN
    world.do(c.Pass(by=BEN, turn=world.turn_id, kind=LATER))
    world.do(UNDO)
    assert not world.room.floor.hands


def test_an_undo_gives_back_the_hand_of_an_offer_that_it_closes() -> None:
    world = introductions(ANA, BEN)
    speak(world)
    world.advance()
    world.do(c.RaiseHand(by=BEN))
    world.wait(3 * SECOND)
    assert world.holder == BEN
    world.do(UNDO)
    assert world.room.floor.hands.keys() == {BEN}


def test_hands_are_down_where_nobody_may_raise_one() -> None:
    world = discussion(ANA, BEN, hands=[ANA])
    world.advance()
    assert world.room.stage is Stage.CLOSE
    assert standing(world, ANA) == "none"
    world.do(UNDO)
    assert waiting(world.room) == (ANA,)
    world = introductions(ANA, BEN)
    world.do(c.RaiseHand(by=ANA))
    world.do(UNDO)
    assert standing(world, ANA) == "none"
