"""What each role sees: every cell of the table, and nothing besides."""

import json
from typing import Any

import pytest

import session_engine.commands as c
from session_engine import PersonCommand, Role, SupportKind, Tick, evolve, view, you
from session_engine.events import RoomCreated
from session_engine.evolve import replay
from session_engine.ids import ThemeId
from session_engine.views import WAITING_VIEW
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    LATER,
    NOT_THIS_ROUND,
    OLI,
    SECOND,
    World,
    closing,
    discussion,
    introductions,
    lobby,
    next_people,
    speaking,
    standing,
)

EVERYBODY = {"stage", "stage_started_at", "stage_ends_at", "held", "facilitator_present"}
COUNTS = {"turn", "progress", "observers"}
CIRCLE = {"prompt", "limit_s", "last_turn", "next", "people", "themes", "doors"}
CIRCLE_TOO = {"mode", "title", "planned_end", "round", "calm", "on_hold_since", "volunteers"}
FACILITATORS = {"fit", "script", "alerts", "knocking", "undo_until"}
FACILITATORS_TOO = {
    "limits",
    "observers_allowed",
    "on_call",
    "queue_order",
    "stepping",
}
PERSON = {"id", "name", "role", "present", "seat"}
PRIVATE = {"spoken_ms", "turns", "standing", "silenced", "introduced", "hand"}


def shown(world: World, role: Role = Role.PARTICIPANT) -> dict[str, Any]:
    return view(world.room, role)


def busy() -> World:
    """A round in which somebody passed, was skipped, is silenced, and Dev speaks."""
    world = introductions(ANA, BEN, CAI, DEV)
    world.enter(OLI, Role.OBSERVER)
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND))
    world.offer_next()
    world.do(c.Skip(by=FAY, turn=world.turn_id))
    world.do(c.Silence(by=FAY, person=CAI))
    world.do(c.SetPrompt(by=FAY, text="How do you arrive?"))
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.offer_next()
    world.start()
    return world


# ── the cells of the table ────────────────────────────────────────────────────


def test_an_observer_sees_the_stage_the_clock_and_counts_and_nothing_else() -> None:
    assert shown(busy(), Role.OBSERVER).keys() == EVERYBODY | COUNTS


def test_a_participant_sees_what_the_circle_shares_and_nothing_else() -> None:
    world = busy()
    assert shown(world).keys() == EVERYBODY | COUNTS | CIRCLE | CIRCLE_TOO
    assert all(person.keys() == PERSON for person in shown(world)["people"])


def test_a_facilitator_sees_all_of_it() -> None:
    world = busy()
    seen = shown(world, Role.FACILITATOR)
    circle = EVERYBODY | COUNTS | CIRCLE | CIRCLE_TOO
    assert seen.keys() == circle | FACILITATORS | FACILITATORS_TOO
    assert all(person.keys() == PERSON | PRIVATE for person in seen["people"])


@pytest.mark.parametrize("role", Role)
def test_a_view_is_ready_for_json(role: Role) -> None:
    world = busy()
    seen = shown(world, role)
    assert json.loads(json.dumps(seen)) == seen


@pytest.mark.parametrize("role", Role)
def test_a_replayed_log_shows_the_same(role: Role) -> None:
    world = busy()
    assert view(replay(world.log), role) == shown(world, role)


def test_stage_counts_hold_and_facilitator_are_the_same_for_everybody() -> None:
    world = busy()
    for key in (*EVERYBODY, "progress", "observers"):
        assert len({json.dumps(shown(world, role)[key]) for role in Role}) == 1


def test_an_observer_sees_the_clock_of_a_turn_only_once_it_has_started() -> None:
    world = introductions(ANA)
    world.offer_next()
    assert shown(world, Role.OBSERVER)["turn"] is None
    world.start()
    clock = shown(world, Role.OBSERVER)["turn"]
    assert clock["ends_at"] == world.turn.ends_at
    assert "person" not in clock


def test_participants_see_who_is_asked_and_until_when() -> None:
    world = introductions(ANA)
    world.offer_next()
    assert shown(world)["turn"] == {
        "id": "t1",
        "number": 1,
        "person": ANA,
        "kind": "introduction",
        "state": "offered",
        "limit_s": 60,
        "ends_at": None,
        "remaining_ms": None,
        "offer_ends_at": world.now + 15 * SECOND,
    }


def test_no_name_reaches_an_observer() -> None:
    seen = json.dumps(shown(busy(), Role.OBSERVER))
    for word in ("Ana", "ana", "Dev", "dev", "Fay", "How do you arrive", "Sleep", "Exam stress"):
        assert word not in seen


def test_only_facilitators_see_who_knocks() -> None:
    world = lobby(ANA, doors="open")
    before = [shown(world), shown(world, Role.OBSERVER)]
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(BEN)
    assert shown(world, Role.FACILITATOR)["knocking"] == [
        {"id": BEN, "name": "Ben", "at": world.now}
    ]
    assert [shown(world) | {"doors": "open"}, shown(world, Role.OBSERVER)] == before


def test_somebody_at_the_door_sees_only_that_they_wait() -> None:
    assert WAITING_VIEW == {"waiting": True}


# ── nothing says pass ─────────────────────────────────────────────────────────


def outcomes_of(kind: str) -> World:
    """Ana's turn of a round is over at the same moment, in one of several ways."""
    world = introductions(ANA, BEN)
    world.offer_next()
    if kind in ("spoke", "passed while speaking"):
        world.start()
    world.now += 10 * SECOND
    if kind == "spoke":
        world.finish()
    else:
        world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    return world


def test_a_pass_looks_to_others_exactly_like_any_turn_that_is_done() -> None:
    spoke = outcomes_of("spoke")
    for kind in ("passed while speaking", "passed when asked"):
        passed = outcomes_of(kind)
        for role in (Role.PARTICIPANT, Role.OBSERVER):
            assert shown(passed, role) == shown(spoke, role)
        assert you(passed.room, BEN, passed.now) == you(spoke.room, BEN, spoke.now)


def test_nothing_that_others_see_has_a_word_for_passing() -> None:
    world = busy()
    for role in (Role.PARTICIPANT, Role.OBSERVER):
        seen = json.dumps(shown(world, role))
        for word in ("pass", "skip", "later", "standing", "silence", "spoken", "settled"):
            assert word not in seen


def test_a_facilitator_sees_who_passed_was_skipped_was_silenced_and_speaks() -> None:
    people = {person["id"]: person for person in shown(busy(), Role.FACILITATOR)["people"]}
    assert people[ANA]["standing"] == "passed"
    assert people[BEN]["standing"] == "later"
    assert people[CAI]["silenced"]
    assert people[DEV]["standing"] == "speaking"


def test_a_facilitator_sees_airtime() -> None:
    world = speaking(ANA, BEN)
    world.do(c.FinishTurn(by=ANA, turn=world.turn_id), after=25 * SECOND)
    people = {person["id"]: person for person in shown(world, Role.FACILITATOR)["people"]}
    assert (people[ANA]["spoken_ms"], people[ANA]["turns"]) == (25 * SECOND, 1)
    assert (people[BEN]["spoken_ms"], people[BEN]["turns"]) == (0, 0)


# ── private content ───────────────────────────────────────────────────────────

PRIVATE_CONTENT: list[PersonCommand] = [
    c.AskSupport(by=ANA, kind=SupportKind.NOW),
    c.SetPrompt(by=FAY, text="Something else"),
    c.AddTheme(by=FAY, text="Parents"),
    c.Resonate(by=ANA, theme=ThemeId("th1")),
    c.SetScript(by=FAY, lines=("Hello.",)),
    c.RaiseHand(by=BEN),
    c.GiveFloor(by=FAY, person=BEN),
    c.Move(by=FAY, person=BEN, to=0),
    c.Pass(by=BEN, kind=LATER),
    c.SetLimit(by=FAY, seconds=45),
    c.SetOnCall(by=FAY, text="Dr Iyer"),
    c.SetStepping(by=FAY, stepping="by-hand"),
    c.SetDoors(by=FAY, doors="knock"),
    c.Write(by=DEV, turn=None),
]


@pytest.mark.parametrize("command", PRIVATE_CONTENT, ids=lambda command: command.do)
def test_private_content_changes_not_one_byte_of_what_observers_see(
    command: PersonCommand,
) -> None:
    world = busy()
    before = json.dumps(shown(world, Role.OBSERVER))
    if isinstance(command, c.Write):
        command = c.Write(by=DEV, turn=world.turn_id)
    world.do(command)
    assert json.dumps(shown(world, Role.OBSERVER)) == before


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.OBSERVER])
def test_who_is_silenced_while_asked_looks_to_others_like_who_passed(role: Role) -> None:
    silenced, passed = (introductions(ANA, BEN, CAI, DEV) for _ in range(2))
    for world in (silenced, passed):
        world.wait(4 * SECOND)  # Ana is asked
    silenced.do(c.Silence(by=FAY, person=ANA))
    passed.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=passed.turn_id))
    assert shown(silenced, role) == shown(passed, role)


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.OBSERVER])
@pytest.mark.parametrize("place", ["waiting", "pinned", "called"])
def test_who_is_silenced_while_waiting_looks_to_others_as_before_and_then_like_who_passed(
    role: Role, place: str
) -> None:
    silenced, passed = (introductions(DEV, BEN, ANA, CAI) for _ in range(2))
    for world in (silenced, passed):
        if place == "called":
            world.do(c.GiveFloor(by=FAY, person=ANA))
        else:
            world.do(c.Move(by=FAY, person=ANA, to=0 if place == "pinned" else 2))
    before = shown(silenced, role), you(silenced.room, CAI, 0)
    silenced.do(c.Silence(by=FAY, person=ANA))
    assert (shown(silenced, role), you(silenced.room, CAI, 0)) == before
    passed.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND))
    for world in (silenced, passed):
        for _ in range(90):  # nobody answers: each is asked in turn
            world.do(Tick(), after=500)
    assert ANA not in next_people(silenced)
    assert shown(silenced, role) == shown(passed, role)
    assert you(silenced.room, CAI, 0) == you(passed.room, CAI, 0)


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.OBSERVER])
def test_a_round_begins_for_others_as_if_nobody_was_silenced(role: Role) -> None:
    silenced, unsilenced = (closing(ANA, BEN, CAI) for _ in range(2))
    silenced.do(c.Silence(by=FAY, person=BEN))
    for world in (silenced, unsilenced):
        world.do(c.StartRound(by=FAY))
    assert shown(silenced, role) == shown(unsilenced, role)
    assert you(silenced.room, CAI, 0) == you(unsilenced.room, CAI, 0)


def test_a_silence_counts_once_and_a_floor_that_is_given_is_still_a_turn() -> None:
    world = introductions(ANA, BEN, CAI, DEV)
    world.do(c.Silence(by=FAY, person=ANA))
    assert world.offer_next() == BEN
    assert shown(world)["progress"] == {"done": 1, "of": 4}
    world.do(c.GiveFloor(by=FAY, person=ANA))
    assert ANA in next_people(world)
    assert shown(world)["progress"] == {"done": 1, "of": 4}


def test_a_call_for_support_changes_nothing_that_other_participants_see() -> None:
    world = busy()
    before = shown(world), you(world.room, BEN, 0)
    world.do(c.AskSupport(by=ANA, kind=SupportKind.LEAVING))
    world.wait(31 * SECOND)
    assert (shown(world), you(world.room, BEN, 0)) == before


# ── what is personal ──────────────────────────────────────────────────────────


def test_an_observers_tail_has_no_name_and_no_place() -> None:
    world = busy()
    assert you(world.room, OLI, world.now) == {
        "person": OLI,
        "role": "observer",
        "may": ("leave",),
    }


def test_a_facilitators_tail_has_no_place_in_the_circle() -> None:
    world = busy()
    assert you(world.room, FAY, world.now).keys() == {"person", "role", "may", "name"}


def test_time_alone_does_not_change_a_tail_that_is_free_of_the_clock() -> None:
    world = speaking(ANA, BEN)
    before = you(world.room, BEN, 0)
    world.do(Tick(), after=9 * SECOND)
    assert you(world.room, BEN, 0) == before


def test_a_person_sees_that_they_are_silenced_and_nobody_else_does() -> None:
    world = lobby(ANA, BEN)
    world.do(c.Silence(by=FAY, person=ANA))
    assert you(world.room, ANA, 0)["silenced"]
    assert not you(world.room, BEN, 0)["silenced"]


def test_a_person_sees_where_they_stand() -> None:
    world = introductions(ANA, BEN)
    assert standing(world, ANA) == "waiting"
    world.offer_next()
    assert standing(world, ANA) == "offered"
    world.start()
    assert standing(world, ANA) == "speaking"
    world.drop(ANA)
    assert standing(world, ANA) == "held"
    world.connect(ANA)
    world.start()
    world.finish()
    assert standing(world, ANA) == "spoke"


def test_in_the_discussion_standing_follows_hands_and_turns() -> None:
    world = discussion(ANA, BEN)
    assert standing(world, ANA) == "none"
    world.do(c.RaiseHand(by=ANA))
    assert standing(world, ANA) == "waiting"
    world.offer_next()
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND, turn=world.turn_id))
    assert standing(world, ANA) == "passed"
    world.do(c.GiveFloor(by=FAY, person=BEN))
    assert standing(world, BEN) == "waiting"


def test_somebody_who_knocks_during_a_round_stands_nowhere() -> None:
    world = introductions(ANA)
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.enter(BEN)
    assert standing(world, BEN) == "none"
    assert next_people(world) == [ANA]


# ── logs ──────────────────────────────────────────────────────────────────────


def test_a_log_begins_with_the_creation_of_the_room() -> None:
    world = speaking(ANA)
    assert isinstance(world.log[0], RoomCreated)
    with pytest.raises(TypeError):
        evolve(None, world.log[1])
    with pytest.raises(ValueError, match="empty log"):
        replay([])


def test_the_name_of_my_call_does_not_tell_that_others_called_before() -> None:
    alone, second = lobby(ANA, BEN), lobby(ANA, BEN)
    second.do(c.AskSupport(by=BEN, kind=c.SupportKind.NOW))
    for world in (alone, second):
        world.do(c.AskSupport(by=ANA, kind=c.SupportKind.NOW))
    seen = [you(world.room, ANA, world.now)["support"] for world in (alone, second)]
    assert seen[0] == seen[1]


def test_observers_cannot_tell_from_the_numbers_of_turns_that_an_offer_was_passed() -> None:
    plain, passed = introductions(ANA, BEN), introductions(ANA, BEN)
    passed.offer_next()
    passed.do(c.Pass(by=ANA, kind=LATER, turn=passed.turn_id))
    for world in (plain, passed):
        world.offer_next()
        world.start()
    turns = [shown(world, Role.OBSERVER)["turn"] for world in (plain, passed)]
    assert [turn["id"] for turn in turns] == ["s1", "s1"]
    assert [turn["number"] for turn in turns] == [1, 1]
