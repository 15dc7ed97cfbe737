"""Who may import whom: the layers of the house, read from the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The engine has no clock, no randomness, no input and no output: it gets this, and no more.
ENGINE_MAY_USE = frozenset(
    {
        *("__future__", "abc", "bisect", "collections", "dataclasses", "enum", "functools"),
        *("itertools", "math", "operator", "re", "types", "typing"),
    }
)

# The layers of the server from top to bottom. A module imports from layers below its own.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"cli"}),
    frozenset({"serving"}),
    frozenset({"app", "rehearsal", "new_session"}),
    frozenset({"pages"}),
    frozenset({"sockets"}),
    frozenset({"rooms"}),
    frozenset({"store"}),
    frozenset({"settings"}),
)


def sources(folder: str) -> list[Path]:
    """Return the Python files below a folder of the project."""
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module that a file imports, late imports included."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module or "") if part)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def layer(name: str) -> int | None:
    """Return how deep a dotted name of the server lies; None when it is in no layer."""
    parts = name.split(".")
    if parts[0] != "server" or len(parts) < 2:
        return None
    return next((depth for depth, names in enumerate(LAYERS) if parts[1] in names), None)


def name_of(path: Path) -> str:
    """Return the dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", sources("session_engine"), ids=name_of)
def test_the_engine_uses_nothing_but_a_few_standard_modules(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(path)} - {"session_engine"}
    assert roots <= ENGINE_MAY_USE


@pytest.mark.parametrize("path", sources("server"), ids=name_of)
def test_the_server_enters_the_engine_by_its_front_door(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.startswith("session_engine.")]


@pytest.mark.parametrize("path", sources("server"), ids=name_of)
def test_inside_the_server_imports_go_only_downwards(path: Path) -> None:
    own = layer(name_of(path))
    if own is None:
        return
    package = ".".join(name_of(path).split(".")[:2])
    upwards = [
        name
        for name in imports(path)
        if (depth := layer(name)) is not None
        and depth <= own
        and name != package
        and not name.startswith(f"{package}.")
    ]
    assert upwards == []


@pytest.mark.parametrize("path", sources("server"), ids=name_of)
def test_every_module_of_the_server_is_in_a_layer(path: Path) -> None:
    assert path.name == "__init__.py" or layer(name_of(path)) is not None


@pytest.mark.parametrize("path", sources("tests/engine"), ids=name_of)
def test_tests_of_the_engine_need_no_server(path: Path) -> None:
    assert "server" not in {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize(
    ("first", "elsewhere"), [("door.js", "room/"), ("page.js", "room/"), ("room/main.js", "door")]
)
def test_a_page_loads_no_script_whose_words_it_does_not_get(first: str, elsewhere: str) -> None:
    """web/build.py leaves the words of other pages out."""
    scripts = ROOT / "web/static/js"
    loaded, new = set[Path](), {scripts / first}
    while new:
        path = new.pop()
        loaded.add(path)
        found = re.findall(r"""(?:from|import|import\()\s*"(\.[^"]+\.js)\"""", path.read_text())
        new |= {(path.parent / name).resolve() for name in found} - loaded
    assert len(loaded) > 3
    names = [path.relative_to(scripts).as_posix() for path in loaded if "vendor" not in path.parts]
    assert [name for name in names if name.startswith(elsewhere)] == []
