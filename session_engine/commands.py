"""What people and the server ask of a room. Imperative; nothing has happened yet.

A person's command has `by`, the person who sent it, and the fields of the
contract under the same names (`from` is a Python word, hence `from_`). COMMANDS
maps the names on the wire to the classes; everything else comes from the server
and can never come over a socket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from session_engine.ids import AlertId, ConnectionId, PersonId, ThemeId, TurnId
from session_engine.word import Word


class Role(Word):
    """What a person is in a room."""

    PARTICIPANT = "participant"
    FACILITATOR = "facilitator"
    OBSERVER = "observer"


class PassKind(Word):
    """The two ways to pass."""

    NOT_THIS_ROUND = "not_this_round"
    LATER = "later"


class SupportKind(Word):
    """What somebody who calls for support would like."""

    NOW = "now"
    AFTER = "after"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCommand:
    """A request of the person `by`; `do` is its name on the wire."""

    do: ClassVar[str] = ""
    by: PersonId


# ── the holder of the floor and the circle ────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTurn(PersonCommand):
    do: ClassVar[str] = "start_turn"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishTurn(PersonCommand):
    do: ClassVar[str] = "finish_turn"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass(PersonCommand):
    """Pass one's own open turn (`turn`), or one's place in the queue (None)."""

    do: ClassVar[str] = "pass"
    kind: PassKind
    turn: TurnId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseHand(PersonCommand):
    do: ClassVar[str] = "raise_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class LowerHand(PersonCommand):
    do: ClassVar[str] = "lower_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resonate(PersonCommand):
    do: ClassVar[str] = "resonate"
    theme: ThemeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Gesture(PersonCommand):
    """Permission only: gestures are relayed, never stored."""

    do: ClassVar[str] = "gesture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(PersonCommand):
    """Permission only: the text never reaches the engine."""

    do: ClassVar[str] = "write"
    turn: TurnId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SayPrivately(PersonCommand):
    """Permission only. `to` is the participant a facilitator writes to."""

    do: ClassVar[str] = "say_privately"
    to: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSupport(PersonCommand):
    """The call is stored until it is closed; its note is relayed, not stored."""

    do: ClassVar[str] = "ask_support"
    kind: SupportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(PersonCommand):
    do: ClassVar[str] = "leave"


# ── facilitators: the session ─────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin(PersonCommand):
    do: ClassVar[str] = "begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance(PersonCommand):
    """One stage on. `from_` is the stage that the facilitator sees."""

    do: ClassVar[str] = "advance"
    from_: str
    confirm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoAdvance(PersonCommand):
    do: ClassVar[str] = "undo_advance"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession(PersonCommand):
    do: ClassVar[str] = "end_session"
    confirm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(PersonCommand):
    do: ClassVar[str] = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(PersonCommand):
    do: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRound(PersonCommand):
    do: ClassVar[str] = "start_round"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolunteersOnly(PersonCommand):
    """The rest of this round is offered only to those who ask for it."""

    do: ClassVar[str] = "volunteers_only"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOver(PersonCommand):
    """Go on to the discussion; who was not offered a turn waits there."""

    do: ClassVar[str] = "carry_over"
    confirm: bool = False


# ── facilitators: the floor ───────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Next(PersonCommand):
    """End or skip the open turn; with none open `turn` is the last closed one."""

    do: ClassVar[str] = "next"
    turn: TurnId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTurn(PersonCommand):
    do: ClassVar[str] = "end_turn"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip(PersonCommand):
    do: ClassVar[str] = "skip"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(PersonCommand):
    do: ClassVar[str] = "extend"
    turn: TurnId


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveFloor(PersonCommand):
    do: ClassVar[str] = "give_floor"
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(PersonCommand):
    """Pin a waiting person at place `to` (0 = next)."""

    do: ClassVar[str] = "move"
    person: PersonId
    to: int


# ── facilitators: people ──────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence(PersonCommand):
    do: ClassVar[str] = "silence"
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(PersonCommand):
    do: ClassVar[str] = "remove"
    person: PersonId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit(PersonCommand):
    do: ClassVar[str] = "admit"
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAway(PersonCommand):
    do: ClassVar[str] = "turn_away"
    person: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeAlert(PersonCommand):
    do: ClassVar[str] = "take_alert"
    alert: AlertId


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAlert(PersonCommand):
    do: ClassVar[str] = "close_alert"
    alert: AlertId


# ── facilitators: the room ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPrompt(PersonCommand):
    do: ClassVar[str] = "set_prompt"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimit(PersonCommand):
    """Change the limit of the stage's kind of turn, from the next offer on."""

    do: ClassVar[str] = "set_limit"
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStepping(PersonCommand):
    do: ClassVar[str] = "set_stepping"
    stepping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetObservers(PersonCommand):
    do: ClassVar[str] = "set_observers"
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDoors(PersonCommand):
    do: ClassVar[str] = "set_doors"
    doors: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOnCall(PersonCommand):
    do: ClassVar[str] = "set_on_call"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScript(PersonCommand):
    """Replace the script of the present stage; no lines: the default again."""

    do: ClassVar[str] = "set_script"
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTheme(PersonCommand):
    do: ClassVar[str] = "add_theme"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTheme(PersonCommand):
    do: ClassVar[str] = "edit_theme"
    theme: ThemeId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTheme(PersonCommand):
    do: ClassVar[str] = "drop_theme"
    theme: ThemeId


COMMANDS: Final[Mapping[str, type[PersonCommand]]] = {
    command.do: command for command in PersonCommand.__subclasses__()
}


# ── the server's own ──────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Enter:
    """Somebody with a valid link and consent comes to the door.

    `person` is a fresh id, used unless this browser is known already;
    `browser` is an opaque, unguessable name of it ("" = unknown); `consent`
    the version of the guidelines that was agreed to.
    """

    person: PersonId
    role: Role
    name: str
    browser: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrive:
    """A person's live connection is up; an older one is replaced.

    `again`: it was taken for dead meanwhile; if they have come on another, that one counts.
    """

    person: PersonId
    connection: ConnectionId
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A live connection is gone; means nothing if it was replaced since."""

    person: PersonId
    connection: ConnectionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Let happen what fell due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLost:
    """The service was away from `since` to `until` (ms): give that time back."""

    since: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSetBack:
    """The store's clock shows `to` (ms), which is before the room's last event: follow it."""

    to: int


ServerCommand = Enter | Arrive | Drop | Tick | TimeLost | ClockSetBack
Command = PersonCommand | ServerCommand
