"""What became of a command: done, refused or unknown, and nothing in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from server.store.position import Position
from session_engine import REFUSALS, Refused


@dataclass(frozen=True, slots=True)
class Done:
    """It is in the log (or needed nothing there), as of this position.

    `repeated`: this id acted before, and this is the result that it got then.
    """

    at: Position
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class NotDone:
    """It was refused and changed nothing; `field` names what was wrong in it."""

    code: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The store did not answer: asking again with the same id finds out."""


Outcome = Done | NotDone | Unknown
UNKNOWN: Final = Unknown()


def _(sentence: str) -> str:
    """Mark a sentence for the translators."""
    return sentence


# Codes that the server itself refuses with; the rules of a session have their own.
SERVER_REFUSALS: Final[Mapping[str, str]] = {
    "bad_frame": _("That message could not be read."),
    "cannot_store": _("The server cannot store anything at the moment. Nothing has changed."),
}

SENTENCES: Final[Mapping[str, str]] = {**REFUSALS, **SERVER_REFUSALS}


def not_done(refused: Refused) -> NotDone:
    """Return a refusal of the rules as an outcome."""
    return NotDone(refused.code, refused.field)
