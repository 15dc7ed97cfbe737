"""docs/protocol.md is complete: nothing that programs rely on is missing from it."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import session_engine.commands as c
from server.cli import parser
from server.pages.api import DOOR_SENTENCES
from server.rooms.outcomes import SENTENCES
from server.sockets import voice_frames, voice_pace
from server.sockets.close_codes import CODE_OF_GONE, REASONS, CloseCode, comes_back
from server.sockets.wire import FIELDS, RELAYED
from session_engine import (
    COMMANDS,
    MODES,
    Arrive,
    Command,
    ConnectionId,
    Enter,
    PersonId,
    Role,
    Room,
    Settings,
    SupportKind,
    create,
    decide,
    evolve,
    replay,
    view,
    you,
)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
COMMAND_ROW = re.compile(
    r"^\| `(\w+)` \| (?:holder|participant|facilitator|all)[^|\n]*\|[^\n]*\|$", re.MULTILINE
)
ROWS = {match[1]: match[0] for match in COMMAND_ROW.finditer(DOCUMENT)}


def test_every_command_of_the_rules_can_be_said_and_no_other() -> None:
    assert FIELDS.keys() == COMMANDS.keys() == ROWS.keys()


@pytest.mark.parametrize("command", FIELDS)
def test_a_command_is_documented_with_all_its_fields(command: str) -> None:
    fields = ROWS[command].split("|")[3]
    for field in FIELDS[command]:
        assert f"`{field}`" in fields


@pytest.mark.parametrize("command", FIELDS)
def test_the_wire_and_the_rules_know_the_same_fields(command: str) -> None:
    own = {field.name.rstrip("_") for field in dataclasses.fields(COMMANDS[command])} - {"by"}
    said = FIELDS[command].keys() - {RELAYED.get(command, "")}
    assert said == own or said | {"kind"} == own


@pytest.mark.parametrize("code", SENTENCES)
def test_a_refusal_is_documented_with_its_sentence(code: str) -> None:
    assert f"| `{code}` | {SENTENCES[code]} |" in DOCUMENT


@pytest.mark.parametrize("code", DOOR_SENTENCES)
def test_an_error_of_the_door_is_documented(code: str) -> None:
    assert f"| `{code}` |" in DOCUMENT


@pytest.mark.parametrize("code", CloseCode)
def test_a_close_code_is_documented_with_its_sentence(code: CloseCode) -> None:
    assert f"| {int(code)} | {REASONS[code]} |" in DOCUMENT
    assert len(REASONS[code].encode()) <= 123


def test_only_codes_from_4100_to_4199_are_final() -> None:
    assert [code for code in CloseCode if comes_back(code)] == [4000, 4001, 4002]
    assert all(not comes_back(code) for code in CODE_OF_GONE.values())
    assert all(comes_back(code) for code in (1000, 1006, 1009, 1011, 1012, 4099, 4200))


def fields_of(seen: object) -> set[str]:
    """Name every field, also of what lies inside."""
    if isinstance(seen, dict):
        return seen.keys() | {name for value in seen.values() for name in fields_of(value)}
    if isinstance(seen, list):
        return {name for value in seen for name in fields_of(value)}
    return set()


def a_full_room() -> Room:
    """A room in which everything that a view can show is there, and too little time."""
    settings = Settings(title="T", starts_at_ms=0, on_call="Dr. Rao, 555", accept_window_s=0)
    room = replay(create(settings, "s", "l", 0))
    people = [(role.value, role) for role in Role]
    people += [(f"p{number}", Role.PARTICIPANT) for number in range(34)]
    by = PersonId("facilitator")
    steps: list[Command] = []
    for name, role in people:
        steps.append(Enter(person=PersonId(name), role=role, name=name))
        steps.append(Arrive(person=PersonId(name), connection=ConnectionId(f"w.{name}")))
    steps += [
        c.Begin(by=by),
        c.Advance(by=by, from_="welcome"),
        c.AddTheme(by=by, text="sleep"),
        c.AskSupport(by=PersonId("participant"), kind=SupportKind.NOW),
        c.Remove(by=by, person=PersonId("p33")),
        Enter(person=PersonId("late"), role=Role.PARTICIPANT, name="Late"),
        c.Next(by=by, turn=None),
    ]
    for step in steps:
        for event in decide(room, step, 0):
            room = evolve(room, event)
    return room


def test_every_field_of_every_view_is_documented() -> None:
    room = a_full_room()
    seen = [view(room, role) for role in Role]
    seen += [you(room, PersonId(role.value), 0) for role in Role]
    facilitators = view(room, Role.FACILITATOR)
    for full in ("turn", "people", "themes", "alerts", "knocking"):
        assert facilitators[full]
    assert len(facilitators["fit"]["remedies"]) == 3
    assert you(room, PersonId("participant"), 0)["support"]
    for field in fields_of(seen) - {"do", "seconds"}:
        assert f"`{field}`" in DOCUMENT, field
    for remedy in facilitators["fit"]["remedies"]:
        assert '{"do": "' + remedy["do"] in DOCUMENT


def test_every_option_of_the_command_line_is_documented() -> None:
    text = parser().format_help()
    for action in parser()._subparsers._group_actions[0].choices:  # type: ignore[union-attr]
        assert f"`{action}" in DOCUMENT
        assert action in text
    options = set(options_of(parser())) - {"--help"}
    assert {"--tls-cert", "--grace-seconds", "--participants"} <= options
    for option in options:
        assert option in DOCUMENT, option


def options_of(part: argparse.ArgumentParser) -> Iterator[str]:
    """Name every long option, also those of commands within commands."""
    for action in part._actions:
        yield from (name for name in action.option_strings if name.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options_of(inner)


def test_the_limits_of_sound_are_documented() -> None:
    sound = DOCUMENT.partition("## Voice socket")[2]
    assert f"at most {voice_frames.FRAME_MAX_BYTES} bytes" in sound
    assert f"{voice_frames.FRAME_MAX_BYTES - voice_frames.HEADER_BYTES} |" in sound
    assert f"| version, {voice_frames.VERSION} | 1 |" in sound
    assert f"{voice_pace.RATE_PER_SECOND:.0f} a second on average" in sound
    assert f"bursts of {voice_pace.BURST:.0f}" in sound
    assert f"Over {voice_pace.DROPPED_MAX_PER_SECOND} dropped frames" in sound
    assert f"each of {voice_pace.ABUSE_SECONDS} seconds" in sound


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_of_a_room_is_documented(mode: str) -> None:
    assert f"`{mode}`" in DOCUMENT
