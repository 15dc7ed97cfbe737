"""Care: the private line, silence, removal."""

import pytest

import session_engine.commands as c
from session_engine import Role, SupportKind, Tick, may, view, you
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    GIL,
    OLI,
    SECOND,
    closing,
    discussion,
    happened,
    introductions,
    last_closed,
    lobby,
    next_people,
    speaking,
    standing,
)

# ── the private line ──────────────────────────────────────────────────────────


def test_a_participant_writes_to_the_facilitators_and_they_back() -> None:
    world = lobby(ANA)
    assert world.do(c.SayPrivately(by=ANA)) == []
    assert world.do(c.SayPrivately(by=FAY, to=ANA)) == []


def test_participants_never_write_to_each_other() -> None:
    world = lobby(ANA, BEN)
    assert world.refused(c.SayPrivately(by=ANA, to=BEN)) == "not_allowed"


def test_a_facilitator_writes_to_one_person_in_the_circle() -> None:
    world = lobby(ANA)
    world.enter(GIL, Role.FACILITATOR)
    assert world.refused(c.SayPrivately(by=FAY)) == "bad_command"
    assert world.refused(c.SayPrivately(by=FAY, to=GIL)) == "unknown_person"
    assert world.refused(c.SayPrivately(by=FAY, to=DEV)) == "unknown_person"


# ── silence ───────────────────────────────────────────────────────────────────


def test_silencing_a_speaker_ends_their_turn() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Silence(by=FAY, person=ANA))
    assert world.room.turn is None
    assert last_closed(world).outcome == "spoke"
    assert world.offer_next() == BEN


def test_silencing_takes_back_an_offer() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.do(c.Silence(by=FAY, person=ANA))
    assert (last_closed(world).reason, last_closed(world).outcome) == ("silenced", "passed")
    assert world.room.turn is None
    assert next_people(world) == [BEN]


def test_the_silenced_keep_their_place_and_get_no_offer() -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.Silence(by=FAY, person=ANA))
    assert next_people(world) == [ANA, BEN, CAI]
    assert you(world.room, ANA, 0)["position"] is None
    assert you(world.room, BEN, 0)["position"] == 1
    assert world.offer_next() == BEN
    assert next_people(world) == [CAI]
    assert standing(world, ANA) == "passed"


def test_a_round_does_not_wait_for_the_silenced() -> None:
    world = closing(ANA, BEN)
    world.do(c.Silence(by=FAY, person=BEN))
    world.do(c.StartRound(by=FAY))
    assert world.offer_next() == ANA
    world.start()
    world.finish()
    assert next_people(world) == [BEN]
    world.wait(10 * SECOND)
    assert world.room.turn is None
    assert next_people(world) == []
    assert standing(world, BEN) == "passed"


@pytest.mark.parametrize("stepping", ["auto", "by-hand"])
def test_the_silenced_pass_half_way_to_the_next_offer(stepping: str) -> None:
    world = introductions(ANA, BEN, CAI)
    world.do(c.SetStepping(by=FAY, stepping=stepping))
    world.do(c.Silence(by=FAY, person=ANA))
    world.do(Tick(), after=1_499)
    assert next_people(world) == [ANA, BEN, CAI]
    world.do(Tick(), after=1)
    assert next_people(world) == [BEN, CAI]
    assert you(world.room, BEN, 0)["position"] == 0
    world.do(Tick(), after=1_500)
    turn = world.room.turn
    assert (turn is not None and turn.person == BEN) == (stepping == "auto")


def test_the_silenced_do_not_pass_while_somebody_has_the_floor_or_the_room_is_held() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Silence(by=FAY, person=BEN))
    world.wait(10 * SECOND)
    assert next_people(world) == [BEN, CAI]
    world.finish()
    world.do(c.Hold(by=FAY), after=SECOND)
    world.wait(10 * SECOND)
    assert next_people(world) == [BEN, CAI]
    world.do(c.Resume(by=FAY))
    world.do(Tick(), after=500)
    assert next_people(world) == [CAI]


def test_next_passes_over_the_silenced_also_when_nobody_else_waits() -> None:
    world = introductions(ANA, BEN)
    world.do(c.SetStepping(by=FAY, stepping="by-hand"))
    for person in (ANA, BEN):
        world.do(c.Silence(by=FAY, person=person))
    following = c.Next(by=FAY, turn=world.room.last_turn)
    assert happened(world.do(following)) == ["PlaceSettled", "PlaceSettled"]
    assert world.refused(following) == "nobody_waiting"


def test_who_is_silenced_and_away_keeps_their_place() -> None:
    world = introductions(ANA, BEN)
    world.do(c.Silence(by=FAY, person=ANA))
    world.drop(ANA)
    world.wait(4 * SECOND)
    assert world.offer_next() == BEN
    assert standing(world, ANA) == "waiting"


def test_the_silenced_person_s_hand_comes_down_and_stays_down() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.do(c.Silence(by=FAY, person=ANA))
    assert next_people(world) == [BEN]
    assert world.refused(c.RaiseHand(by=ANA)) == "silenced"


def test_giving_the_floor_lifts_a_silence() -> None:
    world = discussion(ANA, BEN)
    world.do(c.Silence(by=FAY, person=ANA))
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert world.offer_next() == ANA
    world.start()
    world.finish()
    world.do(c.RaiseHand(by=ANA))
    assert next_people(world) == [ANA]


def test_silencing_takes_back_a_floor_that_was_given() -> None:
    world = discussion(ANA, BEN)
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.do(c.Silence(by=FAY, person=ANA))
    assert standing(world, ANA) == "none"
    world.wait(10 * SECOND)
    assert world.room.turn is None


def test_the_silenced_stay_silenced_when_they_come_back() -> None:
    world = introductions(ANA)
    world.do(c.Silence(by=FAY, person=ANA))
    world.do(c.Leave(by=ANA))
    world.enter(ANA)
    world.wait(10 * SECOND)
    assert world.room.turn is None
    assert world.refused(c.RaiseHand(by=ANA)) == "silenced"


def test_the_silenced_can_still_call_for_support_and_write_privately() -> None:
    world = lobby(ANA)
    world.do(c.Silence(by=FAY, person=ANA))
    world.do(c.AskSupport(by=ANA, kind=SupportKind.NOW))
    assert world.do(c.SayPrivately(by=ANA)) == []


def test_somebody_is_silenced_once() -> None:
    world = lobby(ANA)
    world.do(c.Silence(by=FAY, person=ANA))
    assert world.refused(c.Silence(by=FAY, person=ANA)) == "already_silenced"
    assert "silence" not in may(world.room, world.room.people[FAY])
    world.enter(BEN)
    assert "silence" in may(world.room, world.room.people[FAY])
    assert world.refused(c.Silence(by=FAY, person=ANA)) == "already_silenced"


def test_only_somebody_in_the_circle_can_be_silenced() -> None:
    world = lobby(ANA)
    world.enter(GIL, Role.FACILITATOR)
    assert world.refused(c.Silence(by=FAY, person=GIL)) == "unknown_person"
    empty = lobby()
    assert empty.refused(c.Silence(by=FAY, person=ANA)) == "unknown_person"


# ── removal ───────────────────────────────────────────────────────────────────


def test_removing_a_speaker_ends_their_turn_and_the_circle_goes_on() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Remove(by=FAY, person=ANA, reason="unkind"))
    assert world.room.turn is None
    assert world.offer_next() == BEN


def test_the_removed_are_in_no_queue_and_on_no_screen() -> None:
    world = discussion(ANA, BEN, CAI, hands=[ANA, BEN])
    world.do(c.GiveFloor(by=FAY, person=ANA))
    world.do(c.Remove(by=FAY, person=ANA))
    assert next_people(world) == [BEN]
    shown = view(world.room, Role.PARTICIPANT)["people"]
    assert [p["id"] for p in shown] == [BEN, CAI, FAY]


def test_who_is_removed_may_do_nothing_any_more() -> None:
    world = lobby(ANA)
    world.do(c.Remove(by=FAY, person=ANA))
    assert you(world.room, ANA, world.now)["may"] == ()
    assert world.refused(c.SayPrivately(by=ANA)) == "not_allowed"


def test_somebody_who_knocks_and_an_observer_can_be_removed() -> None:
    world = lobby(doors="knock")
    world.enter(ANA)
    world.enter(OLI, Role.OBSERVER)
    world.do(c.Remove(by=FAY, person=ANA))
    world.do(c.Remove(by=FAY, person=OLI))
    assert (world.room.people[ANA].gone, world.room.people[OLI].gone) == ("removed", "removed")


def test_facilitators_have_equal_rights_and_cannot_remove_each_other() -> None:
    world = lobby(ANA)
    world.enter(GIL, Role.FACILITATOR)
    assert world.refused(c.Remove(by=FAY, person=GIL)) == "unknown_person"


def test_nobody_is_removed_twice_or_from_elsewhere() -> None:
    world = lobby(ANA)
    world.do(c.Remove(by=FAY, person=ANA))
    assert world.refused(c.Remove(by=FAY, person=ANA)) == "unknown_person"
    assert world.refused(c.Remove(by=FAY, person=DEV)) == "unknown_person"


def test_a_reason_for_a_removal_is_short() -> None:
    world = lobby(ANA)
    assert world.refused(c.Remove(by=FAY, person=ANA, reason="x" * 301)) == "bad_command"


def test_a_participant_cannot_silence_or_remove() -> None:
    world = lobby(ANA, BEN)
    assert world.refused(c.Silence(by=ANA, person=BEN)) == "not_allowed"
    assert world.refused(c.Remove(by=ANA, person=BEN)) == "not_allowed"
    assert standing(world, BEN) == "none"
