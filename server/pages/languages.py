"""Which language a page is in: the address says, else the cookie, else the browser."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response

LOCALES: Final = Path(__file__).resolve().parents[2] / "web" / "locales"

# Code and the name its speakers use. English is the source, so it is first and last resort.
LANGUAGES: Final[dict[str, str]] = {"en": "English", "hi": "हिन्दी", "mr": "मराठी"}
COOKIE: Final = "tp-lang"
COOKIE_SECONDS: Final = 365 * 24 * 3600


def chosen(request: HTTPConnection) -> str | None:
    """Return the language that the address asks for, when it is one of ours."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else None


def language_of(request: HTTPConnection) -> str:
    """Return the language to answer in."""
    kept = request.cookies.get(COOKIE, "")
    if found := chosen(request):
        return found
    return kept if kept in LANGUAGES else accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """Return the best of our languages for an Accept-Language header."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wishes.append((float(quality or 1), tag.split("-")[0].lower()))
        except ValueError:
            continue  # not a wish that anybody could follow
    ours = [(weight, code) for weight, code in wishes if weight > 0 and code in LANGUAGES]
    return max(ours, key=lambda wish: wish[0])[1] if ours else "en"


def keep(response: Response, language: str, *, secure: bool) -> None:
    """Remember the choice on this device, for a year."""
    response.set_cookie(
        COOKIE, language, max_age=COOKIE_SECONDS, samesite="lax", secure=secure, httponly=True
    )


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language; English needs none."""
    if language == "en":
        return gettext.NullTranslations()
    return gettext.translation("messages", str(LOCALES), [language])
