"""What people see when something breaks, and that it mends itself."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.door_visit import Visit
from tests.browser.visitor import DESK, Visitor
from tests.running_server import RunningServer

# A little longer than a step of the whole room rests (web/static/js/room/steady.js).
STEP_RESTS_MS = 1_800
OPEN = ("--starts", "now", "--on-call", "Dr Sen, 555", "--pause-seconds", "1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One real server with its own store: what is broken here disturbs no other file."""
    with RunningServer(tmp_path_factory.mktemp("trouble")) as running:
        yield running


def begin(meera: Visitor) -> None:
    """Go to the introductions as soon as somebody is there."""
    meera.see("1 participant here")
    meera.press("Begin the session")
    meera.press("Move to introductions")


@pytest.fixture
def pair(server: RunningServer, chromium: Browser) -> Iterator[tuple[Visitor, Visitor]]:
    """A facilitator and a participant in introductions, the floor offered to her."""
    links = server.create(*OPEN)
    meera = Visitor(chromium, DESK).take_a_seat(links["facilitator"], "Meera")
    asha = Visitor(chromium).take_a_seat(links["participant"], "Asha")
    begin(meera)
    asha.moment("It is your turn, whenever you are ready.")
    yield meera, asha
    meera.close()
    asha.close()


def test_a_worker_that_dies_costs_nobody_their_turn(
    server: RunningServer, pair: tuple[Visitor, Visitor]
) -> None:
    meera, asha = pair
    asha.press("Start")
    asha.moment("Take your time.")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    asha.see("Connection lost. Your place is kept.")
    asha.check_access("connection lost")
    asha.not_see("Connection lost. Your place is kept.")
    asha.press("I am done")  # nobody served the room meanwhile, so she never was away
    asha.moment("Thank you.")
    expect(meera.page.locator(".person", has_text="Asha")).to_contain_text("spoke")


def test_what_was_written_outlives_the_only_process_that_knew_it(
    server: RunningServer, chromium: Browser
) -> None:
    links = server.create(*OPEN, "--mode", "text")
    meera = Visitor(chromium, DESK).take_a_seat(links["facilitator"], "Meera")
    asha = Visitor(chromium).take_a_seat(links["participant"], "Asha")
    begin(meera)
    asha.press("Start")
    field = asha.page.get_by_label("Write here; everybody reads along")
    field.press_sequentially("I have not slept well")
    meera.see("I have not slept well")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    asha.see("Connection lost. Your place is kept.")
    asha.moment("Your turn waits for you.")
    expect(field).to_have_value("I have not slept well")
    field.press_sequentially(" since May")
    asha.not_see("Connection lost. Your place is kept.")
    ben = Visitor(chromium).take_a_seat(links["participant"], "Ben")  # nothing is typed any more
    ben.see("I have not slept well since May")
    meera.see("I have not slept well since May")
    for visitor in (meera, asha, ben):
        visitor.close()


def test_clocks_stand_while_the_store_is_away(
    server: RunningServer, pair: tuple[Visitor, Visitor]
) -> None:
    meera, asha = pair
    asha.press("Start")
    asha.moment("Take your time.")
    store = server.store()
    os.kill(store, signal.SIGSTOP)
    try:
        asha.see("We are reconnecting. The clock has stopped; nobody loses time.")
        meera.see("We are reconnecting. The clock has stopped; nobody loses time.")
        stands = meera.page.locator(".digits").inner_text()
        meera.page.wait_for_timeout(2500)
        assert meera.page.locator(".digits").inner_text() == stands
        asha.check_access("store away")
    finally:
        os.kill(store, signal.SIGCONT)
    asha.press("I am done")
    asha.moment("Thank you.")
    asha.not_see("We are reconnecting. The clock has stopped; nobody loses time.")


def test_a_name_that_was_typed_outlives_a_store_that_is_away(
    server: RunningServer, chromium: Browser
) -> None:
    visit = Visit(chromium)
    page = visit.to_the_door(server.create(*OPEN)["participant"])
    visit.agree()
    page.fill("#name", "Asha")
    store = server.store()
    os.kill(store, signal.SIGSTOP)
    try:
        page.click("#enter")
        status = page.locator("#enter-status")
        expect(status).to_contain_text("We cannot reach the room at the moment.")
        expect(page.locator("#name")).to_have_value("Asha")
        assert page.locator("#name").is_visible()
    finally:
        os.kill(store, signal.SIGCONT)
    for _ in range(4):  # a worker may need a moment to believe that the store is back
        page.click("#enter")
        with suppress(PlaywrightTimeout):
            page.wait_for_url("**/room/*", timeout=4000)
            break
    assert "/room/" in page.url
    visit.context.close()


def test_observers_are_told_that_there_are_none_today(
    server: RunningServer, chromium: Browser
) -> None:
    links = server.create(*OPEN)
    meera = Visitor(chromium, DESK).take_a_seat(links["facilitator"], "Meera")
    hall = Visitor(chromium).take_a_seat(links["observer"])
    hall.see("We begin soon")
    meera.page.get_by_role("tab", name="Settings").click()
    meera.page.get_by_role("group", name="Observers").get_by_label("none").check()
    hall.see("This session has no observers today.")
    hall.check("no observers")
    meera.close()
    hall.close()


def test_the_newest_tab_is_the_live_one(
    server: RunningServer, pair: tuple[Visitor, Visitor]
) -> None:
    _, asha = pair
    kept = asha.page.evaluate("JSON.stringify(sessionStorage)")
    other = asha.context.new_page()
    other.goto(server.url + "/help")
    other.evaluate("(kept) => Object.assign(sessionStorage, JSON.parse(kept))", kept)
    other.goto(asha.page.url)
    expect(other.locator(".moment-sentence")).to_be_visible()
    asha.see("The room is open somewhere else.")
    asha.check_access("replaced")
    asha.press("Use it here")
    asha.moment("It is your turn, whenever you are ready.")


def test_leaving_is_quiet_and_needs_no_second_thought(pair: tuple[Visitor, Visitor]) -> None:
    meera, asha = pair
    asha.press("Leave")
    asha.see("There is no sound and no announcement.")
    asha.check("leaving")
    asha.page.locator("dialog").get_by_role("button", name="Leave").click()
    asha.see("You have left the circle.")
    expect(asha.page).to_have_title("Thera-Peer")  # it was her turn
    asha.check("left")
    meera.see("0 participants here")


def test_escape_three_times_leaves_nothing_behind(pair: tuple[Visitor, Visitor]) -> None:
    _, asha = pair
    for _time in range(3):
        asha.page.keyboard.press("Escape")
    asha.page.wait_for_url("**/timetable")
    assert asha.page.evaluate("sessionStorage.length") == 0
    asha.page.go_back()
    assert "/room/" not in asha.page.url


def test_the_private_line_reaches_facilitators_and_comes_back(
    pair: tuple[Visitor, Visitor],
) -> None:
    meera, asha = pair
    asha.press("Write privately")
    asha.page.get_by_label("Your message").fill("Can I go later?")
    asha.press("Send")
    asha.see("Can I go later?")
    expect(asha.page.get_by_label("Your message")).to_have_value("")
    asha.check("the private line")
    meera.page.get_by_role("tab", name="Private line").click()
    meera.see("Can I go later?")
    meera.page.get_by_label("Your message").fill("Of course.")
    meera.press("Send to Asha")
    asha.see("Of course.")
    asha.press("Close this")
    expect(asha.page.locator(".bar .count")).to_have_count(0)  # it was read while it came
    meera.check("the private line, facilitator")
    asha.press("Write privately")
    asha.page.get_by_label("Your message").fill("Thank you.")
    asha.press("Send")
    meera.see("Thank you.")
    meera.page.get_by_role("tab", name="Settings").click()
    meera.check("settings")
    expect(meera.page.locator(".tab .count")).to_have_count(0)


def test_an_update_never_takes_the_focus(pair: tuple[Visitor, Visitor]) -> None:
    meera, asha = pair
    asha.press("Start")
    field = asha.page.get_by_label("Write, if you would rather not speak")
    field.press_sequentially("I am ")
    meera.press("With you")
    asha.see("With you")
    expect(field).to_be_focused()
    field.press_sequentially("Asha")
    expect(field).to_have_value("I am Asha")
    asha.button("I am done").focus()
    meera.press(re.compile("^End turn"))
    asha.moment("Thank you.")
    assert asha.page.evaluate("document.activeElement !== document.body")


def test_letters_act_for_a_facilitator_who_is_not_typing(pair: tuple[Visitor, Visitor]) -> None:
    meera, asha = pair
    meera.page.keyboard.press("h")
    asha.see("We are holding the room for a moment.")
    meera.page.keyboard.press("h")
    asha.not_see("We are holding the room for a moment.")
    meera.press(re.compile("^More Asha"))
    expect(meera.page.locator("#sheet")).to_be_visible()
    meera.page.keyboard.press("Escape")  # who closes it themselves may press on at once
    expect(meera.page.locator("#sheet")).to_be_hidden()
    meera.page.keyboard.press("h")
    asha.see("We are holding the room for a moment.")
    meera.page.get_by_role("tab", name="Prompt and themes").click()
    meera.page.get_by_label("New theme").press_sequentially("h")
    meera.see("Go on")
    meera.page.get_by_role("tab", name="Settings").click()
    meera.page.get_by_label("Single-letter shortcuts").uncheck()
    meera.page.get_by_role("tab", name="People").click()
    meera.page.keyboard.press("h")
    meera.see("Go on")


def test_everybody_is_told_that_the_room_is_held(server: RunningServer, chromium: Browser) -> None:
    links = server.create(*OPEN)
    meera = Visitor(chromium, DESK).take_a_seat(links["facilitator"], "Meera")
    asha = Visitor(chromium).take_a_seat(links["participant"], "Asha")
    hall = Visitor(chromium, DESK).take_a_seat(links["observer"])
    begin(meera)
    asha.press("Start")
    hall.see("Somebody is being heard")
    meera.press("Hold")
    meera.see("The room is held. Every clock stands.")
    expect(meera.page.locator(".person", has_text="Asha")).to_contain_text("time kept")
    meera.not_see("dropped, time kept")
    asha.see("We are holding the room for a moment.")
    hall.see("The room is held")
    hall.not_see("Somebody is being heard")
    asha.hear("We are holding the room for a moment.")
    meera.press("Go on")
    asha.hear("We go on.")
    hall.hear("We go on.")
    asha.press("Write privately")
    asha.page.get_by_label("Your message").last.fill("thank you")
    asha.press("Send")
    meera.hear("Private line: 1 new.")
    meera.press("Hold")
    asha.hear("We are holding the room for a moment.")
    meera.page.get_by_role("tab", name="Settings").click()
    meera.press("End the session")
    meera.page.locator("dialog").get_by_role("button", name="End the session").click()
    for visitor in (asha, hall):
        expect(visitor.page.locator("#spoken")).to_have_text("This session has ended.")
    for visitor in (meera, asha, hall):
        visitor.close()


def test_who_presses_twice_is_taken_once_and_not_corrected(pair: tuple[Visitor, Visitor]) -> None:
    meera, asha = pair
    problems = asha.page.locator(".notice")
    asha.button("Start").dblclick()
    asha.moment("Take your time.")
    asha.button("I am done").dblclick()
    asha.moment("Thank you.")
    expect(problems).to_have_count(0)
    meera.see("Move to discussion")
    meera.page.wait_for_timeout(STEP_RESTS_MS)
    stage = meera.page.locator("[aria-current=step]")
    for _ in range(2):
        meera.page.keyboard.press("n")
        meera.page.wait_for_timeout(300)
    expect(stage).to_contain_text("Discussion")
    meera.page.wait_for_timeout(STEP_RESTS_MS)
    expect(stage).to_contain_text("Discussion")
    meera.page.keyboard.press("n")
    expect(stage).to_contain_text("Close")


def test_an_offer_is_never_covered_by_gestures(pair: tuple[Visitor, Visitor]) -> None:
    _, asha = pair
    asha.press("Later")
    asha.press(re.compile("Gesture"))
    asha.see("With you")
    asha.moment("It is your turn, whenever you are ready.")
    asha.not_see("With you")
    asha.button("Not this round").click(trial=True)
    asha.press(re.compile("Gesture"))  # whoever opens them now still reaches both
    asha.see("With you")
    asha.button("Not this round").click()
    asha.moment("Thank you for being here. You can simply listen.")


def test_a_new_call_for_support_is_not_answered_by_an_older_one(
    server: RunningServer, pair: tuple[Visitor, Visitor]
) -> None:
    meera, asha = pair
    asha.page.get_by_role("link", name="Urgent support").click()
    asha.press("Please talk to me afterwards")
    meera.press("I have it")
    status = asha.page.locator("[data-call-status]")
    expect(status).to_have_text("Meera has seen it and is with you.")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        asha.press("I need someone now")
        asha.page.wait_for_timeout(1_500)  # three times it is drawn
        assert "Meera" not in status.inner_text()
    finally:
        os.kill(worker, signal.SIGCONT)
    expect(status).to_contain_text("Sent.")
    meera.press("I have it")
    expect(status).to_have_text("Meera has seen it and is with you.")


def test_a_room_whose_scripts_did_not_arrive_can_be_tried_again(
    server: RunningServer, chromium: Browser
) -> None:
    asha = Visitor(chromium)
    asha.page.route("**/room_store*.js*", lambda route: route.abort())
    asha.take_a_seat(server.create(*OPEN)["participant"], "Asha")
    asha.see("Coming in…")
    asha.page.unroute("**/room_store*.js*")
    asha.page.get_by_role("link", name="Try again").click()
    asha.see("You are here.")
    asha.close()
