"""Our JavaScript modules as browsers get them: named all at once, and without comments.

Without a bundler a browser finds the imports out one layer at a time, a round trip each.
Told at once, it asks for all of them together. A quarter of their weight are comments.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Final

from server.pages.document import Document

STATIC_IMPORT: Final = re.compile(
    r"""^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["'](\.[^"']+)["']""", re.MULTILINE
)
# Minified modules hold several in one line.
PACKED_IMPORT: Final = re.compile(r"""(?:^|[;}])(?:import|export)[^;"'`()]*?["'](\.[^"']+)["']""")

# Comments that have lines of their own, and types in the middle of code. Others stay: what
# looks like a comment may be inside a text.
COMMENTS: Final = re.compile(
    r"^[ \t]*//[^\n]*$|^[ \t]*/\*\*(?:(?!\*/).)*\*/[ \t]*$|/\*\* ?@[^*\n]*\*/ ?",
    re.MULTILINE | re.DOTALL,
)


def without_comments(source: str) -> str:
    """Return a module without its comments; what is left stays on its lines."""
    return COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), source)


def imports_of(documents: Mapping[str, Document]) -> dict[str, tuple[str, ...]]:
    """Return for each module the modules that it imports itself."""
    return {
        name: _imports(name, document.body.decode("utf-8"))
        for name, document in documents.items()
        if name.endswith(".js")
    }


def _imports(name: str, source: str) -> tuple[str, ...]:
    found = [*STATIC_IMPORT.findall(source), *PACKED_IMPORT.findall(source)]
    folder = posixpath.dirname(name)
    paths = (posixpath.normpath(posixpath.join(folder, path)) for path in found)
    return tuple(dict.fromkeys(paths))


def all_imports(imports: Mapping[str, tuple[str, ...]], name: str) -> list[str]:
    """Return a module and everything below it, each once, nearest first."""
    found = [name]
    for each in found:  # grows while it is read
        found += [path for path in imports.get(each, ()) if path not in found]
    return found
