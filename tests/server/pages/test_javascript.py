"""JavaScript: typed by its comments, and without ways to make HTML out of text."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hatch_build import WEB, node_environment

MODULES = sorted((WEB / "static" / "js").rglob("*.js"))
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    r"|unsafe-html|unsafeHTML|unsafeSVG"
)


def test_types_are_right() -> None:
    done = subprocess.run(
        [str(WEB / "node_modules" / ".bin" / "tsc"), "--project", str(WEB)],
        env=node_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_makes_html_out_of_text(path: Path) -> None:
    assert not FORBIDDEN.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_has_one_purpose_and_fits_a_screen_or_three(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/**")
    assert text.count("\n") <= 160
