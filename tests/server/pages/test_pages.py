"""Pages and static files over HTTP: headers, caching, kind words for what is not there."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.pages import Context, exception_handlers
from server.pages.headers import content_security_policy
from server.pages.static_files import StaticFiles
from server.pages.templates import TEMPLATES
from tests.server.house import House

PATHS = ["/", "/join", "/help", "/ended", "/timetable", "/room/abc", "/nowhere", "/robots.txt"]


def get(house: House, path: str, **headers: str) -> httpx.Response:
    return httpx.get(house.workers[0].url + path, headers=headers)


def stylesheet(house: House) -> str:
    found = re.search(r'href="(/static/[0-9a-f]+/css/base\.css)"', get(house, "/").text)
    assert found
    return found[1]


# ---- Headers -------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/api/nowhere"])
async def test_every_answer_keeps_to_itself(house: House, path: str) -> None:
    headers = get(house, path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_files_carry_few_headers_and_pictures_run_nothing(house: House) -> None:
    style, picture = get(house, stylesheet(house)), get(house, "/static/0/mark.svg")
    assert style.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" not in style.headers
    assert picture.headers["content-security-policy"] == "default-src 'none'"


def test_the_live_socket_of_the_public_address_may_be_opened() -> None:
    assert "connect-src 'self' wss://a.example:8443" in content_security_policy(
        "https://a.example:8443"
    )
    assert "connect-src 'self' ws://127.0.0.1:8000" in content_security_policy(
        "http://127.0.0.1:8000"
    )


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_holds_a_script_or_style_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


# ---- Caching -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/join", "/room/abc", "/ended"])
async def test_pages_of_a_session_are_never_kept(house: House, path: str) -> None:
    assert get(house, path).headers["cache-control"] == "no-store"


async def test_urgent_support_is_kept_for_when_there_is_no_connection(house: House) -> None:
    assert "max-age=86400" in get(house, "/help").headers["cache-control"]


async def test_a_static_file_is_kept_for_ever_under_its_version(house: House) -> None:
    answer = get(house, stylesheet(house))
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css"  # with seventy files each byte counts
    assert "/*" not in answer.text  # comments are not sent
    assert answer.text.count("{") == answer.text.count("}") > 0


async def test_an_older_version_gets_todays_file_unkept(house: House) -> None:
    answer = get(house, "/static/000000000000/css/base.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_a_browser_has_is_not_sent_again(house: House) -> None:
    assert "etag" not in get(house, stylesheet(house)).headers  # it is kept, and not asked for
    address = "/static/000000000000/css/base.css"
    etag = get(house, address).headers["etag"]
    again = get(house, address, **{"if-none-match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    changed = get(house, address, **{"if-none-match": '"other"'})
    assert changed.status_code == 200


async def test_text_goes_compressed_to_who_can_read_it(house: House) -> None:
    address = "/static/000000000000/css/base.css"
    zipped = get(house, address, **{"accept-encoding": "br, gzip"})
    plain = get(house, address, **{"accept-encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]
    assert int(zipped.headers["content-length"]) < len(plain.content) / 2


@pytest.mark.parametrize(
    "name",
    [
        "js/nothing.js",
        "../templates/layout.html",
        "%2e%2e/templates/layout.html",
        "..%2f..%2fpyproject.toml",
        "vendor/lit-html/lit-html.d.ts",
        "vendor/lit-html/LICENSE",
        "",
    ],
)
async def test_nothing_but_static_files_is_found_below_static(house: House, name: str) -> None:
    assert get(house, f"/static/0/{name}").status_code == 404


def test_every_import_of_a_module_leads_somewhere() -> None:
    static = StaticFiles()
    assert static.imports["js/door.js"]
    for module, targets in static.imports.items():
        for target in targets:
            assert static.address(target), module


@pytest.mark.parametrize("page", ["/join", "/room/abc"])
async def test_a_page_names_all_its_modules_at_once(house: House, page: str) -> None:
    text = get(house, page).text
    named = set(re.findall(r'(?:href|src)="/static/\w+/(js/[^"]+|vendor/lit[^"]+\.js)"', text))
    static = StaticFiles()
    assert named >= {target for name in named for target in static.imports[name]}


# ---- What is not there, what broke ---------------------------------------------------


async def test_a_wrong_address_is_answered_kindly(house: House) -> None:
    answer = get(house, "/nowhere", **{"accept-language": "hi"})
    assert answer.status_code == 404
    assert "यहाँ कुछ नहीं है" in answer.text
    assert "tel:14416" in answer.text


async def test_programs_get_the_error_body_of_the_contract(house: House) -> None:
    answer = get(house, "/api/nowhere")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}


@pytest.fixture
def broken() -> httpx.AsyncClient:
    """An application in which every request fails."""

    async def fail(request: Request) -> Response:
        raise RuntimeError("what somebody said")

    app = Starlette(
        routes=[Route("/room/a", fail), Route("/api/a", fail)],
        exception_handlers=exception_handlers(Context(public_url="http://x")),
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://x")


async def test_a_defect_is_a_kind_page_that_tells_nothing(broken: httpx.AsyncClient) -> None:
    async with broken as client:
        page, answer = await client.get("/room/a"), await client.get("/api/a")
    assert page.status_code == answer.status_code == 500
    assert "It was nothing that you did." in page.text
    assert "tel:14416" in page.text
    assert "somebody said" not in page.text + answer.text
    assert answer.json()["error"] == "broken"
    assert "default-src 'none'" in page.headers["content-security-policy"]
