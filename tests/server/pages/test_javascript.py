"""JavaScript: typed by its comments, and without ways to make HTML out of text."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from hatch_build import WEB, node_environment
from server.pages.modules import without_comments

MODULES = sorted((WEB / "static" / "js").rglob("*.js"))
# Reads modules from its input and parses each as a browser would.
PARSE = """
const { SourceTextModule } = require("node:vm");
const modules = JSON.parse(require("node:fs").readFileSync(0, "utf-8"));
for (const [name, source] of Object.entries(modules)) {
  try { new SourceTextModule(source); } catch (error) { console.log(name, error.message); }
}
"""
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


def test_modules_without_their_comments_are_whole() -> None:
    sources = {path.name: without_comments(path.read_text(encoding="utf-8")) for path in MODULES}
    done = subprocess.run(
        ["node", "--no-warnings", "--experimental-vm-modules", "-e", PARSE],
        input=json.dumps(sources),
        env=node_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert not any("@param" in source for source in sources.values())


def test_only_comments_are_taken_away() -> None:
    source = (
        "/** What it is. */\nlet a = 'http://x'; // why\n  // a line\nb(/** @type {X} */ (c));\n"
    )
    assert without_comments(source) == "\nlet a = 'http://x'; // why\n\nb((c));\n"


def test_a_comment_ends_where_it_ends() -> None:
    source = "f(\n  /** @type {X} */ a,\n  /** b */ b);\n/** Next. */\n"
    assert without_comments(source) == "f(\n  a,\n  /** b */ b);\n\n"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_no_module_makes_html_out_of_text(path: Path) -> None:
    assert not FORBIDDEN.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_has_one_purpose_and_fits_a_screen_or_three(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/**")
    assert text.count("\n") <= 160


def test_every_icon_is_in_the_set_and_none_is_there_in_vain() -> None:
    templates = (WEB / "templates").rglob("*.html")
    source = "".join(path.read_text(encoding="utf-8") for path in [*MODULES, *templates])
    used = set(re.findall(r"""icon(?:\(|: )["']([a-z0-9-]+)["']""", source))
    listed = set((WEB / "icons.txt").read_text(encoding="utf-8").split())
    assert used <= listed
    assert {name for name in listed if not re.search(f"""["']{name}["']""", source)} == set()
