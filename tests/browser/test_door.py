"""The door in a browser: consent, name, in; and every way in which it stays closed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.door_visit import DESK, NARROW, Visit
from tests.running_server import RunningServer

WEIGHT_LIMIT = 100_000  # bytes of a first load, compressed, without fonts
LANGUAGES = ("en", "hi", "mr")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("door")) as server:
        yield server


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    visit = Visit(chromium)
    yield visit
    visit.close()


@pytest.fixture(scope="module")
def links(server: RunningServer) -> dict[str, str]:
    return server.create("--starts", "now", "--title", "Exam stress")


# ---- Coming in -----------------------------------------------------------------------


def test_consent_comes_before_the_name(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    expect(page.get_by_role("heading", name="Exam stress")).to_be_visible()
    expect(page.get_by_text("We cannot control what is around others")).to_be_visible()
    expect(page.get_by_text("That is the one limit of confidentiality")).to_be_visible()
    expect(page.get_by_text("Observers may come.")).to_be_visible()
    expect(page.locator("#name")).to_be_hidden()
    page.click("#to-name")
    expect(page.get_by_text("Please tick the box above first.")).to_be_visible()
    expect(page.locator("#consent")).to_be_focused()
    expect(page.locator("#name")).to_be_hidden()


def test_the_way_in_leads_to_the_room_with_a_pass(visit: Visit, links: dict[str, str]) -> None:
    visit.enter(links["participant"], "Asha")
    visit.page.wait_for_url(f"**/room/{links['session']}")
    kept = visit.page.evaluate("key => sessionStorage.getItem(key)", f"tp-pass:{links['session']}")
    answer = json.loads(kept)
    assert answer["role"] == "participant"
    assert answer["pass"]
    assert re.fullmatch("[0-9a-f]{32}", visit.page.evaluate("localStorage.getItem('tp-browser')"))


def test_the_secret_leaves_the_address_bar_at_once(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    assert page.url.endswith("/join")
    page.reload()
    expect(page.get_by_role("heading", name="Exam stress")).to_be_visible()


def test_the_same_browser_gets_the_same_seat(visit: Visit, links: dict[str, str]) -> None:
    people = set()
    for _ in range(2):
        visit.enter(links["participant"], "Ben")
        visit.page.wait_for_url("**/room/*")
        kept = visit.page.evaluate("k => sessionStorage.getItem(k)", f"tp-pass:{links['session']}")
        people.add(json.loads(kept)["person"])
    assert len(people) == 1


def test_the_keyboard_alone_is_enough(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "consent":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#name-title")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Chitra")
    page.keyboard.press("Enter")
    page.wait_for_url("**/room/*")


def test_a_name_is_asked_for_kindly(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    visit.agree()
    page.click("#enter")
    expect(page.get_by_text("Please choose a name. It can be any name.")).to_be_visible()
    expect(page.locator("#name")).to_be_focused()
    assert visit.violations() == []


def test_observers_need_no_name(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["observer"])
    expect(page.get_by_text("You come as an observer")).to_be_visible()
    visit.agree()
    expect(page.locator("#name")).to_be_hidden()
    page.click("#enter")
    page.wait_for_url("**/room/*")


def test_who_has_to_knock_waits_in_the_room(visit: Visit, server: RunningServer) -> None:
    links = server.create("--starts", "now", "--doors", "knock")
    page = visit.to_the_door(links["participant"])
    expect(page.get_by_text("The facilitator opens the door for each person.")).to_be_visible()
    visit.agree()
    page.fill("#name", "Dev")
    page.click("#enter")
    page.wait_for_url(f"**/room/{links['session']}")
    kept = page.evaluate("k => sessionStorage.getItem(k)", f"tp-pass:{links['session']}")
    assert json.loads(kept)["waiting"] is True


# ---- When it stays closed ------------------------------------------------------------


def test_a_wrong_link_says_where_a_right_one_comes_from(
    visit: Visit, server: RunningServer
) -> None:
    page = visit.to_the_door(f"{server.url}/join#nonsense")
    expect(page.get_by_role("heading", name="This link is no longer valid.")).to_be_focused()
    expect(page.get_by_text("Ask for a new one")).to_be_visible()
    assert visit.violations() == []


def test_no_link_at_all_is_no_riddle(visit: Visit, server: RunningServer) -> None:
    page = visit.to_the_door(f"{server.url}/join")
    expect(page.get_by_role("heading", name="There is no link here yet.")).to_be_visible()


def test_a_full_room_says_so_before_and_after_the_name(
    chromium: Browser, visit: Visit, server: RunningServer
) -> None:
    links = server.create("--starts", "now", "--seats", "1")
    first = Visit(chromium)
    first.enter(links["participant"], "Asha")
    first.page.wait_for_url("**/room/*")
    visit.enter(links["participant"], "Ben")
    expect(visit.page.get_by_role("heading", name="All places are taken.")).to_be_focused()
    expect(visit.page.get_by_text("try again in a few minutes")).to_be_visible()
    visit.page.get_by_role("button", name="Try again").click()
    expect(visit.page.get_by_text("All places are taken at the moment.")).to_be_visible()
    first.close()


def test_who_is_early_is_told_when_the_doors_open(visit: Visit, server: RunningServer) -> None:
    links = server.create("--starts", "2035-01-08T18:30:00+05:30")
    page = visit.to_the_door(links["participant"])
    expect(page.locator("#session-time")).to_contain_text(re.compile("8 January,? 2035"))
    expect(page.locator("#session-notice")).to_contain_text("The doors open at")
    visit.agree()
    page.fill("#name", "Asha")
    page.click("#enter")
    expect(page.get_by_role("status")).to_contain_text(re.compile("8 January.*let in then"))
    assert visit.violations() == []


def test_a_lost_connection_keeps_what_was_typed(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    visit.agree()
    page.fill("#name", "Asha")
    visit.context.set_offline(True)
    page.click("#enter")
    expect(page.get_by_role("status")).to_contain_text("We cannot reach the room at the moment.")
    visit.context.set_offline(False)
    page.wait_for_url("**/room/*")  # it tries again by itself


def test_the_skip_link_does_not_lose_the_way_in(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.reload()
    visit.agree()
    expect(page.locator("#name")).to_be_visible()


def test_a_browser_that_is_full_is_told_so(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    visit.agree()
    page.fill("#name", "Asha")
    page.evaluate("sessionStorage.setItem('x', 'x'.repeat(5 * 1024 * 1024 - 200))")
    page.click("#enter")
    told = page.get_by_role("heading", name="This browser lets our page remember nothing.")
    expect(told).to_be_focused()


# ---- Languages and screens -----------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_steps_are_accessible_and_fit_320_pixels(
    chromium: Browser, links: dict[str, str], language: str, theme: str
) -> None:
    visit = Visit(chromium, locale=language, color_scheme=theme, viewport=NARROW)
    page = visit.to_the_door(links["participant"])
    assert page.evaluate("document.documentElement.lang") == language
    for step in (visit.agree, lambda: page.click("[data-urgent]"), lambda: None):
        assert visit.violations() == []
        assert visit.overflow() <= 0
        step()
    visit.close()


def test_another_language_loses_neither_link_nor_place(visit: Visit, links: dict[str, str]) -> None:
    page = visit.to_the_door(links["participant"])
    page.get_by_role("link", name="मराठी").click()
    expect(page.get_by_role("heading", name="आत येण्यापूर्वी")).to_be_visible()
    page.goto(page.url.split("?")[0])
    expect(page.get_by_role("heading", name="आत येण्यापूर्वी")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/join", "/help", "/ended", "/timetable", "/nowhere"])
@pytest.mark.parametrize("viewport", [NARROW, DESK], ids=["narrow", "desk"])
def test_every_page_is_accessible(
    chromium: Browser, server: RunningServer, path: str, viewport: dict[str, int]
) -> None:
    visit = Visit(chromium, viewport=viewport)
    visit.page.goto(server.url + path)
    visit.page.wait_for_load_state("networkidle")
    assert visit.violations() == []
    assert visit.overflow() <= 0
    visit.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/join", "/room/abc"])
def test_a_first_load_is_light(
    chromium: Browser, server: RunningServer, language: str, path: str
) -> None:
    visit = Visit(chromium, locale=language)
    session = visit.context.new_cdp_session(visit.page)
    kinds: dict[str, str] = {}
    weights: dict[str, float] = {}
    session.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: weights.update({e["requestId"]: e["encodedDataLength"]}),
    )
    session.send("Network.enable")
    visit.page.goto(server.url + path, wait_until="networkidle")
    total = sum(weight for key, weight in weights.items() if kinds.get(key) != "Font")
    assert 5_000 < total < WEIGHT_LIMIT
    visit.close()
