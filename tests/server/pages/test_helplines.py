"""Helplines: configuration with a date, warned about when old, shown on every page."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.pages import HELPLINES, Context, read_helplines, stale_helplines
from server.pages.static_files import StaticFiles
from server.pages.templates import TEMPLATES, Templates

OURS: dict[str, Any] = {
    "name": "Counselling <centre>, 100 % confidential",
    "about": "Weekdays",
    "numbers": ["020-5555"],
    "verified_on": "2026-10-01",
}


def written(folder: Path, rows: Any) -> Path:
    path = folder / "helplines.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_only_the_known_numbers_are_shipped() -> None:
    numbers = [number for line in HELPLINES for number in line.numbers]
    assert numbers == ["14416", "1-800-891-4416", "112"]


def test_a_programme_names_its_own_lines(tmp_path: Path) -> None:
    (line,) = read_helplines(written(tmp_path, [OURS]))
    assert (line.numbers, line.verified_on) == (("020-5555",), date(2026, 10, 1))


def test_a_name_is_text_and_never_markup(tmp_path: Path) -> None:
    lines = read_helplines(written(tmp_path, [OURS]))
    templates = Templates(Context(public_url="http://x", helplines=lines), StaticFiles())
    page = templates.page("help.html", "hi").body.decode()
    assert "Counselling &lt;centre&gt;, 100 % confidential" in page
    assert 'href="tel:0205555"' in page


@pytest.mark.parametrize(
    "rows",
    [
        [],
        {},
        [{}],
        ["x"],
        [{**OURS, "numbers": []}],
        [{**OURS, "numbers": "112"}],
        [{**OURS, "verified_on": "soon"}],
    ],
)
def test_a_wrong_file_is_refused_by_name(tmp_path: Path, rows: Any) -> None:
    path = written(tmp_path, rows)
    with pytest.raises(ValueError, match=re.escape(path.name)):
        read_helplines(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape("nowhere.json")):
        read_helplines(tmp_path / "nowhere.json")


def test_a_line_nobody_called_for_ninety_days_is_stale() -> None:
    checked = HELPLINES[0].verified_on
    assert stale_helplines(HELPLINES, checked + timedelta(days=90)) == []
    warnings = stale_helplines(HELPLINES, checked + timedelta(days=91))
    assert [line.name in warning for line, warning in zip(HELPLINES, warnings, strict=True)]


# The layout is no page by itself, and the neutral page must not show what it is for.
PAGES = sorted(
    path.name
    for path in TEMPLATES.glob("*.html")
    if path.name not in ("layout.html", "timetable.html")
)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["en", "hi", "mr"])
def test_every_page_holds_the_helplines_itself(name: str, language: str) -> None:
    templates = Templates(Context(public_url="http://x"), StaticFiles())
    page = templates.page(name, language).body.decode()
    for number in ("14416", "18008914416", "112"):
        assert f'href="tel:{number}"' in page
