"""What a client may say: frames of JSON, checked before anything looks at them.

Rule 1: a frame is one JSON object, strictly: no NaN, no key twice, keys in ASCII.
Rule 2: a command has exactly the fields of FIELDS; a field too many is as wrong
        as one too few, so that a misspelt `confirm` is never taken for "no".
Rule 3: types are strict: "1" is no number, 1 is no yes.
Rule 4: what is wrong is named by its field, never by its value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NotRequired, cast

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from session_engine import COMMANDS, PassKind, PersonCommand, PersonId, SupportKind

# ---- Kinds of fields ------------------------------------------------------------------

# A UUID has 36 characters; ids of the server's own have at most 20.
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
LongText = Annotated[str, StringConstraints(max_length=2_000)]
PrivateText = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Note = Annotated[str, StringConstraints(max_length=500)]
# The engine knows how long a prompt or a theme may be; this only bounds the work.
Sentence = Annotated[str, StringConstraints(max_length=2_000)]
Place = Annotated[int, Field(ge=0, le=1_000)]
# Which limits make sense is said by the rules (`limit_out_of_range`).
Seconds = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Confirm = NotRequired[bool]
GestureKind = Literal["with_you", "thank_you", "resonates"]

# ---- Commands ------------------------------------------------------------------------

# Every command and its fields besides `id` and `do`. NotRequired may be left out.
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "start_turn": {"turn": Ref},
    "finish_turn": {"turn": Ref},
    "pass": {"kind": Literal["not_this_round", "later"], "turn": NotRequired[Ref | None]},
    "raise_hand": {},
    "lower_hand": {},
    "resonate": {"theme": Ref},
    "gesture": {"kind": GestureKind},
    "write": {"turn": Ref | None, "text": LongText},
    "ask_support": {"kind": Literal["now", "after", "leaving"], "note": NotRequired[Note]},
    "say_privately": {"text": PrivateText, "to": NotRequired[Ref | None]},
    "leave": {},
    "begin": {},
    "end_session": {"confirm": Confirm},
    "hold": {},
    "resume": {},
    "undo_advance": {},
    "start_round": {},
    "volunteers_only": {},
    "carry_over": {"confirm": Confirm},
    "advance": {"from": Ref, "confirm": Confirm},
    "next": {"turn": Ref | None},
    "end_turn": {"turn": Ref},
    "skip": {"turn": Ref},
    "extend": {"turn": Ref},
    "give_floor": {"person": Ref},
    "remove": {"person": Ref, "reason": NotRequired[Sentence]},
    "silence": {"person": Ref},
    "admit": {"person": Ref},
    "turn_away": {"person": Ref},
    "move": {"person": Ref, "to": Place},
    "set_prompt": {"text": Sentence},
    "set_limit": {"seconds": Seconds},
    "set_stepping": {"stepping": Literal["auto", "by-hand"]},
    "set_observers": {"allowed": bool},
    "set_doors": {"doors": Literal["open", "knock"]},
    "set_on_call": {"text": Sentence},
    "set_script": {"lines": Annotated[list[Sentence], Field(max_length=50)]},
    "add_theme": {"text": Sentence},
    "edit_theme": {"theme": Ref, "text": Sentence},
    "drop_theme": {"theme": Ref},
    "take_alert": {"alert": Ref},
    "close_alert": {"alert": Ref},
}

# Fields that are relayed to people and never reach the engine, by command.
RELAYED: Final[Mapping[str, str]] = {
    "write": "text",
    "gesture": "kind",
    "say_privately": "text",
    "ask_support": "note",
}

# Relayed through memory only: not in the log, so they may act twice after a reconnect.
NOT_STORED: Final = frozenset({"write", "gesture", "say_privately"})


class BadFrame(Exception):  # noqa: N818
    """The frame is not one JSON object of the kind that may come here."""


class BadCommand(Exception):  # noqa: N818
    """The command of the frame `id` is wrong in `field`."""

    def __init__(self, command_id: str | None, field: str) -> None:
        """Name the frame and the field; `command_id` is None if that is the field."""
        super().__init__(field)
        self.command_id = command_id
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A command as it came in: for the engine, and what is to be relayed."""

    id: str
    command: PersonCommand
    relayed: str = ""


# ---- Frames --------------------------------------------------------------------------


def read_frame(message: str | bytes) -> dict[str, Any]:
    """Return the JSON object of a frame; a binary one has no meaning here.

    Raises: BadFrame.
    """
    if isinstance(message, bytes):
        raise BadFrame
    try:
        frame = _DECODER.decode(message)
        if "\\u" in message:
            _refuse_half_characters(frame)
    except (ValueError, RecursionError) as error:
        raise BadFrame from error
    if not isinstance(frame, dict):
        raise BadFrame
    return frame


def _refuse(word: str) -> None:
    raise ValueError(word)


def _refuse_half_characters(frame: object) -> None:
    # Half of a surrogate pair is no character: it can be neither stored nor sent on.
    json.dumps(frame, ensure_ascii=False).encode()


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("out of range")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    frame = dict(pairs)
    if len(frame) != len(pairs) or not all(key.isascii() for key in frame):
        raise ValueError("keys")
    return frame


_DECODER: Final = json.JSONDecoder(
    parse_constant=_refuse, object_pairs_hook=_unique, parse_float=_number
)


# ---- Commands ------------------------------------------------------------------------


def _adapter(name: str) -> TypeAdapter[dict[str, Any]]:
    shape = TypedDict(name, {"id": Id, "do": str, **FIELDS[name]})  # type: ignore[misc]
    shape.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[attr-defined]
    return TypeAdapter(cast(Any, shape))


_ADAPTERS: Final = {name: _adapter(name) for name in FIELDS}
_ID: Final = TypeAdapter(Id)


def frame_id(frame: Mapping[str, Any]) -> str | None:
    """Return the frame's id if it is one, so that an answer can name it."""
    try:
        return _ID.validate_python(frame.get("id"), strict=True)
    except ValidationError:
        return None


def read_request(frame: Mapping[str, Any], by: PersonId) -> Request:
    """Return the command in a frame, said by this person.

    Raises: BadCommand.
    """
    name = frame.get("do")
    if not isinstance(name, str) or name not in _ADAPTERS:
        raise _bad(frame, "do")
    try:
        values = _ADAPTERS[name].validate_python(dict(frame))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _bad(frame, _field(problem["loc"])) from None
    return _request(name, values, by)


def _bad(frame: Mapping[str, Any], field: str) -> BadCommand:
    """Name the field that is wrong; before all others it is the id."""
    command_id = frame_id(frame)
    return BadCommand(command_id, field if command_id is not None else "id")


def _request(name: str, values: dict[str, Any], by: PersonId) -> Request:
    del values["do"]
    command_id = values.pop("id")
    relayed = values.pop(RELAYED[name], "") if name in RELAYED else ""
    if name == "ask_support":
        values["kind"] = SupportKind(values["kind"])
    elif name == "pass":
        values["kind"] = PassKind(values["kind"])
    elif name == "advance":
        values["from_"] = values.pop("from")
    elif name == "set_script":
        values["lines"] = tuple(values["lines"])
    return Request(id=command_id, command=COMMANDS[name](by=by, **values), relayed=relayed)


def _field(place: tuple[int | str, ...]) -> str:
    # An unknown field is named back to its sender alone, shortened.
    return str(place[0])[:40] if place else "frame"
