"""Everything a facilitator can press does what its words say."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from session_engine import Role
from tests.browser.conftest import Newcomer, OpenSession
from tests.browser.visitor import DESK, Visitor
from tests.server.house import House


class Desk:
    """A facilitator with two people in the room."""

    def __init__(self, house: House, newcomer: Newcomer, **choices: object) -> None:
        """Let the three in."""
        self.session = OpenSession(house, **{"pause_s": 1, **choices})
        self.newcomer = newcomer
        self.meera = newcomer(DESK).take_a_seat(self.session.link(Role.FACILITATOR, 0), "Meera")
        self.asha = self.enter("Asha")
        self.ben = self.enter("Ben")
        self.meera.see("2 participants here")

    def enter(self, name: str) -> Visitor:
        """Let a participant in; seats are given in this order."""
        visitor = self.newcomer().take_a_seat(self.session.link(Role.PARTICIPANT, 1), name)
        visitor.see("You are here.")
        return visitor

    def introduce(self) -> None:
        """Go on until the floor is offered to Asha."""
        self.meera.press("Begin the session")
        self.meera.press("Move to introductions")
        self.asha.moment("It is your turn, whenever you are ready.")

    def standing(self, name: str, words: str) -> None:
        """Wait until the list says this of a person."""
        expect(self.meera.page.locator(".person", has_text=name)).to_contain_text(words)

    def about(self, name: str, deed: str) -> None:
        """Do something with one person."""
        self.meera.press(re.compile(f"^More {name}"))
        self.meera.page.locator("dialog").get_by_role("button", name=deed).click()

    def tab(self, name: str) -> None:
        """Open a panel."""
        self.meera.page.get_by_role("tab", name=name).click()

    def field(self, label: str) -> Locator:
        """Find a field of the open panel."""
        return self.meera.page.get_by_label(label)


@pytest.fixture
def desk(two_workers: House, newcomer: Newcomer) -> Desk:
    """A session that is open now."""
    return Desk(two_workers, newcomer)


def test_nobody_begins_without_somebody_on_call(two_workers: House, newcomer: Newcomer) -> None:
    desk = Desk(two_workers, newcomer, on_call="")
    desk.meera.press("Set the on-call contact")
    expect(desk.field("On call today, and how to reach them")).to_be_focused()
    desk.meera.page.keyboard.type("Dr Sen, 555")
    desk.meera.page.keyboard.press("Enter")
    desk.meera.press("Begin the session")
    desk.asha.moment("Nothing to do now. Listen, and arrive.")


def test_nobody_begins_a_session_of_another_day_by_one_press(
    two_workers: House, newcomer: Newcomer
) -> None:
    starts = 2_051_874_000_000  # 8 January 2035
    session = OpenSession(two_workers, starts_at_ms=starts)
    meera = newcomer(DESK).take_a_seat(session.link(Role.FACILITATOR, 0), "Meera")
    meera.see(re.compile("Planned start: .*8 January.* 2035"))
    meera.press("Begin the session")
    sheet = meera.page.get_by_role("dialog", name="Begin so early?")
    expect(sheet).to_contain_text("8 January")
    sheet.get_by_role("button", name="Not yet").click()
    expect(sheet).to_be_hidden()
    meera.press("Begin the session")
    sheet.get_by_role("button", name="Begin the session").click()
    meera.press("Undo")
    meera.see(re.compile("Planned start: .*2035"))


def test_two_people_of_one_name_are_told_apart_wherever_they_are_named(desk: Desk) -> None:
    meera, asha = desk.meera, desk.enter("asha")
    desk.enter("Asha 1")  # for whom it is a name
    names = ["Asha 1", "Ben", "asha 3", "Asha 1 4"]  # by their seats
    expect(meera.page.locator(".person-name")).to_have_text([*names, "Meera"])
    desk.tab("Private line")
    expect(desk.field("To").locator("option[value]")).to_have_text(names)
    asha.press("Write privately")
    asha.page.get_by_label("Your message").fill("hello")
    asha.press("Send")
    asha.press("Close this")
    meera.see("hello")
    desk.field("Your message").fill("I am here")
    meera.press("Send to asha 3")
    asha.page.get_by_role("link", name="Urgent support").click()
    asha.press("I am leaving")
    meera.see("asha 3 is leaving and wants you to know")
    asha.press("Close this")
    asha.press("Leave")
    asha.page.locator("dialog").get_by_role("button", name="Leave").click()
    expect(desk.field("To").locator("option[value]")).to_have_text([names[0], "Ben", names[3]])
    expect(meera.page.locator(".line-who")).to_have_text(
        [re.compile("^asha 3"), re.compile(r"^You\s+→ asha 3")]
    )
    meera.page.reload()  # who has gone is still not the other one
    meera.see("asha is leaving and wants you to know")
    expect(meera.page.locator(".person-name")).to_have_text(["Asha 1", "Ben", "Asha 1 4", "Meera"])


def test_the_turn_is_extended_ended_and_skipped_and_the_step_undone(desk: Desk) -> None:
    meera, asha, ben = desk.meera, desk.asha, desk.ben
    desk.introduce()
    meera.press("Undo")
    asha.moment("Nothing to do now. Listen, and arrive.")
    meera.press("Move to introductions")
    asha.press("Start")
    expect(meera.page.locator(".digits")).to_have_text(re.compile("^0:5"))
    meera.press("30 s more")
    expect(meera.page.locator(".digits")).to_have_text(re.compile("^1:"))
    meera.press("Offer the floor to Ben")
    asha.moment("Thank you.")
    ben.moment("It is your turn, whenever you are ready.")
    meera.press("Ask later")
    desk.standing("Ben", "asked now")  # nobody else is left, so the second offer is at once
    ben.press("Start")
    meera.press("End turn")
    ben.moment("Thank you.")


def test_the_order_and_the_boundaries_are_kept(desk: Desk) -> None:
    asha, ben = desk.asha, desk.ben
    chitra = desk.enter("Chitra")
    desk.introduce()
    desk.about("Chitra", "Move one place up")
    desk.standing("Chitra", "next")
    chitra.moment("You are next.")
    desk.about("Chitra", "Move one place down")
    desk.standing("Ben", "next")
    desk.about("Ben", "Silence")
    desk.standing("Ben", "silenced")
    ben.moment("The facilitator is taking a moment before you are called again.")
    desk.about("Ben", "Give the floor and lift the silence")
    desk.standing("Ben", "next")
    ben.moment("You are next.")
    asha.press("Not this round")
    ben.moment("It is your turn, whenever you are ready.")


def test_settings_change_the_room(desk: Desk) -> None:
    meera = desk.meera
    desk.introduce()
    desk.tab("Settings")
    desk.field("Time for each, from the next turn on").select_option("45")
    meera.page.get_by_text("by hand", exact=True).click()
    meera.page.get_by_text("people knock", exact=True).click()
    meera.page.get_by_text("none", exact=True).click()
    script = desk.field("What you say in this part, one line at a time")
    script.fill("Your name.\nThank you, {name}.")
    meera.page.locator("form:has(#script)").get_by_role("button", name="Save").click()
    meera.see("“Your name.”")
    meera.page.reload()
    desk.tab("Settings")
    expect(desk.field("Time for each, from the next turn on")).to_have_value("45")
    for choice in ("by hand", "people knock", "none"):
        expect(meera.page.get_by_label(choice, exact=True)).to_be_checked()
    dev = desk.newcomer().take_a_seat(desk.session.link(Role.PARTICIPANT, 0), "Dev")
    dev.see("You are at the door.")
    meera.press("Turn away Dev")
    dev.see("The facilitator did not open the door.")
    desk.asha.press("Not this round")
    meera.see("Nobody has the floor")  # by hand: nobody is called by itself
    meera.press("Offer the floor to Ben")
    desk.ben.moment("It is your turn, whenever you are ready.")


def test_themes_are_gathered_mended_and_dropped(desk: Desk) -> None:
    meera, asha = desk.meera, desk.asha
    desk.tab("Prompt and themes")
    desk.field("New theme").fill("Sleep")
    meera.press("Add")
    asha.see("Sleep")
    meera.press("Edit Sleep")
    meera.page.get_by_label("Theme", exact=True).fill("Sleep and worry")
    meera.press("Save")
    asha.press("Resonates Sleep and worry")
    meera.see("1 resonates")
    meera.press("Drop Sleep and worry")
    asha.not_see("Sleep and worry")


def test_the_closing_round_is_a_round(desk: Desk) -> None:
    meera, asha = desk.meera, desk.asha
    desk.introduce()
    meera.press("Move to discussion")
    meera.page.locator("dialog").get_by_role("button", name="Move to discussion").click()
    meera.press("Move to close")
    meera.press("Start the closing round")
    asha.moment("It is your turn, whenever you are ready.")
    asha.press("Start")
    asha.press("I am done")
    desk.ben.moment("It is your turn, whenever you are ready.")
