"""Seats and doors: who comes in, who knocks, who is refused."""

import pytest

import session_engine.commands as c
from session_engine import Arrive, Enter, Role, Stage, circle, find_person, view
from session_engine.ids import ConnectionId, PersonId
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    GIL,
    MINUTE,
    OLI,
    SECOND,
    T0,
    World,
    introductions,
    lobby,
    next_people,
    speaking,
)


def at_the_door(
    person: PersonId, role: Role = Role.PARTICIPANT, name: str = "", browser: str | None = None
) -> Enter:
    """Somebody who comes with a valid link, from a browser of their own."""
    own = f"browser-of-{person}" if browser is None else browser
    return Enter(person=person, role=role, name=name or person.capitalize(), browser=own)


def seats(world: World) -> list[tuple[PersonId, int]]:
    return [(person.id, person.seat) for person in circle(world.room)]


# ── when doors open ───────────────────────────────────────────────────────────


def test_doors_open_fifteen_minutes_before_the_start() -> None:
    world = lobby(starts_at_ms=T0 + 15 * MINUTE + 1)
    assert world.refused(at_the_door(ANA)) == "not_open"
    assert world.refused(at_the_door(OLI, Role.OBSERVER)) == "not_open"
    world.do(at_the_door(ANA), after=1)
    assert seats(world) == [(ANA, 1)]


def test_facilitators_may_come_in_before_the_doors_open() -> None:
    world = World(starts_at_ms=T0 + 24 * 60 * MINUTE)
    world.enter(FAY, Role.FACILITATOR)
    assert world.room.people[FAY].state == "seated"


def test_a_programme_may_open_the_doors_at_another_time() -> None:
    world = World(starts_at_ms=T0 + 60 * MINUTE, opens_at_ms=T0)
    world.enter(ANA)
    assert seats(world) == [(ANA, 1)]


def test_nobody_comes_in_when_the_session_has_ended() -> None:
    world = lobby(ANA)
    world.do(c.EndSession(by=FAY, confirm=True))
    for role in Role:
        assert world.refused(at_the_door(DEV, role)) == "ended"
    assert world.refused(Arrive(person=ANA, connection=ConnectionId("w1.9"))) == "ended"


# ── seats ─────────────────────────────────────────────────────────────────────


def test_seats_are_taken_in_the_order_in_which_people_enter() -> None:
    assert seats(lobby(BEN, ANA)) == [(BEN, 1), (ANA, 2)]


def test_thirty_five_have_a_seat_and_the_thirty_sixth_is_refused() -> None:
    world = lobby(*(PersonId(f"p{number}") for number in range(35)))
    assert len(circle(world.room)) == 35
    assert world.refused(at_the_door(ANA)) == "full"


def test_facilitators_and_observers_need_no_seat() -> None:
    world = lobby(ANA, seats=1)
    world.enter(GIL, Role.FACILITATOR)
    world.enter(OLI, Role.OBSERVER)
    assert (world.room.people[GIL].seat, world.room.people[OLI].seat) == (0, 0)
    assert seats(world) == [(ANA, 1)]


def test_a_seat_given_up_is_free_for_the_next_one() -> None:
    world = lobby(ANA, seats=1)
    world.do(c.Leave(by=ANA))
    world.enter(BEN)
    assert [person for person, _ in seats(world)] == [BEN]


def test_a_seat_is_kept_for_a_minute_for_the_first_connection() -> None:
    world = lobby()
    world.enter(ANA, connect=False)
    world.wait(60 * SECOND - 1)
    assert seats(world) == [(ANA, 1)]
    world.wait(1)
    assert seats(world) == []
    assert world.room.people[ANA].gone == "expired"


def test_once_connected_losing_the_connection_keeps_the_seat() -> None:
    world = lobby(ANA)
    world.drop(ANA)
    world.wait(60 * MINUTE)
    assert seats(world) == [(ANA, 1)]


def test_the_same_browser_gets_the_same_seat_again() -> None:
    world = lobby(ANA, BEN)
    assert world.do(at_the_door(CAI, name="Ana", browser="browser-of-ana")) == []
    assert seats(world) == [(ANA, 1), (BEN, 2)]


def test_the_same_browser_keeps_its_seat_in_a_full_room_and_may_change_its_name() -> None:
    world = lobby(ANA, seats=1)
    world.do(at_the_door(CAI, name="Anita", browser="browser-of-ana"))
    assert seats(world) == [(ANA, 1)]
    assert world.room.people[ANA].name == "Anita"


def test_browsers_that_are_not_known_are_different_people() -> None:
    world = lobby()
    world.do(at_the_door(ANA, browser=""))
    world.do(at_the_door(BEN, browser=""))
    assert seats(world) == [(ANA, 1), (BEN, 2)]
    assert find_person(world.room, Role.PARTICIPANT, "") is None


def test_who_comes_back_after_leaving_is_the_same_person_with_what_was_theirs() -> None:
    world = speaking(ANA, BEN)
    world.finish()
    world.do(c.Leave(by=ANA))
    world.do(at_the_door(CAI, name="Ana", browser="browser-of-ana"))
    ana = world.room.people[ANA]
    assert (ana.state, ana.turns, ana.introduced) == ("seated", 1, True)
    assert CAI not in world.room.people


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_name_has_one_to_forty_characters(name: str) -> None:
    world = lobby()
    refused = Enter(person=ANA, role=Role.PARTICIPANT, name=name)
    assert world.refused(refused) == "bad_command"


def test_spaces_around_and_inside_a_name_are_tidied() -> None:
    world = lobby()
    world.do(at_the_door(ANA, name="  Ana \n  Maria "))
    assert world.room.people[ANA].name == "Ana Maria"


def test_the_version_of_the_guidelines_that_was_agreed_to_is_kept() -> None:
    world = lobby()
    world.do(Enter(person=ANA, role=Role.PARTICIPANT, name="Ana", consent="2026-11"))
    assert world.room.people[ANA].consent == "2026-11"


# ── knocking ──────────────────────────────────────────────────────────────────


def knocking(*people: PersonId, **settings: object) -> World:
    """A lobby with doors on knock and these people in front of them."""
    world = lobby(doors="knock", **settings)
    for person in people:
        world.enter(person)
    return world


def test_with_doors_on_knock_a_newcomer_waits_for_a_facilitator() -> None:
    world = knocking(ANA)
    assert seats(world) == []
    assert [p["name"] for p in view(world.room, Role.FACILITATOR)["knocking"]] == ["Ana"]


def test_admitting_gives_the_next_seat() -> None:
    world = knocking(ANA, BEN)
    world.do(c.Admit(by=FAY, person=BEN))
    world.wait(5 * MINUTE)
    assert seats(world) == [(BEN, 1)]
    assert world.room.people[BEN].present


def test_who_is_admitted_after_their_line_broke_has_a_minute_to_connect() -> None:
    world = lobby(doors="knock")
    world.enter(ANA)
    world.drop(ANA)
    world.do(c.Admit(by=FAY, person=ANA))
    assert not world.room.people[ANA].present
    world.wait(60 * SECOND)
    assert ANA not in [person.id for person in circle(world.room)]


def test_who_is_admitted_to_a_round_is_at_its_end() -> None:
    world = introductions(ANA, BEN)
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(CAI)
    assert next_people(world) == [ANA, BEN]
    world.do(c.Admit(by=FAY, person=CAI))
    assert next_people(world) == [ANA, BEN, CAI]


def test_nobody_is_admitted_to_a_full_room() -> None:
    world = knocking(ANA, BEN, seats=1)
    world.do(c.Admit(by=FAY, person=ANA))
    assert world.refused(c.Admit(by=FAY, person=BEN)) == "full"


def test_nobody_knocks_at_a_full_room() -> None:
    world = lobby(ANA, seats=1)
    world.do(c.SetDoors(by=FAY, doors="knock"))
    assert world.refused(at_the_door(BEN)) == "full"


def test_who_is_turned_away_has_no_seat_and_may_knock_again() -> None:
    world = knocking(ANA)
    world.do(c.TurnAway(by=FAY, person=ANA))
    assert world.room.people[ANA].gone == "turned_away"
    world.enter(ANA)
    assert world.room.people[ANA].state == "knocking"


@pytest.mark.parametrize("command", [c.Admit, c.TurnAway])
def test_only_somebody_who_knocks_is_admitted_or_turned_away(
    command: type[c.Admit] | type[c.TurnAway],
) -> None:
    world = lobby(ANA)
    assert world.refused(command(by=FAY, person=ANA)) == "unknown_person"
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(BEN)
    assert world.refused(command(by=FAY, person=ANA)) == "unknown_person"
    assert world.refused(command(by=FAY, person=DEV)) == "unknown_person"


def test_a_knock_is_forgotten_a_minute_after_its_connection_is_lost() -> None:
    world = knocking(ANA)
    world.drop(ANA)
    world.wait(60 * SECOND)
    assert world.room.people[ANA].gone == "expired"


def test_a_facilitator_never_knocks() -> None:
    world = lobby(doors="knock")
    world.enter(GIL, Role.FACILITATOR)
    assert world.room.people[GIL].state == "seated"


# ── removal ───────────────────────────────────────────────────────────────────


def test_after_a_removal_doors_are_on_knock() -> None:
    world = lobby(ANA, BEN)
    world.do(c.Remove(by=FAY, person=ANA))
    assert view(world.room, Role.FACILITATOR)["doors"] == "knock"
    world.enter(CAI)
    assert world.room.people[CAI].state == "knocking"


def test_the_removed_browser_is_refused_at_once() -> None:
    world = lobby(ANA)
    world.do(c.Remove(by=FAY, person=ANA))
    back = at_the_door(CAI, name="Somebody else", browser="browser-of-ana")
    assert world.refused(back) == "removed"
    as_observer = at_the_door(CAI, Role.OBSERVER, browser="browser-of-ana")
    assert world.refused(as_observer) == "removed"
    assert world.refused(Arrive(person=ANA, connection=ConnectionId("w1.9"))) == "removed"


def test_the_removed_browser_is_refused_also_when_doors_are_open_again() -> None:
    world = lobby(ANA)
    world.do(c.Remove(by=FAY, person=ANA))
    world.do(c.SetDoors(by=FAY, doors="open"))
    assert world.refused(at_the_door(CAI, browser="browser-of-ana")) == "removed"


def test_removing_while_doors_are_on_knock_leaves_them_so() -> None:
    world = knocking(ANA)
    world.do(c.Remove(by=FAY, person=ANA))
    assert world.room.doors == "knock"
    assert world.refused(at_the_door(ANA)) == "removed"


def test_a_session_that_nobody_began_is_over_at_its_planned_end() -> None:
    world = lobby(ANA)
    world.drop(FAY)
    world.wait(89 * MINUTE)
    assert world.room.stage == "lobby"
    world.wait(1 * MINUTE)
    assert world.room.stage == "ended"


def test_a_lobby_waits_for_as_long_as_a_facilitator_is_there() -> None:
    world = lobby(ANA)
    world.wait(180 * MINUTE)
    assert world.room.stage is Stage.LOBBY


def test_a_facilitator_who_is_late_and_loses_the_line_still_has_their_fifteen_minutes() -> None:
    world = lobby(ANA)
    world.wait(120 * MINUTE)
    world.drop(FAY)
    world.wait(14 * MINUTE)
    assert world.room.stage is Stage.LOBBY


def test_an_id_that_is_somebody_elses_takes_nobodys_seat() -> None:
    world = lobby(ANA)
    again = Enter(person=ANA, role=Role.PARTICIPANT, name="Not Ana", browser="another")
    assert world.refused(again) == "bad_command"


def test_who_was_never_here_cannot_connect() -> None:
    world = lobby(ANA)
    assert world.refused(Arrive(person=DEV, connection=ConnectionId("w1.9"))) == "not_allowed"
    world.do(c.Leave(by=ANA))
    assert world.refused(Arrive(person=ANA, connection=ConnectionId("w1.9"))) == "not_allowed"


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.OBSERVER])
def test_a_link_cannot_fill_the_room_with_screens_that_watch_or_wait(role: Role) -> None:
    world = lobby(doors="knock")
    for number in range(100):
        world.enter(PersonId(f"x{number}"), role)
    one_more = Enter(person=PersonId("one-more"), role=role, name="One more")
    assert world.refused(one_more) == "full"


def test_somebody_who_never_came_is_not_remembered() -> None:
    world = lobby(ANA)
    world.do(Enter(person=BEN, role=Role.PARTICIPANT, name="Ben"))
    world.wait(61 * SECOND)
    assert BEN not in world.room.people


def test_who_knocks_comes_in_when_the_doors_are_opened_as_long_as_there_are_seats() -> None:
    world = lobby(seats=2, doors="knock")
    for person in (BEN, ANA, CAI):
        world.do(at_the_door(person))
    world.do(c.SetDoors(by=FAY, doors="open"))
    assert seats(world) == [(BEN, 1), (ANA, 2)]
    assert world.room.people[CAI].state == "knocking"
