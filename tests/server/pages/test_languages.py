"""The language of a page: the address, else the cookie, else the browser."""

from __future__ import annotations

import httpx
import pytest

from server.pages.languages import accepted
from tests.server.house import House


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("hi", "hi"),
        ("mr-IN,hi;q=0.9,en;q=0.8", "mr"),
        ("fr-FR,fr;q=0.9", "en"),
        ("en;q=0.2, HI-in;q=0.7", "hi"),
        ("hi;q=0, en", "en"),
        ("hi;q=very;;,,;q=", "en"),
    ],
)
def test_the_browser_wishes(header: str, language: str) -> None:
    assert accepted(header) == language


def get(house: House, path: str, **headers: str) -> httpx.Response:
    return httpx.get(house.workers[0].url + path, headers=headers)


async def test_a_choice_in_the_address_wins_and_is_kept(house: House) -> None:
    answer = get(house, "/?lang=mr", cookie="tp-lang=hi")
    assert '<html lang="mr"' in answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("tp-lang=mr;")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


async def test_a_kept_choice_wins_over_the_browser(house: House) -> None:
    answer = get(house, "/join", cookie="tp-lang=hi", **{"accept-language": "mr"})
    assert '<html lang="hi"' in answer.text
    assert answer.headers["content-language"] == "hi"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("odd", ["?lang=xx", "?lang=../../etc", "?lang="])
async def test_a_language_that_we_do_not_have_is_no_choice(house: House, odd: str) -> None:
    answer = get(house, f"/{odd}", **{"accept-language": "hi"})
    assert '<html lang="hi"' in answer.text
    assert "set-cookie" not in answer.headers


async def test_pages_say_what_they_depend_on(house: House) -> None:
    vary = get(house, "/").headers["vary"]
    assert all(name in vary for name in ("Accept-Language", "Cookie", "Accept-Encoding"))
