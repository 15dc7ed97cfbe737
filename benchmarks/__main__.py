"""All measures, one after another; writes docs/benchmarks.md.

    python -m benchmarks [measure ...] [--to FILE]

Each measure is a process of its own, so that none starts with what another has left. With
BENCH=short everything runs in a few minutes and nothing is written: a check that it works.
Some measures alone are printed and not written: the document is of one run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

from benchmarks.machine import machine, versions
from benchmarks.report import AIM_COLUMNS, SHORT, Section, Table

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
MEASURES: Final = ("deliveries", "room", "commands", "growth", "start", "engine", "voice")

HEAD: Final = """\
# Benchmarks

What the server costs and how fast it is, beside its peers, in one run on one machine. Written
by `make bench`; no figure here is edited by hand. Absolute figures swing on shared machines by
tens of percent; ratios were measured in the same run and are what to compare."""


def measure(names: list[str]) -> list[Section]:
    """Run measures in processes of their own."""
    sections = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            file = Path(folder) / f"{name}.json"
            command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file)]
            subprocess.run(command, check=True)
            print(flush=True)
            sections.append(Section.from_json(file))
    return sections


def document(sections: list[Section]) -> str:
    """Put everything into one document."""
    aims = [aim for section in sections for aim in section.aims]
    missed = [aim for aim in aims if not aim.met]
    said = "All aims are met."
    if missed:
        said = f"{len(missed)} of {len(aims)} aims are **missed**: "
        said += "; ".join(f"{aim.measure} ({aim.figure}; aimed at {aim.aim})" for aim in missed)
        said += "."
    parts = [
        HEAD,
        machine().to_markdown(),
        versions().to_markdown(),
        "## Aims",
        said,
        Table(AIM_COLUMNS, [aim.row() for aim in aims]).to_markdown(),
        *(section.to_markdown() for section in sections),
        "## Raw figures",
        *(section.raw_to_markdown() for section in sections),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Measure, then write or print."""
    parser = ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("measures", nargs="*", help=f"of {', '.join(MEASURES)}; none: all")
    parser.add_argument("--to", type=Path, help="write the document here instead")
    chosen = parser.parse_args()
    if unknown := set(chosen.measures) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(unknown)}")
    sections = measure(chosen.measures or list(MEASURES))
    target = chosen.to
    if target is None and not SHORT and not chosen.measures:
        target = DOCUMENT
    text = document(sections)
    if target is not None:
        target.write_text(text)
        print(f"Written to {target}.")


if __name__ == "__main__":
    main()
