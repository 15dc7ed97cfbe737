"""A press means what stood under the finger: nothing that has just come there acts on it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from session_engine import Role
from tests.browser.conftest import Newcomer, OpenSession
from tests.browser.test_console import Desk
from tests.browser.visitor import DESK, PHONE, Visitor
from tests.server.house import House

RESTED_MS = 1_600  # longer than anything rests (web/static/js/room/steady.js)


@pytest.fixture
def desk(two_workers: House, newcomer: Newcomer) -> Desk:
    """A session that is open now."""
    return Desk(two_workers, newcomer)


# A tap at x, y so long after these words have gone from there: to the millisecond, on any machine.
TAP_AFTER = """([x, y, words, ms]) => new Promise((tapped) => {
  const there = () => document.elementFromPoint(x, y);
  const look = () => {
    if (there().textContent.includes(words)) return requestAnimationFrame(look);
    setTimeout(() => { there().click(); tapped(there().textContent); }, ms);
  };
  look();
})"""


class Spot:
    """Where a button stands; a finger comes back to it whatever stands there then."""

    def __init__(self, visitor: Visitor, name: str) -> None:
        """Find it, when all has come to rest."""
        button = visitor.button(name).first
        expect(button).to_be_visible()
        visitor.page.wait_for_timeout(RESTED_MS)
        button.scroll_into_view_if_needed()
        self.mouse = visitor.page.mouse
        self.box = button.bounding_box()

        assert self.box
        self.middle = (
            self.box["x"] + self.box["width"] / 2,
            self.box["y"] + self.box["height"] / 2,
        )

    def tap(self) -> None:
        """Press there."""
        self.mouse.click(*self.middle)


def call(visitor: Visitor) -> None:
    """Call for urgent support."""
    visitor.page.get_by_role("link", name="Urgent support").click()
    visitor.press("I need someone now")
    visitor.press("Close this")


def test_a_call_is_not_closed_by_a_press_on_what_stood_there(desk: Desk) -> None:
    meera = desk.meera
    for size in (PHONE, DESK):
        meera.page.set_viewport_size(size)  # type: ignore[arg-type]
        for again in ("Write privately", "I have it"):
            call(desk.asha)
            have, second = Spot(meera, "I have it"), Spot(meera, again)
            have.tap()
            meera.page.wait_for_timeout(450)
            second.tap()
            desk.asha.see("Meera has seen it and is with you.")
            if again == "Write privately":
                expect(meera.page.locator("dialog").get_by_label("Your message")).to_be_visible()
                meera.press("Close this")
            meera.page.wait_for_timeout(500)
            meera.press("This is settled")  # after a while it can be
            meera.not_see("Asha needs someone now")
            desk.asha.not_see("Meera has seen it and is with you.")


def test_who_takes_a_call_by_key_stays_at_it(desk: Desk) -> None:
    page = desk.meera.page
    call(desk.asha)
    desk.meera.button("I have it").focus()
    page.wait_for_timeout(RESTED_MS)
    page.keyboard.press("Enter")
    expect(page.locator(".alert")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(desk.meera.button("Write privately")).to_be_focused()


def test_a_double_tap_on_more_time_does_not_end_the_turn(
    two_workers: House, newcomer: Newcomer
) -> None:
    desk = Desk(two_workers, newcomer, introduction_s=90)
    desk.meera.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    desk.introduce()
    desk.asha.press("Start")
    more = Spot(desk.meera, "30 s more")
    more.tap()
    desk.meera.page.evaluate(TAP_AFTER, [*more.middle, "30 s more", 250])
    desk.meera.page.wait_for_timeout(500)
    desk.asha.moment("Take your time.")
    more.tap()  # by now it is a decision
    desk.asha.moment("Thank you.")


def test_ask_later_does_not_end_the_turn_that_has_just_begun(desk: Desk) -> None:
    desk.introduce()
    later = Spot(desk.meera, "Ask later")
    desk.asha.press("Start")
    expect(desk.meera.button("End turn")).to_be_visible()
    desk.meera.page.wait_for_timeout(100)
    later.tap()
    desk.asha.page.wait_for_timeout(500)
    desk.asha.moment("Take your time.")


def test_two_facilitators_who_confirm_one_step_take_one_step(desk: Desk) -> None:
    devi = desk.newcomer(DESK).take_a_seat(desk.session.link(Role.FACILITATOR, 1), "Devi")
    desk.introduce()
    for each in (desk.meera, devi):
        each.press("Move to discussion")
        each.see("Move on now?")
    for each in (desk.meera, devi):
        sheet = each.page.locator("dialog")
        sheet.get_by_role("button", name="Move to discussion").click()
        expect(desk.asha.page.locator(".steps .is-now")).to_have_text(re.compile("Discussion"))
    devi.see("The session has moved on already. Please look again.")


def test_a_key_that_is_held_down_is_one_press(desk: Desk) -> None:
    desk.introduce()
    for person, key in ((desk.asha, "Enter"), (desk.ben, "Space")):
        person.moment("It is your turn, whenever you are ready.")
        person.button("Start").focus()
        for _ in range(20):  # a second of the key's own repeating
            person.page.keyboard.down(key)
            person.page.wait_for_timeout(50)
        person.page.keyboard.up(key)
        person.page.wait_for_timeout(500)
        person.moment("Take your time.")
        person.page.wait_for_timeout(RESTED_MS)
        person.page.keyboard.press("Enter")
        person.moment("Thank you.")


def to_discussion(desk: Desk) -> None:
    """Go on until everybody may ask to speak."""
    desk.introduce()
    desk.meera.press("Move to discussion")
    sheet = desk.meera.page.locator("dialog")
    sheet.get_by_role("button", name="Move to discussion").click()
    desk.asha.see("If you would like to speak, ask.")


def hands(page: Page) -> int:
    """Count who asks to speak."""
    return page.locator(".bar-item[aria-pressed=true]").count()


def test_a_double_tap_asks_once(desk: Desk) -> None:
    asha = desk.asha
    to_discussion(desk)
    # Two hands stand before hers: nobody offers her the floor while she taps.
    desk.ben.press("Ask to speak")
    desk.ben.moment("It is your turn, whenever you are ready.")
    for place in (".bar-item", ".moment-main"):
        asha.page.wait_for_timeout(RESTED_MS)
        box = asha.page.locator(place, has_text="Ask to speak").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        asha.page.mouse.click(x, y)
        asha.page.wait_for_timeout(220)
        asha.page.mouse.click(x, y)
        asha.moment("You are next.")
        asha.page.wait_for_timeout(500)
        assert hands(asha.page) == 1
        expect(asha.button("Not this round")).to_have_count(0)
        asha.press("Asked to speak")  # and it is taken back
        expect(asha.page.locator(".bar-item[aria-pressed=true]")).to_have_count(0)


# A phone on its side, and the least that 400 % zoom leaves of a screen.
LOW = [{"width": 640, "height": 360}, {"width": 568, "height": 320}, {"width": 320, "height": 256}]


def test_an_offer_is_in_view_on_a_low_screen(two_workers: House, newcomer: Newcomer) -> None:
    session = OpenSession(two_workers, pause_s=1)
    meera = newcomer(DESK).take_a_seat(session.link(Role.FACILITATOR, 0), "Meera")
    people: list[Visitor] = []
    for size in LOW:
        for language in ("en", "mr"):
            link = session.link(Role.PARTICIPANT, 1)
            person = newcomer(size).take_a_seat(link, f"N{len(people)}", language=language)
            expect(person.page.locator(".moment")).to_be_visible()
            people.append(person)
    meera.see("6 participants here")
    meera.press("Begin the session")
    meera.press("Move to introductions")
    for person in people:
        page = person.page
        choices = (".moment-main", ".pass-choices :nth-child(1)", ".pass-choices :nth-child(2)")
        for button in choices:
            expect(page.locator(button)).to_be_in_viewport(ratio=1)
            box = page.locator(button).bounding_box()
            bar = page.locator(".bar").bounding_box()
            assert box
            assert bar
            assert box["y"] + box["height"] <= bar["y"], f"{button} is behind the bar"
        person.check(f"an offer at {page.viewport_size}")
        page.locator(choices[2]).click()  # the next one is asked


def test_who_calls_from_the_door_cannot_be_written_to_yet(
    two_workers: House, newcomer: Newcomer
) -> None:
    session = OpenSession(two_workers, doors="knock")
    meera = newcomer(DESK).take_a_seat(session.link(Role.FACILITATOR, 0), "Meera")
    asha = newcomer().take_a_seat(session.link(Role.PARTICIPANT, 1), "Asha")
    asha.page.get_by_role("link", name="Urgent support").click()
    asha.press("I need someone now")
    asha.see("they are asked to call the person on call")
    meera.see("Asha needs someone now")
    expect(meera.button("I have it")).to_be_visible()
    expect(meera.page.locator(".alert").get_by_text("Write privately")).to_have_count(0)
    asha.press("Close this")
    meera.press("Let in Asha")
    expect(meera.page.locator(".alert").get_by_text("Write privately")).to_be_visible()
