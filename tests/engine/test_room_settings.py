"""What facilitators set in the running room: prompt, themes, limits, script and more."""

import pytest

import session_engine.commands as c
from session_engine import PersonCommand, Role, Stage, view, you
from session_engine.ids import ThemeId
from tests.engine.world import (
    ANA,
    BEN,
    FAY,
    SECOND,
    World,
    discussion,
    introductions,
    lobby,
)

TH1 = ThemeId("th1")


def themes(world: World) -> list[tuple[str, int]]:
    shown = view(world.room, Role.PARTICIPANT)["themes"]
    return [(theme["text"], theme["resonates"]) for theme in shown]


def script(world: World) -> list[str]:
    return list(view(world.room, Role.FACILITATOR)["script"])


# ── the prompt ────────────────────────────────────────────────────────────────


def test_the_circle_sees_the_prompt_that_a_facilitator_sets() -> None:
    world = discussion(ANA)
    world.do(c.SetPrompt(by=FAY, text="  What has helped?  "))
    assert view(world.room, Role.PARTICIPANT)["prompt"] == "What has helped?"


def test_a_prompt_can_be_taken_away() -> None:
    world = discussion(ANA)
    world.do(c.SetPrompt(by=FAY, text="What has helped?"))
    world.do(c.SetPrompt(by=FAY, text=""))
    assert view(world.room, Role.PARTICIPANT)["prompt"] == ""


# ── themes ────────────────────────────────────────────────────────────────────


def test_facilitators_pull_common_themes_together() -> None:
    world = discussion(ANA)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.AddTheme(by=FAY, text="Parents"))
    assert themes(world) == [("Sleep", 0), ("Parents", 0)]


def test_a_theme_is_edited_and_keeps_those_whom_it_touches() -> None:
    world = discussion(ANA)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.AddTheme(by=FAY, text="Parents"))
    world.do(c.Resonate(by=ANA, theme=TH1))
    world.do(c.EditTheme(by=FAY, theme=TH1, text="Bad sleep"))
    assert themes(world) == [("Bad sleep", 1), ("Parents", 0)]


def test_a_dropped_theme_is_gone_and_its_name_is_not_used_again() -> None:
    world = discussion(ANA)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.DropTheme(by=FAY, theme=TH1))
    world.do(c.AddTheme(by=FAY, text="Parents"))
    assert themes(world) == [("Parents", 0)]
    assert world.refused(c.Resonate(by=ANA, theme=TH1)) == "unknown_theme"
    assert world.refused(c.EditTheme(by=FAY, theme=TH1, text="x")) == "unknown_theme"
    assert world.refused(c.DropTheme(by=FAY, theme=TH1)) == "unknown_theme"


def test_a_theme_counts_each_person_once_and_names_nobody() -> None:
    world = discussion(ANA, BEN)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.AddTheme(by=FAY, text="Parents"))
    world.do(c.Resonate(by=ANA, theme=TH1))
    assert world.do(c.Resonate(by=ANA, theme=TH1)) == []
    world.do(c.Resonate(by=BEN, theme=TH1))
    assert themes(world) == [("Sleep", 2), ("Parents", 0)]
    assert view(world.room, Role.FACILITATOR)["themes"][0].keys() == {"id", "text", "resonates"}


def test_a_person_sees_which_themes_they_said_are_theirs_too() -> None:
    world = discussion(ANA, BEN)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    world.do(c.Resonate(by=ANA, theme=TH1))
    assert you(world.room, ANA, world.now)["resonated"] == [TH1]
    assert you(world.room, BEN, world.now)["resonated"] == []


def test_there_is_room_for_twenty_themes() -> None:
    world = discussion(ANA)
    for number in range(20):
        world.do(c.AddTheme(by=FAY, text=f"Theme {number}"))
    assert world.refused(c.AddTheme(by=FAY, text="One more")) == "too_many_themes"


# ── limits ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("stage", "least"), [(Stage.INTRODUCTIONS, 30), (Stage.DISCUSSION, 60), (Stage.CLOSE, 30)]
)
def test_limits_stay_within_those_of_the_stage(stage: Stage, least: int) -> None:
    world = lobby(ANA)
    world.to(stage)
    assert world.refused(c.SetLimit(by=FAY, seconds=least - 1)) == "limit_out_of_range"
    assert world.refused(c.SetLimit(by=FAY, seconds=121)) == "limit_out_of_range"
    for seconds in (least, 120):
        world.do(c.SetLimit(by=FAY, seconds=seconds))
        assert view(world.room, Role.PARTICIPANT)["limit_s"] == seconds


def test_each_stage_keeps_its_own_limit() -> None:
    world = introductions(ANA)
    world.do(c.SetLimit(by=FAY, seconds=45))
    world.advance()
    assert view(world.room, Role.PARTICIPANT)["limit_s"] == 90
    assert view(world.room, Role.FACILITATOR)["limits"] == {
        "introduction": 45,
        "discussion": 90,
        "closing": 30,
    }


def test_before_introductions_the_limit_is_theirs() -> None:
    world = lobby(ANA)
    world.do(c.SetLimit(by=FAY, seconds=45))
    world.to(Stage.INTRODUCTIONS)
    world.offer_next()
    assert world.turn.limit_ms == 45 * SECOND


# ── the script ────────────────────────────────────────────────────────────────


def test_each_stage_has_a_script_that_only_facilitators_see() -> None:
    world = lobby(ANA)
    world.advance()
    assert script(world)[0].startswith("Welcome.")
    for role in (Role.PARTICIPANT, Role.OBSERVER):
        assert "script" not in view(world.room, role)


def test_a_facilitator_edits_the_script_of_the_present_stage() -> None:
    world = lobby(ANA)
    world.advance()
    world.do(c.SetScript(by=FAY, lines=(" Hello. ", "Namaste.")))
    assert script(world) == ["Hello.", "Namaste."]
    world.advance()
    assert script(world)[0].startswith("Your name for today")


def test_an_empty_script_brings_the_default_back() -> None:
    world = lobby(ANA)
    world.advance()
    default = script(world)
    world.do(c.SetScript(by=FAY, lines=("Hello.",)))
    world.do(c.SetScript(by=FAY, lines=()))
    assert script(world) == default


# ── stepping, doors, on call ──────────────────────────────────────────────────


def test_facilitators_see_what_they_have_set() -> None:
    world = lobby(ANA)
    world.do(c.SetStepping(by=FAY, stepping="by-hand"))
    world.do(c.SetDoors(by=FAY, doors="knock"))
    world.do(c.SetOnCall(by=FAY, text="Dr Rao, extension 7"))
    world.do(c.SetObservers(by=FAY, allowed=False))
    shown = view(world.room, Role.FACILITATOR)
    assert shown["stepping"] == "by-hand"
    assert shown["doors"] == "knock"
    assert shown["on_call"] == "Dr Rao, extension 7"
    assert shown["observers_allowed"] is False


# ── words that do not fit ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command",
    [
        c.SetPrompt(by=FAY, text="x" * 301),
        c.SetStepping(by=FAY, stepping="sometimes"),
        c.SetDoors(by=FAY, doors="ajar"),
        c.SetOnCall(by=FAY, text=" "),
        c.SetOnCall(by=FAY, text="x" * 201),
        c.AddTheme(by=FAY, text=" "),
        c.AddTheme(by=FAY, text="x" * 121),
        c.EditTheme(by=FAY, theme=TH1, text=""),
        c.SetScript(by=FAY, lines=("x",) * 13),
        c.SetScript(by=FAY, lines=("x" * 301,)),
        c.SetScript(by=FAY, lines=("",)),
    ],
    ids=lambda command: command.do,
)
def test_what_is_empty_too_long_or_unknown_is_refused(command: PersonCommand) -> None:
    world = discussion(ANA)
    world.do(c.AddTheme(by=FAY, text="Sleep"))
    assert world.refused(command) == "bad_command"


def test_participants_set_nothing() -> None:
    world = discussion(ANA)
    for command in (
        c.SetPrompt(by=ANA, text="x"),
        c.AddTheme(by=ANA, text="x"),
        c.SetLimit(by=ANA, seconds=90),
        c.SetScript(by=ANA, lines=()),
        c.SetOnCall(by=ANA, text="me"),
    ):
        assert world.refused(command) == "not_allowed"


@pytest.mark.parametrize("text", ["Sle\x00ep", "Sleep\x1b[31m", "Tab\there"])
def test_what_people_read_has_no_control_characters(text: str) -> None:
    world = lobby(ANA)
    assert world.refused(c.AddTheme(by=FAY, text=text)) == "bad_command"
    assert world.refused(c.SetPrompt(by=FAY, text=text)) == "bad_command"


def test_a_prompt_may_have_two_lines_and_joined_letters() -> None:
    world = lobby(ANA)
    world.do(c.SetPrompt(by=FAY, text="क्‍षण\nWhat has helped?"))
    assert world.room.prompt == "क्‍षण\nWhat has helped?"
