"""Decisions about what stands in the room: prompt, themes, settings, calls for support."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from session_engine import commands as c
from session_engine import events as e
from session_engine.commands import Role
from session_engine.decide_people import let_in_who_knocks
from session_engine.draft import Draft, seated_participant, text_within
from session_engine.ids import AlertId, ThemeId, alert_id, theme_id
from session_engine.limits import (
    MAX_ALERTS,
    MAX_ON_CALL,
    MAX_PROMPT,
    MAX_SCRIPT_LINE,
    MAX_SCRIPT_LINES,
    MAX_THEME,
    MAX_TURN_S,
    MIN_DISCUSSION_S,
    MIN_SHORT_TURN_S,
    SECOND_MS,
)
from session_engine.refusals import Refused
from session_engine.room import Alert, Room, Theme
from session_engine.settings import DOORS, STEPPINGS
from session_engine.stages import TURN_KIND, TurnKind

# ── settings of the running session ───────────────────────────────────────────


def set_prompt(draft: Draft, command: c.SetPrompt) -> None:
    text = command.text.strip() and text_within(command.text, MAX_PROMPT, "text")
    draft.add(e.PromptSet(at=draft.now, text=text, by=command.by))


def set_limit(draft: Draft, command: c.SetLimit) -> None:
    """Change the limit of this stage's turns, from the next offer on."""
    kind = TURN_KIND[draft.room.stage]
    least = MIN_DISCUSSION_S if kind is TurnKind.DISCUSSION else MIN_SHORT_TURN_S
    if not least <= command.seconds <= MAX_TURN_S:
        raise Refused("limit_out_of_range", "seconds")
    limit_ms = command.seconds * SECOND_MS
    draft.add(e.LimitSet(at=draft.now, kind=kind, limit_ms=limit_ms, by=command.by))


def set_stepping(draft: Draft, command: c.SetStepping) -> None:
    if command.stepping not in STEPPINGS:
        raise Refused("bad_command", "stepping")
    draft.add(e.SteppingSet(at=draft.now, stepping=command.stepping, by=command.by))


def set_doors(draft: Draft, command: c.SetDoors) -> None:
    if command.doors not in DOORS:
        raise Refused("bad_command", "doors")
    draft.add(e.DoorsSet(at=draft.now, doors=command.doors, by=command.by))
    if command.doors == "open":
        let_in_who_knocks(draft)


def set_on_call(draft: Draft, command: c.SetOnCall) -> None:
    text = text_within(command.text, MAX_ON_CALL, "text")
    draft.add(e.OnCallSet(at=draft.now, text=text, by=command.by))


def set_script(draft: Draft, command: c.SetScript) -> None:
    if len(command.lines) > MAX_SCRIPT_LINES:
        raise Refused("bad_command", "lines")
    lines = tuple(text_within(line, MAX_SCRIPT_LINE, "lines") for line in command.lines)
    draft.add(e.ScriptSet(at=draft.now, stage=draft.room.stage, lines=lines, by=command.by))


# ── themes ────────────────────────────────────────────────────────────────────


def _theme(room: Room, id_: ThemeId) -> Theme:
    for theme in room.themes:
        if theme.id == id_:
            return theme
    raise Refused("unknown_theme", "theme")


def add_theme(draft: Draft, command: c.AddTheme) -> None:
    text = text_within(command.text, MAX_THEME, "text")
    theme = theme_id(draft.room.themes_added + 1)
    draft.add(e.ThemeAdded(at=draft.now, theme=theme, text=text, by=command.by))


def edit_theme(draft: Draft, command: c.EditTheme) -> None:
    theme = _theme(draft.room, command.theme)
    text = text_within(command.text, MAX_THEME, "text")
    draft.add(e.ThemeEdited(at=draft.now, theme=theme.id, text=text, by=command.by))


def drop_theme(draft: Draft, command: c.DropTheme) -> None:
    theme = _theme(draft.room, command.theme)
    draft.add(e.ThemeDropped(at=draft.now, theme=theme.id, by=command.by))


def resonate(draft: Draft, command: c.Resonate) -> None:
    """Say that a theme is one's own too; a second press says nothing new."""
    theme = _theme(draft.room, command.theme)
    if command.by not in theme.resonates:
        draft.add(e.ThemeResonated(at=draft.now, theme=theme.id, person=command.by))


# ── urgent support ────────────────────────────────────────────────────────────


def ask_support(draft: Draft, command: c.AskSupport) -> None:
    """Raise a call. The same call pressed twice while nobody has taken it is one.

    Raises Refused(too_many_calls): then somebody plays with them.
    """
    for alert in draft.room.alerts:
        same = alert.person == command.by and alert.kind == command.kind
        if same and alert.state in ("open", "loud", "on_call"):
            return
    if sum(1 for alert in draft.room.alerts if alert.state != "closed") >= MAX_ALERTS:
        raise Refused("too_many_calls")
    calls = sum(1 for alert in draft.room.alerts if alert.person == command.by)
    id_ = alert_id(command.by, calls + 1)
    draft.add(e.AlertRaised(at=draft.now, alert=id_, person=command.by, kind=command.kind))


def _alert(room: Room, id_: AlertId) -> Alert:
    for alert in room.alerts:
        if alert.id == id_ and alert.state != "closed":
            return alert
    raise Refused("unknown_alert", "alert")


def take_alert(draft: Draft, command: c.TakeAlert) -> None:
    alert = _alert(draft.room, command.alert)
    if alert.state == "taken":
        raise Refused("alert_taken", "alert")
    draft.add(e.AlertTaken(at=draft.now, alert=alert.id, by=command.by))


def close_alert(draft: Draft, command: c.CloseAlert) -> None:
    alert = _alert(draft.room, command.alert)
    if alert.state != "taken":
        raise Refused("not_taken", "alert")
    draft.add(e.AlertClosed(at=draft.now, alert=alert.id, by=command.by))


# ── permission for what is relayed and never stored ───────────────────────────


def relay(draft: Draft, command: c.Gesture | c.Write) -> None:
    """The table has allowed it; nothing is stored."""


def say_privately(draft: Draft, command: c.SayPrivately) -> None:
    """A participant writes to the facilitators, a facilitator to one participant."""
    if draft.room.people[command.by].role is Role.FACILITATOR:
        if command.to is None:
            raise Refused("bad_command", "to")
        seated_participant(draft.room, command.to, "to")
    elif command.to is not None:
        raise Refused("not_allowed", "to")


ROOM_COMMANDS: Final[Mapping[type[c.PersonCommand], Callable[[Draft, Any], None]]] = {
    c.SetPrompt: set_prompt,
    c.SetLimit: set_limit,
    c.SetStepping: set_stepping,
    c.SetDoors: set_doors,
    c.SetOnCall: set_on_call,
    c.SetScript: set_script,
    c.AddTheme: add_theme,
    c.EditTheme: edit_theme,
    c.DropTheme: drop_theme,
    c.Resonate: resonate,
    c.AskSupport: ask_support,
    c.TakeAlert: take_alert,
    c.CloseAlert: close_alert,
    c.Gesture: relay,
    c.Write: relay,
    c.SayPrivately: say_privately,
}
