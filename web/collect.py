"""Collects the words of the product and brings the catalogues up to date.

    python web/collect.py          # after changing a sentence; then translate what it lists

Words come from templates and Python through Babel's own extractors, and from JavaScript
through the one below: Babel's loses its way in templates within templates. The English text
is the key; nothing is guessed for a changed sentence, it is translated anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Generator, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
LOCALES: Final = ROOT / "web" / "locales"

# Which language decides between one and many at which number (the rules of Unicode's CLDR).
PLURALS: Final[Mapping[str, str]] = {
    "hi": "nplurals=2; plural=(n > 1);",
    "mr": "nplurals=2; plural=(n != 1);",
}

# Folder, kinds of files in it, what is inside that is not ours.
SOURCES: Final[tuple[tuple[str, list[tuple[str, str]]], ...]] = (
    ("session_engine", [("**.py", "python")]),
    ("server", [("**.py", "python")]),
    ("web/templates", [("**.html", "jinja2.ext.babel_extract")]),
    ("web/static/js", [("**.js", "collect.javascript")]),
)

LITERAL: Final = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)"""
TEXT: Final = rf"{LITERAL}(?:\s*\+\s*{LITERAL})*"
CALL: Final = re.compile(rf"(?<![\w.$])(tn|t|mark)\(\s*({TEXT})(?:\s*,\s*({TEXT}))?")
ESCAPE: Final = re.compile(r"\\(u\{?([0-9a-fA-F]{4,6})\}?|.)", re.DOTALL)

Found = tuple[int, str, str | tuple[str, ...], list[str]]


def javascript(
    file: IO[bytes], keywords: Mapping[str, Any], tags: Collection[str], options: Mapping[str, Any]
) -> Generator[Found, None, None]:
    """Extract the texts of t, tn and mark; an extraction method of Babel."""
    source = file.read().decode("utf-8")
    for call in CALL.finditer(source):
        line = source.count("\n", 0, call.start()) + 1
        name, first, second = call.groups()
        if name == "tn" and second:
            yield line, "ngettext", (spoken(first), spoken(second)), []
        else:
            yield line, "gettext", spoken(first), []


def spoken(literals: str) -> str:
    """Return what string literals, joined by +, say."""
    return "".join(
        ESCAPE.sub(_unescape, literal[1:-1]) for literal in re.findall(LITERAL, literals)
    )


def _unescape(escape: re.Match[str]) -> str:
    if code := escape.group(2):
        return chr(int(code, 16))
    return {"n": "\n", "t": "\t"}.get(escape.group(1), escape.group(1))


def collect() -> Catalog:
    """Return every text of the product, in English."""
    sys.modules.setdefault("collect", sys.modules[__name__])  # the extraction method's address
    catalogue = Catalog()
    for folder, methods in SOURCES:
        found = extract_from_dir(
            ROOT / folder,
            method_map=methods,
            options_map={"**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
            keywords=DEFAULT_KEYWORDS,
        )
        for name, _, message, _, context in found:
            catalogue.add(message, locations=[(f"{folder}/{name}", 0)], context=context)
    return catalogue


def path_of(language: str) -> Path:
    """Return where the catalogue of a language is."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """Return the catalogue of a language; an empty one when there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(catalogue: Catalog, language: str) -> None:
    """Write a catalogue without dates and line numbers, so that only words make a difference."""
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Language: {language}\\n"\n'
        f'"Plural-Forms: {PLURALS[language]}\\n"\n\n'
    )
    with path.open("wb") as file:
        file.write(header.encode())
        write_po(
            file, catalogue, omit_header=True, sort_by_file=True, include_lineno=False, width=100
        )


def bring_up_to_date(language: str, template: Catalog) -> list[str]:
    """Add new texts to a catalogue, drop those gone, and return what is not translated."""
    catalogue = read(language)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    write(catalogue, language)
    return [str(each.id) for each in catalogue if each.id and not is_translated(each.string)]


def is_translated(string: str | Iterable[str] | None) -> bool:
    """Tell whether every form of a text has its translation."""
    forms = [string] if isinstance(string, str) else list(string or ())
    return bool(forms) and all(forms)


def main() -> None:
    """Bring all catalogues up to date and list what a translator has to do."""
    template = collect()
    for language in PLURALS:
        missing = bring_up_to_date(language, template)
        print(f"{language}: {len(template)} texts, {len(missing)} to translate")
        for text in missing:
            print(f"  {text}")


if __name__ == "__main__":
    main()
