"""The benchmarks still run, and their document says what is missed.

One measure stands for all of them: it uses what they share. The peers are installed by
`make bench` alone, and are not asked here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.contest import OURS, OURS_MOVING, OURS_RELAYED, OURS_SLOW
from benchmarks.report import Aim, Section, Table

ROOT = Path(__file__).resolve().parent.parent


def test_the_cost_of_a_frame_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "section.json"
    options = ["--only", "nobody", "--rooms", "1", "--seconds", "0.5", "--json", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.deliveries", *options],
        cwd=ROOT,
        env={**os.environ, "BENCH": "short"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    section = Section.from_json(file)
    assert section.to_markdown() == done.stdout.rstrip("\n")
    (figures,) = section.raw
    assert list(figures["paced"]) == [OURS, OURS_MOVING, OURS_SLOW, OURS_RELAYED]
    assert list(figures["full"]) == [OURS, OURS_MOVING, OURS_RELAYED]
    measured = [*figures["paced"].values(), *figures["full"].values()]
    assert all(one["frames_per_second"] > 0 and one["core_percent"] > 0 for one in measured)


def test_an_aim_that_is_missed_says_so() -> None:
    met, missed = Aim("start", "2 s", "1 s", met=True), Aim("memory", "40 KB", "50 KB", met=False)
    text = Section("Title", "How.", [Table(("a", "b"), [("x", "1")])], [met, missed]).to_markdown()
    lines = [line for line in text.splitlines() if line.startswith(("| start", "| memory"))]
    assert [line.split("|")[-2].strip() for line in lines] == ["yes", "**missed**"]
