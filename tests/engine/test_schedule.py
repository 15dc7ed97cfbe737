"""It has to fit: what facilitators see of the time, and people of their wait."""

from typing import Any

import session_engine.commands as c
from session_engine import Role, Stage, view, you
from session_engine.ids import PersonId
from tests.engine.world import (
    ANA,
    BEN,
    CAI,
    DEV,
    FAY,
    LATER,
    MINUTE,
    NOT_THIS_ROUND,
    SECOND,
    T0,
    World,
    discussion,
    introductions,
    lobby,
    speaking,
)

EVERYBODY = tuple(PersonId(f"p{number}") for number in range(1, 36))


def fit(world: World) -> dict[str, Any]:
    shown: dict[str, Any] = view(world.room, Role.FACILITATOR)["fit"]
    return shown


def waits(world: World, person: PersonId) -> tuple[int | None, int | None]:
    """The place in line and the wait that this person sees."""
    tail = you(world.room, person, world.now)
    return tail["position"], tail["wait_ms"]


# ── does it fit ───────────────────────────────────────────────────────────────


def test_thirty_five_people_at_a_minute_are_forty_one_minutes() -> None:
    world = introductions(*EVERYBODY)
    assert (fit(world)["to_go"], fit(world)["of"]) == (35, 35)
    assert round(fit(world)["needs_ms"] / MINUTE) == 41


def test_thirty_five_people_at_two_minutes_are_seventy_six_minutes() -> None:
    world = introductions(*EVERYBODY, introduction_s=120)
    assert round(fit(world)["needs_ms"] / MINUTE) == 76


def test_facilitators_see_how_many_are_to_go_when_it_ends_and_how_much_over() -> None:
    world = introductions(*EVERYBODY)
    shown = fit(world)
    assert shown["planned_end"] == world.now + 30 * MINUTE
    assert shown["ends_at"] == world.now + 35 * 70 * SECOND
    assert shown["over_ms"] == shown["ends_at"] - shown["planned_end"]


def test_the_lobby_and_the_welcome_forecast_the_introductions() -> None:
    world = lobby(*EVERYBODY)
    shown = fit(world)
    assert (shown["to_go"], shown["planned_end"]) == (35, T0 + 37 * MINUTE)
    assert shown["ends_at"] == T0 + 7 * MINUTE + 35 * 70 * SECOND
    world.advance()
    assert fit(world)["ends_at"] == T0 + 7 * MINUTE + 35 * 70 * SECOND


def test_a_small_circle_fits_and_needs_no_remedy() -> None:
    world = introductions(ANA, BEN)
    assert (fit(world)["over_ms"], fit(world)["remedies"]) == (0, [])


def test_a_stage_that_is_over_its_plan_says_so_also_when_nobody_is_to_go() -> None:
    world = introductions(ANA)
    world.do(c.Pass(by=ANA, kind=NOT_THIS_ROUND))
    world.wait(40 * MINUTE)
    world.do(c.SetPrompt(by=FAY, text="We are late."))
    assert (fit(world)["to_go"], fit(world)["over_ms"]) == (0, 10 * MINUTE)
    assert fit(world)["remedies"] == []


def test_passing_gives_its_time_back_to_the_group_and_names_nobody() -> None:
    world = introductions(*EVERYBODY)
    before = fit(world)["ends_at"]
    world.do(c.Pass(by=EVERYBODY[20], kind=NOT_THIS_ROUND))
    assert fit(world)["ends_at"] == before - 70 * SECOND
    assert EVERYBODY[20] not in str(fit(world))


def test_the_running_turn_counts_only_with_what_is_left_of_it() -> None:
    world = speaking(ANA, BEN)
    assert fit(world)["ends_at"] == world.turn.ends_at + 70 * SECOND


def test_an_open_offer_counts_with_its_window_and_its_turn() -> None:
    world = introductions(ANA)
    world.offer_next()
    assert fit(world)["ends_at"] == world.turn.ends_at + 60 * SECOND


def test_on_hold_the_open_turn_counts_from_where_it_stands() -> None:
    world = speaking(ANA)
    world.do(c.Hold(by=FAY), after=20 * SECOND)
    assert fit(world)["ends_at"] == world.now + 40 * SECOND


def test_the_silenced_are_not_to_go() -> None:
    world = introductions(ANA, BEN)
    world.do(c.Silence(by=FAY, person=ANA))
    assert fit(world)["to_go"] == 1


def test_in_the_discussion_the_hands_are_to_go() -> None:
    world = discussion(ANA, BEN, CAI, hands=[ANA, BEN])
    assert fit(world)["needs_ms"] == 2 * 100 * SECOND


def test_after_the_end_nothing_has_to_fit() -> None:
    world = lobby(ANA)
    world.do(c.EndSession(by=FAY, confirm=True))
    assert view(world.room, Role.FACILITATOR)["fit"] is None


# ── remedies ──────────────────────────────────────────────────────────────────


def remedies(world: World) -> list[str]:
    return [remedy["do"] for remedy in fit(world)["remedies"]]


def test_over_time_introductions_offer_three_remedies() -> None:
    world = introductions(*EVERYBODY)
    assert remedies(world) == ["set_limit", "volunteers_only", "carry_over"]


def test_shortening_the_remaining_turns_as_proposed_makes_it_fit() -> None:
    world = introductions(*EVERYBODY)
    world.do(c.SetLimit(by=FAY, seconds=fit(world)["remedies"][0]["seconds"]))
    assert (fit(world)["over_ms"], fit(world)["remedies"]) == (0, [])


def test_turns_are_never_proposed_shorter_than_the_rules_allow() -> None:
    world = introductions(*EVERYBODY)
    world.wait(0)
    world.do(c.SetStepping(by=FAY, stepping="by-hand"))
    world.do(c.SetPrompt(by=FAY, text="We are late."), after=20 * MINUTE)
    assert fit(world)["remedies"][0] == {"do": "set_limit", "seconds": 30}
    world.do(c.SetLimit(by=FAY, seconds=30))
    assert remedies(world) == ["volunteers_only", "carry_over"]


def test_volunteers_are_proposed_only_until_they_are_called() -> None:
    world = introductions(*EVERYBODY)
    for person in EVERYBODY:
        world.do(c.RaiseHand(by=person))
    world.do(c.VolunteersOnly(by=FAY))
    assert remedies(world) == ["set_limit", "carry_over"]


def test_calling_volunteers_leaves_only_those_with_their_hand_up_to_go() -> None:
    world = introductions(*EVERYBODY)
    world.do(c.RaiseHand(by=EVERYBODY[3]))
    world.do(c.VolunteersOnly(by=FAY))
    assert fit(world)["to_go"] == 1


def test_before_introductions_turns_can_only_be_shortened() -> None:
    world = lobby(*EVERYBODY)
    assert remedies(world) == ["set_limit"]


def test_in_the_discussion_turns_are_never_proposed_under_a_minute() -> None:
    world = discussion(*EVERYBODY, hands=EVERYBODY)
    assert fit(world)["remedies"] == [{"do": "set_limit", "seconds": 60}]


def test_in_the_close_nothing_can_be_carried_over() -> None:
    world = lobby(*EVERYBODY)
    world.to(Stage.CLOSE)
    world.do(c.StartRound(by=FAY))
    assert remedies(world) == ["volunteers_only"]


# ── what a participant sees of their wait ─────────────────────────────────────


def test_i_see_how_many_are_before_me_and_about_how_long_it_takes() -> None:
    world = speaking(ANA, BEN, CAI, DEV)
    world.wait(20 * SECOND)
    assert waits(world, BEN) == (0, 40 * SECOND + 10 * SECOND)
    assert waits(world, CAI) == (1, 40 * SECOND + 10 * SECOND + 70 * SECOND)
    assert waits(world, DEV) == (2, 40 * SECOND + 10 * SECOND + 140 * SECOND)


def test_who_does_not_wait_has_no_place_and_no_wait() -> None:
    world = speaking(ANA, BEN)
    assert waits(world, ANA) == (None, None)
    world.do(c.Pass(by=BEN, kind=NOT_THIS_ROUND))
    assert waits(world, BEN) == (None, None)


def test_when_somebody_before_me_says_later_i_am_next() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Pass(by=BEN, kind=LATER))
    assert waits(world, CAI)[0] == 0


def test_when_somebody_before_me_passes_my_wait_is_shorter() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Pass(by=BEN, kind=NOT_THIS_ROUND))
    assert waits(world, CAI) == (0, 70 * SECOND)


def test_on_hold_my_wait_stands_still() -> None:
    world = speaking(ANA, BEN)
    world.do(c.Hold(by=FAY), after=20 * SECOND)
    before = waits(world, BEN)
    world.wait(10 * MINUTE)
    assert waits(world, BEN) == before == (0, 50 * SECOND)


def test_my_wait_is_never_less_than_nothing() -> None:
    world = introductions(ANA, BEN)
    world.offer_next()
    world.start()
    world.finish()
    assert waits(world, BEN) == (0, 0)


def test_a_wait_counts_only_the_rest_of_an_interrupted_turn() -> None:
    world = speaking(ANA, BEN, CAI)
    world.do(c.Pass(by=ANA, kind=LATER, turn=world.turn_id), after=50 * SECOND)
    world.do(c.Move(by=FAY, person=ANA, to=0))
    assert waits(world, BEN) == (1, 20 * SECOND)
