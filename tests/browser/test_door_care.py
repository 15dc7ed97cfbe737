"""Care around the room: urgent support without a connection, and leaving at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.door_visit import Visit
from tests.running_server import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("care")) as server:
        yield server


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    visit = Visit(chromium)
    yield visit
    visit.close()


@pytest.fixture(scope="module")
def link(server: RunningServer) -> str:
    return server.create("--starts", "now")["participant"]


def test_the_helplines_need_no_connection(visit: Visit, link: str) -> None:
    page = visit.to_the_door(link)
    visit.context.set_offline(True)
    page.get_by_role("link", name="Urgent support").click()
    card = page.get_by_role("dialog")
    expect(card.get_by_role("link", name="14416", exact=True)).to_be_visible()
    expect(card.get_by_role("link", name="112")).to_be_visible()
    expect(card.get_by_text("Tell the facilitator:")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_urgent_support_needs_no_javascript(chromium: Browser, link: str) -> None:
    visit = Visit(chromium, java_script_enabled=False)
    visit.page.goto(link)
    # Chromium parses <noscript> for itself when scripts are switched off from outside.
    assert "This page needs JavaScript" in visit.page.content()
    visit.page.get_by_role("link", name="Urgent support").click()
    visit.page.wait_for_url("**/help")
    number = visit.page.get_by_role("link", name="1-800-891-4416")
    expect(number).to_have_attribute("href", "tel:18008914416")
    visit.close()


def test_the_urgent_page_opens_again_without_a_connection(
    visit: Visit, server: RunningServer
) -> None:
    visit.page.goto(f"{server.url}/help")
    visit.page.wait_for_load_state("networkidle")
    visit.page.goto(f"{server.url}/timetable")
    visit.context.set_offline(True)
    visit.page.goto(f"{server.url}/help")
    expect(visit.page.get_by_role("link", name="112")).to_be_visible()


def test_three_times_escape_leaves_nothing_behind(visit: Visit, link: str) -> None:
    page = visit.to_the_door(link)
    page.get_by_role("link", name="Urgent support").click()
    for _ in range(3):
        page.keyboard.press("Escape")
        page.keyboard.press("F1")  # a hand in haste
    page.wait_for_url("**/timetable")
    assert page.evaluate("sessionStorage.length") == 0
    assert "Thera" not in page.content()
    page.go_back()
    assert not page.url.endswith("/join")


def test_slow_escapes_are_somebody_closing_dialogs(visit: Visit, link: str) -> None:
    page = visit.to_the_door(link)
    for _ in range(3):
        page.keyboard.press("Escape")
        page.wait_for_timeout(1100)
    assert page.url.endswith("/join")


def test_escapes_with_something_in_between_are_somebody_closing_dialogs(
    visit: Visit, link: str
) -> None:
    page = visit.to_the_door(link)
    for between in ("Tab", "Enter", ""):
        page.keyboard.press("Escape")
        if between:
            page.keyboard.press(between)
    page.wait_for_timeout(300)
    assert "/timetable" not in page.url


def test_one_press_leaves_too(visit: Visit, link: str) -> None:
    page = visit.to_the_door(link)
    page.get_by_role("link", name="Quick exit").click()
    page.wait_for_url("**/timetable")
    assert page.evaluate("sessionStorage.length") == 0
