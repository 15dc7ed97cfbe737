"""Presence: one live line a person, and what happens when it breaks."""

from dataclasses import replace

import session_engine.commands as c
from session_engine import Arrive, Drop, Enter, Role, Stage, SupportKind, connected, view
from session_engine.ids import ConnectionId, PersonId
from session_engine.limits import MAX_GONE, MAX_SEATS_GIVEN
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
    last_closed,
    lobby,
    next_people,
    speaking,
    standing,
)


def is_present(world: World, person: PersonId) -> bool:
    shown = view(world.room, Role.PARTICIPANT)["people"]
    return bool(next(p["present"] for p in shown if p["id"] == person))


def test_absence_becomes_a_fact_after_three_seconds() -> None:
    world = lobby(ANA)
    world.drop(ANA)
    world.wait(3 * SECOND - 1)
    assert is_present(world, ANA)
    world.wait(1)
    assert not is_present(world, ANA)


def test_who_is_back_within_three_seconds_was_never_away() -> None:
    world = lobby(ANA)
    world.drop(ANA)
    world.wait(2 * SECOND)
    world.connect(ANA)
    world.wait(60 * SECOND)
    assert is_present(world, ANA)


def test_a_newer_connection_replaces_the_older_one() -> None:
    world = lobby(ANA)
    older = world.room.people[ANA].connection
    assert older is not None
    newer = world.connect(ANA)
    assert world.room.people[ANA].connection == newer
    assert world.do(Drop(person=ANA, connection=older)) == []
    world.wait(60 * SECOND)
    assert is_present(world, ANA)


def test_the_same_connection_said_twice_is_said_once() -> None:
    world = lobby(ANA)
    connection = world.connect(ANA)
    assert world.do(Arrive(person=ANA, connection=connection)) == []


def test_a_drop_of_somebody_who_was_never_here_means_nothing() -> None:
    world = lobby(ANA)
    assert world.do(Drop(person=DEV, connection=ConnectionId("w1.9"))) == []


def test_after_the_end_nobody_is_judged_absent() -> None:
    world = lobby(ANA)
    world.do(c.EndSession(by=FAY, confirm=True))
    assert world.drop(ANA) == []


# ── the holder of the floor ───────────────────────────────────────────────────


def test_for_the_holder_of_the_floor_a_drop_counts_at_once() -> None:
    world = speaking(ANA, BEN)
    world.drop(ANA)
    assert not is_present(world, ANA)
    assert standing(world, ANA) == "held"


def test_the_turn_is_held_with_its_remaining_time() -> None:
    world = speaking(ANA, BEN)
    world.wait(20 * SECOND)
    world.drop(ANA)
    world.wait(10 * SECOND)
    turn = view(world.room, Role.PARTICIPANT)["turn"]
    assert (turn["state"], turn["ends_at"], turn["remaining_ms"]) == ("held", None, 40 * SECOND)


def test_the_turn_goes_on_when_the_holder_returns_and_starts() -> None:
    world = speaking(ANA, BEN)
    world.wait(20 * SECOND)
    world.drop(ANA)
    world.wait(15 * SECOND)
    world.connect(ANA)
    assert standing(world, ANA) == "held"
    world.start()
    assert world.turn.ends_at == world.now + 40 * SECOND
    assert standing(world, ANA) == "speaking"


def test_who_is_back_but_has_not_started_again_is_not_heard() -> None:
    world = speaking(ANA)
    world.drop(ANA)
    world.connect(ANA)
    assert world.refused(c.Write(by=ANA, turn=world.turn_id)) == "turn_not_started"


def test_after_twenty_seconds_a_held_turn_is_later_with_the_remaining_time() -> None:
    world = speaking(ANA, BEN)
    world.wait(20 * SECOND)
    world.drop(ANA)
    world.wait(20 * SECOND - 1)
    assert world.holder == ANA
    world.wait(1)
    assert (last_closed(world).outcome, last_closed(world).left_ms) == ("later", 40 * SECOND)
    world.connect(ANA)
    assert next_people(world) == [BEN, ANA]
    world.offer_next()
    world.start()
    world.finish()
    world.offer_next()
    assert world.turn.limit_ms == 40 * SECOND


def test_the_parts_of_an_interrupted_turn_are_together_never_over_two_minutes() -> None:
    world = speaking(ANA)
    world.wait(50 * SECOND)
    world.drop(ANA)
    world.wait(20 * SECOND)
    world.connect(ANA)
    world.offer_next()
    world.start()
    world.do(c.Extend(by=FAY, turn=world.turn_id))
    world.do(c.Extend(by=FAY, turn=world.turn_id))
    assert world.turn.limit_ms == 70 * SECOND
    assert world.refused(c.Extend(by=FAY, turn=world.turn_id)) == "limit_out_of_range"


def test_three_parts_of_one_turn_are_together_never_over_two_minutes() -> None:
    world = discussion(ANA, hands=[ANA])
    for _ in range(2):
        world.offer_next()
        world.start()
        world.wait(30 * SECOND)
        world.drop(ANA)
        world.wait(20 * SECOND)
        world.connect(ANA)
    world.offer_next()
    world.start()
    world.do(c.Extend(by=FAY, turn=world.turn_id))
    assert world.turn.limit_ms == 60 * SECOND
    assert world.refused(c.Extend(by=FAY, turn=world.turn_id)) == "limit_out_of_range"


def test_a_line_that_breaks_in_the_grace_ends_the_turn_after_the_wait() -> None:
    world = speaking(ANA, BEN)
    world.wait(65 * SECOND)
    world.drop(ANA)
    world.wait(20 * SECOND)
    assert last_closed(world).outcome == "spoke"
    assert next_people(world) == [BEN]


def test_who_loses_the_line_in_their_second_chance_has_spoken_and_not_passed() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.wait(15 * SECOND)
    world.offer_next()
    world.start()
    world.wait(40 * SECOND)
    world.drop(ANA)
    world.wait(20 * SECOND)
    assert standing(world, ANA) == "spoke"
    assert next_people(world) == []


def test_in_the_discussion_an_interrupted_speaker_asks_again_with_the_remaining_time() -> None:
    world = discussion(ANA, hands=[ANA])
    world.offer_next()
    world.start()
    world.wait(30 * SECOND)
    world.drop(ANA)
    world.wait(20 * SECOND)
    world.connect(ANA)
    world.offer_next()
    assert world.turn.limit_ms == 60 * SECOND


def test_the_holder_may_pass_when_they_are_back() -> None:
    world = speaking(ANA, BEN)
    world.drop(ANA)
    world.connect(ANA)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id))
    assert next_people(world) == [BEN, ANA]


def test_a_facilitator_need_not_wait_for_a_held_turn() -> None:
    world = speaking(ANA, BEN)
    world.drop(ANA)
    world.do(c.Next(by=FAY, turn=world.turn_id))
    assert world.holder == BEN


def test_an_extension_of_a_held_turn_adds_to_its_remaining_time() -> None:
    world = speaking(ANA)
    world.wait(20 * SECOND)
    world.drop(ANA)
    world.do(c.Extend(by=FAY, turn=world.turn_id))
    world.connect(ANA)
    world.start()
    assert world.turn.ends_at == world.now + 70 * SECOND


# ── the one who is asked ──────────────────────────────────────────────────────


def test_who_is_asked_and_away_for_three_seconds_is_asked_later() -> None:
    world = introductions(ANA, BEN, CAI)
    world.offer_next()
    world.drop(ANA)
    world.wait(3 * SECOND - 1)
    assert world.holder == ANA
    world.wait(1)
    assert world.room.turn is None
    world.connect(ANA)
    assert next_people(world) == [BEN, CAI, ANA]


def test_who_is_asked_and_back_in_time_may_start() -> None:
    world = introductions(ANA)
    world.offer_next()
    world.drop(ANA)
    world.wait(2 * SECOND)
    world.connect(ANA)
    world.start()
    assert standing(world, ANA) == "speaking"


# ── leaving ───────────────────────────────────────────────────────────────────


def test_leaving_frees_the_seat_and_the_place_in_the_queue() -> None:
    world = discussion(ANA, BEN, hands=[ANA, BEN])
    world.do(c.Leave(by=ANA))
    assert next_people(world) == [BEN]
    assert [p["id"] for p in view(world.room, Role.PARTICIPANT)["people"]] == [BEN, FAY]


def test_a_speaker_who_leaves_ends_their_turn() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Leave(by=ANA))
    assert world.room.turn is None
    assert world.offer_next() == BEN


def test_who_leaves_is_not_counted_in_the_progress() -> None:
    world = speaking(ANA, BEN, CAI)
    world.finish()
    world.do(c.Leave(by=ANA))
    assert view(world.room, Role.PARTICIPANT)["progress"] == {"done": 0, "of": 2}


def test_people_may_leave_after_the_end_too() -> None:
    world = lobby(ANA)
    world.do(c.EndSession(by=FAY, confirm=True))
    world.do(c.Leave(by=ANA))
    assert world.room.people[ANA].gone == "left"
    assert world.room.stage is Stage.ENDED


def test_of_those_who_came_and_went_only_so_many_are_remembered() -> None:
    world = introductions(ANA, BEN)
    world.do(c.AskSupport(by=BEN, kind=SupportKind.NOW))
    world.do(c.Leave(by=BEN))
    for number in range(2 * MAX_GONE):
        person = PersonId(f"guest{number}")
        world.enter(person)
        world.do(c.Leave(by=person))
    assert len(world.room.people) <= MAX_GONE + 3
    assert {ANA, BEN, FAY} <= set(world.room.people)
    assert f"guest{2 * MAX_GONE - 1}" in world.room.people


def test_there_are_no_more_seats_than_sound_has_names_for() -> None:
    world = lobby()
    world.room = replace(world.room, seats_given=MAX_SEATS_GIVEN - 1)
    world.enter(ANA)
    enter = Enter(person=BEN, role=Role.PARTICIPANT, name="Ben", browser="b", consent="1")
    assert world.refused(enter) == "full"


def test_a_line_that_was_taken_for_dead_comes_back_unless_there_is_a_newer_one() -> None:
    world = lobby(ANA)
    older = world.room.people[ANA].connection
    assert older is not None
    world.drop(ANA)
    newer = world.connect(ANA)
    assert world.do(Arrive(person=ANA, connection=older, again=True)) == []
    assert world.room.people[ANA].connection == newer
    world.drop(ANA)
    world.do(Arrive(person=ANA, connection=older, again=True))
    assert world.room.people[ANA].connection == older


def test_the_room_counts_on_the_lines_of_those_who_are_connected_until_it_ends() -> None:
    world = lobby(ANA, BEN)
    world.drop(BEN)
    people = world.room.people
    assert connected(world.room) == {one: people[one].connection for one in (FAY, ANA)}
    world.do(c.EndSession(by=FAY, confirm=True))
    assert connected(world.room) == {}
