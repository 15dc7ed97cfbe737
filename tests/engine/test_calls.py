"""Urgent support: calls that stand until somebody has them."""

import pytest

import session_engine.commands as c
from session_engine import Enter, Role, SupportKind, awaits_help, view, you
from session_engine.ids import AlertId, PersonId
from session_engine.limits import MAX_ALERTS
from tests.engine.world import (
    ANA,
    BEN,
    FAY,
    GIL,
    OLI,
    SECOND,
    World,
    lobby,
)


def ask(world: World, person: PersonId = ANA, kind: SupportKind = SupportKind.NOW) -> AlertId:
    """Let somebody call for support; the call's name comes back."""
    world.do(c.AskSupport(by=person, kind=kind))
    return world.room.alerts[-1].id


def states(world: World) -> list[str]:
    return [alert["state"] for alert in view(world.room, Role.FACILITATOR)["alerts"]]


@pytest.mark.parametrize("kind", SupportKind)
def test_facilitators_learn_who_asked_and_what_for(kind: SupportKind) -> None:
    world = lobby(ANA, BEN)
    ask(world, ANA, kind)
    (alert,) = view(world.room, Role.FACILITATOR)["alerts"]
    assert (alert["person"], alert["name"], alert["kind"]) == (ANA, "Ana", kind)


def test_only_facilitators_learn_of_a_call() -> None:
    world = lobby(ANA, BEN)
    world.enter(OLI, Role.OBSERVER)
    before = [view(world.room, role) for role in (Role.PARTICIPANT, Role.OBSERVER)]
    ask(world)
    assert [view(world.room, role) for role in (Role.PARTICIPANT, Role.OBSERVER)] == before
    assert you(world.room, BEN, world.now)["support"] is None


def test_a_call_not_taken_within_thirty_seconds_becomes_louder() -> None:
    world = lobby(ANA)
    ask(world)
    world.wait(30 * SECOND - 1)
    assert states(world) == ["open"]
    world.wait(1)
    assert states(world) == ["loud"]


def test_a_call_not_taken_within_sixty_seconds_goes_to_the_person_on_call() -> None:
    world = lobby(ANA)
    ask(world)
    world.wait(60 * SECOND - 1)
    assert states(world) == ["loud"]
    world.wait(1)
    assert states(world) == ["on_call"]


def test_a_call_stays_until_somebody_takes_it() -> None:
    world = lobby(ANA)
    ask(world)
    world.wait(30 * 60 * SECOND)
    assert states(world) == ["on_call"]


def test_a_call_stays_when_the_person_leaves_and_when_the_session_ends() -> None:
    world = lobby(ANA)
    ask(world, kind=SupportKind.LEAVING)
    world.do(c.Leave(by=ANA))
    world.do(c.EndSession(by=FAY, confirm=True))
    world.wait(60 * SECOND)
    assert states(world) == ["on_call"]
    assert view(world.room, Role.FACILITATOR)["alerts"][0]["name"] == "Ana"


def test_the_person_sees_that_a_named_facilitator_has_it() -> None:
    world = lobby(ANA)
    alert = ask(world)
    assert you(world.room, ANA, 0)["support"] == {
        "alert": alert,
        "kind": "now",
        "state": "open",
        "by": None,
    }
    world.do(c.TakeAlert(by=FAY, alert=alert))
    support = you(world.room, ANA, 0)["support"]
    assert (support["state"], support["by"]) == ("taken", "Fay")


def test_a_taken_call_grows_no_louder() -> None:
    world = lobby(ANA)
    world.do(c.TakeAlert(by=FAY, alert=ask(world)))
    world.wait(120 * SECOND)
    assert states(world) == ["taken"]


def test_a_call_is_taken_once() -> None:
    world = lobby(ANA, BEN)
    world.enter(GIL, Role.FACILITATOR)
    alert = ask(world)
    world.do(c.TakeAlert(by=FAY, alert=alert))
    assert world.refused(c.TakeAlert(by=GIL, alert=alert)) == "alert_taken"
    ask(world, BEN)
    assert world.refused(c.TakeAlert(by=GIL, alert=alert)) == "alert_taken"


def test_the_same_call_pressed_again_is_one_call() -> None:
    world = lobby(ANA)
    ask(world)
    ask(world)
    world.wait(30 * SECOND)
    ask(world)
    assert states(world) == ["loud"]


def test_another_kind_of_call_and_another_persons_are_calls_of_their_own() -> None:
    world = lobby(ANA, BEN)
    ask(world)
    ask(world, kind=SupportKind.AFTER)
    ask(world, BEN)
    assert states(world) == ["open", "open", "open"]


def test_a_person_may_call_again_after_their_call_was_taken() -> None:
    world = lobby(ANA)
    world.do(c.TakeAlert(by=FAY, alert=ask(world)))
    ask(world)
    assert states(world) == ["taken", "open"]
    assert you(world.room, ANA, 0)["support"]["state"] == "open"


def test_two_calls_grow_louder_each_in_its_own_time() -> None:
    world = lobby(ANA, BEN)
    ask(world)
    world.wait(20 * SECOND)
    ask(world, BEN)
    world.wait(10 * SECOND)
    assert states(world) == ["loud", "open"]
    world.wait(20 * SECOND)
    assert states(world) == ["loud", "loud"]


def test_a_closed_call_is_off_the_screens() -> None:
    world = lobby(ANA)
    alert = ask(world)
    world.do(c.TakeAlert(by=FAY, alert=alert))
    world.do(c.CloseAlert(by=FAY, alert=alert))
    assert states(world) == []
    assert you(world.room, ANA, 0)["support"] is None
    assert world.refused(c.CloseAlert(by=FAY, alert=alert)) == "unknown_alert"
    assert world.refused(c.TakeAlert(by=FAY, alert=alert)) == "unknown_alert"


def test_a_call_that_is_not_there_can_be_neither_taken_nor_closed() -> None:
    world = lobby(ANA)
    alert = ask(world)
    unknown = AlertId("a9")
    assert world.refused(c.TakeAlert(by=FAY, alert=unknown)) == "unknown_alert"
    world.do(c.TakeAlert(by=FAY, alert=alert))
    assert world.refused(c.CloseAlert(by=FAY, alert=unknown)) == "unknown_alert"


def test_a_call_is_closed_only_after_somebody_took_it() -> None:
    world = lobby(ANA)
    alert = ask(world)
    assert world.refused(c.CloseAlert(by=FAY, alert=alert)) == "not_taken"
    world.do(c.TakeAlert(by=FAY, alert=alert))
    world.do(c.CloseAlert(by=FAY, alert=alert))


def test_of_two_calls_only_the_taken_one_can_be_closed() -> None:
    world = lobby(ANA, BEN)
    first, second = ask(world), ask(world, BEN)
    world.do(c.TakeAlert(by=FAY, alert=first))
    assert world.refused(c.CloseAlert(by=FAY, alert=second)) == "not_taken"


def test_participants_cannot_take_a_call() -> None:
    world = lobby(ANA, BEN)
    alert = ask(world)
    assert world.refused(c.TakeAlert(by=BEN, alert=alert)) == "not_allowed"


# ── after the end ─────────────────────────────────────────────────────────────


def test_after_the_end_facilitators_may_come_while_somebody_waits_for_one() -> None:
    world = lobby(ANA)
    call = c.AskSupport(by=ANA, kind=SupportKind.NOW)
    world.do(c.EndSession(by=FAY, confirm=True))
    gil = Enter(person=GIL, role=Role.FACILITATOR, name="Gil")
    assert world.refused(gil) == "ended"
    world.do(call)
    ana, fay = world.room.people[ANA], world.room.people[FAY]
    assert awaits_help(world.room, ana)
    assert awaits_help(world.room, fay)
    world.do(gil)
    assert world.refused(Enter(person=BEN, role=Role.PARTICIPANT, name="Ben")) == "ended"
    world.do(c.TakeAlert(by=GIL, alert=world.room.alerts[0].id))
    assert not awaits_help(world.room, ana)
    assert not awaits_help(world.room, fay)
    late = Enter(person=BEN, role=Role.FACILITATOR, name="Ben")
    assert world.refused(late) == "ended"


def test_somebody_elses_call_keeps_no_participant() -> None:
    world = lobby(ANA, BEN)
    world.do(c.AskSupport(by=ANA, kind=SupportKind.NOW))
    assert not awaits_help(world.room, world.room.people[BEN])


def test_there_are_no_more_calls_than_a_facilitator_can_be_shown() -> None:
    world = lobby()
    refused = []
    for number in range(60):
        person = PersonId(f"guest{number}")
        world.enter(person)
        for kind in SupportKind:
            asked = c.AskSupport(by=person, kind=kind)
            if len(view(world.room, Role.FACILITATOR)["alerts"]) < MAX_ALERTS:
                world.do(asked)
            else:
                refused.append(world.refused(asked))
        world.do(c.Leave(by=person))
    assert len(view(world.room, Role.FACILITATOR)["alerts"]) == MAX_ALERTS
    assert set(refused) == {"too_many_calls"}
    first = world.room.alerts[0].id
    world.do(c.TakeAlert(by=FAY, alert=first))
    world.do(c.CloseAlert(by=FAY, alert=first))
    world.enter(ANA)
    world.do(c.AskSupport(by=ANA, kind=SupportKind.NOW))


def test_of_two_calls_a_person_sees_the_more_urgent() -> None:
    world = lobby(ANA)
    now = ask(world)
    world.do(c.AskSupport(by=ANA, kind=SupportKind.AFTER))
    after = world.room.alerts[-1].id
    world.do(c.TakeAlert(by=FAY, alert=after))
    assert you(world.room, ANA, 0)["support"]["state"] == "open"  # nobody has the urgent one
    world.do(c.TakeAlert(by=FAY, alert=now))
    world.do(c.CloseAlert(by=FAY, alert=after))
    world.do(c.AskSupport(by=ANA, kind=SupportKind.AFTER))
    assert you(world.room, ANA, 0)["support"] | {"alert": now} == {
        "alert": now,
        "kind": SupportKind.NOW,
        "state": "taken",
        "by": "Fay",
    }
