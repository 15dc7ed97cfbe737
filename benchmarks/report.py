"""What a measure hands over: tables, aims beside figures, and every raw figure.

A measure is a program that prints its section; with `--json FILE` it also leaves it for
`python -m benchmarks`, which puts all of them into one document.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

# BENCH=short: a check that everything works, in a few minutes; its figures say nothing.
SHORT: Final = os.environ.get("BENCH") == "short"


def at(part: float, figures: Sequence[float]) -> float:
    """Return a percentile of figures in any order."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


@dataclass(frozen=True)
class Table:
    """Rows under their columns; numbers stand to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""

    def to_markdown(self) -> str:
        """Return it as text that is also readable as it is."""
        cells = [list(self.columns), *map(list, self.rows)]
        widths = [max(len(row[n]) for row in cells) for n in range(len(self.columns))]
        lines = [
            "| " + " | ".join(_put(cell, width, n) for n, (cell, width) in enumerate(pairs)) + " |"
            for pairs in (list(zip(row, widths, strict=True)) for row in cells)
        ]
        rules = ["-" * (width + 1) + ("-" if n == 0 else ":") for n, width in enumerate(widths)]
        lines.insert(1, "|" + "|".join(rules) + "|")
        return "\n".join([f"**{self.title}**\n"] * bool(self.title) + lines)


def _put(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


@dataclass(frozen=True)
class Aim:
    """What was aimed at, and what was measured."""

    measure: str
    aim: str
    figure: str
    met: bool

    def row(self) -> tuple[str, str, str, str]:
        """Return it as a row of a table."""
        return self.measure, self.aim, self.figure, "yes" if self.met else "**missed**"


AIM_COLUMNS: Final = ("measure", "aim", "measured", "met")


@dataclass
class Section:
    """One measure: how it was done, what came out."""

    title: str
    text: str
    tables: list[Table]
    aims: list[Aim] = field(default_factory=list)
    raw: Any = None
    measured_at: str = ""
    load: str = ""

    @classmethod
    def from_json(cls, path: Path) -> Self:
        """Read what `finish` has written."""
        found = json.loads(path.read_text())
        found["tables"] = [Table(**table) for table in found["tables"]]
        found["aims"] = [Aim(**aim) for aim in found["aims"]]
        return cls(**found)

    def to_markdown(self) -> str:
        """Return the section without its raw figures."""
        parts = [f"## {self.title}", self.text.strip(), *(one.to_markdown() for one in self.tables)]
        if self.aims:
            parts.append(Table(AIM_COLUMNS, [aim.row() for aim in self.aims]).to_markdown())
        parts.append(f"Measured {self.measured_at}; {self.load}.")
        return "\n\n".join(parts)

    def raw_to_markdown(self) -> str:
        """Return the raw figures, folded away."""
        figures = json.dumps(_rounded(self.raw), ensure_ascii=False)
        figures = figures.replace("], ", "],\n").replace("}, ", "},\n")
        return f"<details><summary>{self.title}</summary>\n\n```json\n{figures}\n```\n\n</details>"


def _rounded(raw: Any) -> Any:
    """Keep four decimals of a figure, and of its mean and spread alike."""
    if isinstance(raw, float):
        return round(raw, 4)
    if isinstance(raw, dict):
        return {name: _rounded(one) for name, one in raw.items()}
    return [_rounded(one) for one in raw] if isinstance(raw, list | tuple) else raw


def spread(figures: Sequence[float], places: int = 1) -> str:
    """Return the median and, behind it, the smallest and largest of some figures."""
    middle = statistics.median(figures)
    if len(figures) == 1:
        return f"{middle:.{places}f}"
    return f"{middle:.{places}f} ({min(figures):.{places}f} to {max(figures):.{places}f})"


def options(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser with what every measure understands."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, help="leave the section here too")
    return parser


class Started:
    """When a measure began, and how busy the machine was."""

    def __init__(self) -> None:
        """Look at clock and load."""
        self.at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        self.load = os.getloadavg()[0]

    def finish(self, section: Section, file: Path | None) -> None:
        """Print the section, and leave it in a file."""
        section.measured_at = self.at
        section.load = f"load average {self.load:.1f} before, {os.getloadavg()[0]:.1f} after"
        print(section.to_markdown(), flush=True)
        if file:
            file.write_text(json.dumps(asdict(section)))
