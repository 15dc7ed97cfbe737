"""Observers: how many, who makes room, who may come back."""

import session_engine.commands as c
from session_engine import Role, view
from session_engine.ids import PersonId
from session_engine.limits import ABSENCE_MS, MAX_OBSERVERS
from tests.engine.test_doors import at_the_door
from tests.engine.world import (
    ANA,
    CAI,
    FAY,
    OLI,
    lobby,
)


def test_observers_who_went_away_make_room_for_those_who_come() -> None:
    world = lobby()
    observers = [PersonId(f"o{number}") for number in range(MAX_OBSERVERS)]
    for observer in observers:
        world.enter(observer, Role.OBSERVER)
    assert world.refused(at_the_door(OLI, Role.OBSERVER)) == "full"
    for observer in observers[3:5]:
        world.drop(observer)
    assert world.refused(at_the_door(OLI, Role.OBSERVER)) == "full"  # their lines may come back
    world.wait(ABSENCE_MS)
    world.enter(OLI, Role.OBSERVER, connect=False)
    world.enter(PersonId("o-late"), Role.OBSERVER)
    assert [world.room.people[one].gone for one in observers[2:6]] == [
        None,
        "expired",
        "expired",
        None,
    ]
    again = at_the_door(PersonId("o-more"), Role.OBSERVER)
    assert world.refused(again) == "full"  # Oli has a place, and did not connect yet


def test_a_session_may_have_no_observers() -> None:
    world = lobby(observers=False)
    assert world.refused(at_the_door(OLI, Role.OBSERVER)) == "observers_off"


def test_everybody_sees_how_many_observers_there_are() -> None:
    world = lobby(ANA)
    world.enter(OLI, Role.OBSERVER)
    assert [view(world.room, role)["observers"] for role in Role] == [1, 1, 1]


def test_a_facilitator_can_send_all_observers_away() -> None:
    world = lobby(ANA)
    world.enter(OLI, Role.OBSERVER)
    world.do(c.SetObservers(by=FAY, allowed=False))
    assert world.room.people[OLI].gone == "observers_off"
    assert view(world.room, Role.PARTICIPANT)["observers"] == 0
    assert world.refused(at_the_door(OLI, Role.OBSERVER)) == "observers_off"


def test_observers_may_come_back_when_a_facilitator_allows_them_again() -> None:
    world = lobby()
    world.enter(OLI, Role.OBSERVER)
    world.do(c.SetObservers(by=FAY, allowed=False))
    world.do(c.SetObservers(by=FAY, allowed=True))
    world.enter(OLI, Role.OBSERVER)
    assert view(world.room, Role.FACILITATOR)["observers"] == 1


def test_a_removed_observer_cannot_come_back_as_a_participant() -> None:
    world = lobby()
    world.enter(OLI, Role.OBSERVER)
    world.do(c.Remove(by=FAY, person=OLI))
    assert world.refused(at_the_door(CAI, browser="browser-of-oli")) == "removed"
