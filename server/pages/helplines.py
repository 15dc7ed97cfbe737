"""Who can help now: the helplines on every screen.

Operators are told which of them nobody has verified of late.

They are configuration. The shipped ones are India's; a programme elsewhere, or with a
counselling centre of its own, names its lines in a JSON file: a list of objects with the
fields of `Helpline`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

# A number that nobody has called for so long may be wrong when it is needed.
STALE_AFTER: Final = timedelta(days=90)


def _(text: str) -> str:
    """Mark a text for the translators."""
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Helpline:
    """One line: English texts, translated where the catalogue knows them."""

    name: str
    about: str
    numbers: tuple[str, ...]
    verified_on: date


HELPLINES: Final[tuple[Helpline, ...]] = (
    Helpline(
        name=_("Tele-MANAS"),
        about=_("Free mental health support by phone, day and night, in many languages."),
        numbers=("14416", "1-800-891-4416"),
        verified_on=date(2026, 11, 22),
    ),
    Helpline(
        name=_("Emergency"),
        about=_("If a life is in danger: police, ambulance, fire brigade."),
        numbers=("112",),
        verified_on=date(2026, 11, 22),
    ),
)


def read_helplines(path: Path) -> tuple[Helpline, ...]:
    """Read a programme's own helplines.

    Raises ValueError with a sentence that names the file and what is wrong with it.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        lines = tuple(_helpline(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f"The helplines in {path} cannot be read: {why}") from error
    if not lines:
        raise ValueError(f"The file {path} names no helpline; people would find nobody to call.")
    return lines


def _helpline(row: Any) -> Helpline:
    numbers = row["numbers"]
    if not isinstance(numbers, list) or not numbers:
        raise ValueError("each helpline needs a list of numbers")
    return Helpline(
        name=str(row["name"]),
        about=str(row.get("about", "")),
        numbers=tuple(str(number) for number in numbers),
        verified_on=date.fromisoformat(row["verified_on"]),
    )


def stale_helplines(lines: Sequence[Helpline], today: date) -> list[str]:
    """Return a sentence for each that was last checked too long ago."""
    return [
        f"The helpline {line.name} was last verified on {line.verified_on}: over 90 days ago."
        for line in lines
        if today - line.verified_on > STALE_AFTER
    ]
