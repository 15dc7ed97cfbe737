"""Makes what browsers load out of npm packages and catalogues.

- web/static/vendor: the used files of node_modules, and one sprite of the icons in icons.txt;
- web/static/locales/<language>.<door or room>.json: the words for JavaScript;
- web/locales/<language>/LC_MESSAGES/messages.mo: the words for Python and templates.

Run by the build hook after `npm ci`; nothing made here is committed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

WEB = Path(__file__).resolve().parent
MODULES = WEB / "node_modules"
VENDOR = WEB / "static" / "vendor"
LOCALES = WEB / "locales"
OF_PAGES = ("web/templates/", "server/pages/")
# Which scripts a page never loads: the room, and all others.
ELSEWHERE = {"room": "web/static/js/door", "door": "web/static/js/room/"}

# The modules of lit-html in use, and what they import themselves. A new directive goes here.
LIT_MODULES = (
    "lit-html",
    "directive",
    "directive-helpers",
    "directives/cache",
    "directives/live",
    "directives/repeat",
    "directives/when",
)

# package -> (folder in static/vendor, files to copy). Only what a page asks for is copied.
COPIED: dict[str, tuple[str, tuple[str, ...]]] = {
    # Declarations (.d.ts) are for `tsc`; the server sends none of them.
    "lit-html": (
        "lit-html",
        ("LICENSE", *(f"{name}.{kind}" for name in LIT_MODULES for kind in ("js", "d.ts"))),
    ),
    "@fontsource/mukta": (
        "mukta",
        ("files/mukta-*-400-normal.woff2", "files/mukta-*-600-normal.woff2", "LICENSE"),
    ),
    "lucide-static": ("lucide", ("LICENSE",)),
    # Opus for browsers without WebCodecs; loaded by nobody else.
    "opus-decoder": ("opus-decoder", ("dist/opus-decoder.min.js",)),
    "opus-recorder": ("opus-recorder", ("LICENSE.md",)),
}
FLATTENED = {"files", "dist"}  # folders of a package that are left out of the copy's path

# The encoder is made to be a worker of its own. As a module it runs in ours, and gives bare
# packets instead of Ogg pages.
ENCODER = MODULES / "opus-recorder" / "dist" / "encoderWorker.min.js"
AS_MODULE = "\nexport { Module, OggOpusEncoder };\n"
# For `tsc`: what is inside of packed files is not ours to check.
UNCHECKED = {
    "opus-recorder/encoder.d.ts": "export const Module: any;\nexport const OggOpusEncoder: any;\n",
    "opus-decoder/opus-decoder.min.d.ts": "export {};\n",
}

SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def copy_packages() -> None:
    """Copy the used files of each package, and nothing else."""
    for package, (folder, patterns) in COPIED.items():
        source = MODULES / package
        found = [path for pattern in patterns for path in sorted(source.glob(pattern))]
        if not found:
            raise SystemExit(f"web/node_modules/{package} is missing: run `make setup`.")
        for path in found:
            parts = [part for part in path.relative_to(source).parts if part not in FLATTENED]
            target = VENDOR.joinpath(folder, *parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def write_encoder() -> None:
    """Write the Opus encoder as a module."""
    source = ENCODER.read_text(encoding="utf-8")
    (VENDOR / "opus-recorder" / "encoder.js").write_text(source + AS_MODULE, encoding="utf-8")
    for name, declarations in UNCHECKED.items():
        (VENDOR / name).write_text(declarations, encoding="utf-8")


def icon_names() -> list[str]:
    """Return the names in icons.txt, one a line."""
    return (WEB / "icons.txt").read_text(encoding="utf-8").split()


def write_sprite(names: Iterable[str]) -> None:
    """Write one SVG with a symbol per icon; a page shows it with `<use href="…#name">`."""
    symbols = []
    for name in names:
        source = MODULES / "lucide-static" / "icons" / f"{name}.svg"
        shapes = SHAPES.search(source.read_text(encoding="utf-8"))
        if shapes is None:
            raise SystemExit(f"{source.name} is not an icon.")
        inner = " ".join(shapes.group(1).split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
    (VENDOR / "icons.svg").write_text(sprite, encoding="utf-8")


def words(catalogue: Catalog, elsewhere: str) -> dict[str, str | list[str]]:
    """Return a catalogue as JavaScript reads it: singular -> text, or the texts of its plurals.

    What stands in pages only is written by the server, and what stands only in scripts whose paths
    begin with `elsewhere` is for other pages: a phone need not load either.
    """
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            message.string if isinstance(message.string, str) else list(message.string or ())
        )
        for message in catalogue
        if message.id and not message.fuzzy and not _is_of(message, *OF_PAGES, elsewhere)
    }


def _is_of(message: Message, *places: str) -> bool:
    return all(place.startswith(places) for place, _ in message.locations)


def compile_catalogues() -> None:
    """Write each language's catalogue for Python (.mo) and for JavaScript (.json)."""
    out = WEB / "static" / "locales"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for source in sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")):
        language = source.parent.parent.name
        with source.open("rb") as file:
            catalogue = read_po(file, locale=language)
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
        for page, elsewhere in ELSEWHERE.items():
            text = json.dumps(
                words(catalogue, elsewhere), ensure_ascii=False, separators=(",", ":")
            )
            (out / f"{language}.{page}.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Make everything afresh."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    copy_packages()
    write_encoder()
    write_sprite(icon_names())
    compile_catalogues()


if __name__ == "__main__":
    main()
