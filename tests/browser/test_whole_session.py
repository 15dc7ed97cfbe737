"""One session from the lobby to its end, as five people see it, on two workers.

A turn that is reloaded in its middle, a pass of each kind, a turn that runs into its limit,
urgent support taken by name, a drop and a return, a removal and a knock, a hold, themes, the end.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from session_engine import Role
from tests.browser.conftest import Newcomer, OpenSession
from tests.browser.visitor import DESK, Visitor
from tests.server.house import House

CLOCKS = {"introduction_s": 30, "discussion_s": 60, "grace_s": 1, "pause_s": 1}


class Circle:
    """The five of this session."""

    def __init__(self, house: House, newcomer: Newcomer) -> None:
        """Let everybody in, on both workers."""
        self.session = OpenSession(house, title="Exam stress circle", **CLOCKS)
        self.newcomer = newcomer
        self.meera = self.enter(Role.FACILITATOR, "Meera", 0, DESK)
        self.asha = self.enter(Role.PARTICIPANT, "Asha", 0)
        self.asha.see("You are here.")  # seats are given in the order of arrival
        self.ben = self.enter(Role.PARTICIPANT, "Ben", 1)
        self.ben.see("You are here.")
        self.chitra = self.enter(Role.PARTICIPANT, "Chitra", 1)
        self.guest = self.enter(Role.OBSERVER, "", 1, DESK)

    def enter(
        self, role: Role, name: str, worker: int, size: dict[str, int] | None = None
    ) -> Visitor:
        """Let one person in."""
        return self.newcomer(size).come_in(self.session.link(role, worker), name)

    def standing(self, name: str, words: str) -> None:
        """Wait until the facilitator's list says this of a person."""
        row = self.meera.page.locator(".person", has_text=name)
        expect(row).to_contain_text(words)


@pytest.mark.long
def test_a_session_from_the_lobby_to_its_end(two_workers: House, newcomer: Newcomer) -> None:
    circle = Circle(two_workers, newcomer)
    in_the_lobby(circle)
    a_turn_is_reloaded_in_its_middle(circle)
    two_people_pass(circle)
    support_is_asked_for_while_a_turn_runs_into_its_limit(circle)
    the_holder_drops_and_returns(circle)
    somebody_is_removed_and_somebody_knocks(circle)
    the_room_is_held(circle)
    the_session_ends(circle)


def in_the_lobby(circle: Circle) -> None:
    circle.meera.see("3 participants here")
    circle.guest.see("Lobby")
    circle.asha.check("lobby, participant")
    circle.asha.press("Guidelines")
    circle.asha.see("One person speaks at a time. The circle listens.")
    circle.asha.check("guidelines")
    circle.asha.press("Close this")
    circle.meera.check("lobby, facilitator")
    circle.guest.check("lobby, observer")
    circle.meera.press("Begin the session")
    circle.ben.moment("Nothing to do now. Listen, and arrive.")
    circle.meera.see("Welcome. I am Meera")
    circle.meera.press("Move to introductions")
    circle.meera.see(re.compile(r"for \d+ s"))  # the advance can be taken back


def a_turn_is_reloaded_in_its_middle(circle: Circle) -> None:
    asha, ben, meera = circle.asha, circle.ben, circle.meera
    asha.moment("It is your turn, whenever you are ready.")
    asha.check("offered")
    ben.moment("You are next.")
    asha.press("Start")
    asha.moment("Take your time.")
    asha.page.get_by_label("Write, if you would rather not speak").fill("I am Asha, and tired.")
    ben.see("I am Asha, and tired.")
    meera.see("I am Asha, and tired.")
    circle.guest.see("Somebody is being heard")
    circle.guest.check("a turn, observer")
    ben.press("Gesture")
    ben.press("With you")
    asha.see("With you")
    asha.check("speaking")
    meera.check("speaking, facilitator")
    asha.page.reload()
    asha.moment("You are back. Start when you are ready.")
    circle.standing("Asha", "dropped, time kept")
    asha.press("Start")
    ben.see("I am Asha, and tired.")
    expect(asha.page.locator("#write-turn")).to_have_value("I am Asha, and tired.")
    asha.press("I am done")
    asha.moment("Thank you.")


def two_people_pass(circle: Circle) -> None:
    circle.ben.moment("It is your turn, whenever you are ready.")
    circle.ben.press("Not this round")
    circle.standing("Ben", "passed")
    circle.chitra.moment("It is your turn, whenever you are ready.")
    for everyone in (circle.asha, circle.chitra, circle.guest):
        assert "passed" not in everyone.page.content()
    circle.chitra.press("Later")
    circle.chitra.moment("It is your turn, whenever you are ready.")


def support_is_asked_for_while_a_turn_runs_into_its_limit(circle: Circle) -> None:
    ben, chitra, meera = circle.ben, circle.chitra, circle.meera
    chitra.press("Start")
    chitra.moment("Take your time.")
    ben.page.get_by_role("link", name="Urgent support").click()
    ben.see("You are not alone. Who can help now:")
    ben.check("urgent support")
    ben.page.get_by_label("A few words, if you like").fill("I cannot breathe.")
    ben.press("I need someone now")
    meera.see("Ben needs someone now")
    meera.see("“I cannot breathe.”")
    meera.check("an alert")
    meera.press("I have it")
    ben.see("Meera has seen it and is with you.")
    ben.press("Close this")
    ben.see("Meera has seen it and is with you.")
    for everyone in (circle.asha, chitra, circle.guest):
        assert "I cannot breathe" not in everyone.page.content()
    meera.press("Write privately")  # not the deeds of a boundary first
    expect(meera.page.get_by_label("Your message")).to_be_in_viewport()
    sheet = meera.page.locator("dialog")
    message = sheet.get_by_label("Your message").bounding_box()
    silence = sheet.get_by_role("button", name="Silence").bounding_box()
    assert message
    assert silence
    assert message["y"] < silence["y"]
    sheet.get_by_role("button", name="Close this").click()
    meera.press("This is settled")
    chitra.moment("A few seconds left.")
    expect(chitra.page.locator("#spoken")).to_have_text("15 seconds left.")
    chitra.moment("Thank you.")  # the server closed the floor
    circle.standing("Chitra", "spoke")


def the_holder_drops_and_returns(circle: Circle) -> None:
    asha, meera = circle.asha, circle.meera
    meera.press("Move to discussion")
    meera.page.get_by_role("tab", name="Prompt and themes").click()
    meera.page.get_by_label("Prompt for everyone").fill("What has helped?")
    meera.press("Show")
    asha.see("What has helped?")
    meera.page.get_by_label("New theme").fill("Sleep before exams")
    meera.press("Add")
    circle.ben.press("Resonates Sleep before exams")
    meera.see("1 resonates")
    meera.check("themes")
    meera.page.get_by_role("tab", name="People").click()
    asha.page.locator(".moment").get_by_role("button", name="Ask to speak").click()
    asha.moment("It is your turn, whenever you are ready.")
    asha.press("Start")
    asha.moment("Take your time.")
    circle.ben.see("has the floor")
    asha.page.goto("about:blank")
    circle.standing("Asha", "dropped, time kept")
    circle.ben.see("is coming back")
    asha.page.go_back()
    asha.moment("You are back. Start when you are ready.")
    asha.press("Start")
    asha.press("Pass")
    asha.press("Not this round")
    asha.moment("Thank you for being here. You can simply listen.")


def somebody_is_removed_and_somebody_knocks(circle: Circle) -> None:
    meera, chitra = circle.meera, circle.chitra
    meera.press(re.compile("^More Chitra"))
    meera.check("what to do with a person")
    meera.press("Remove")
    meera.page.get_by_label("Reason").fill("Kept interrupting")
    meera.check("removing")
    meera.press("Remove")
    chitra.see("Your part in this session has ended.")
    chitra.check("removed")
    dev = circle.newcomer().come_in(circle.session.link(Role.PARTICIPANT, 1), "Dev")
    dev.see("You are at the door.")
    dev.check("knocking")
    meera.see("At the door")
    meera.hear("At the door: Dev.")
    meera.check("somebody knocks")
    meera.press("Let in Dev")
    dev.see("Discussion")
    dev.press("People")
    dev.see("Who is here")
    dev.check("who is here")


def the_room_is_held(circle: Circle) -> None:
    circle.meera.page.keyboard.press("h")
    circle.ben.see(re.compile("We are holding the room for a moment."))
    circle.ben.check("held")
    circle.guest.check("held, observer")
    circle.meera.press(re.compile("^Go on"))
    circle.ben.moment("If you would like to speak, ask. Listening is just as welcome.")
    circle.ben.check("discussion")


def the_session_ends(circle: Circle) -> None:
    meera, ben = circle.meera, circle.ben
    meera.press(re.compile("^Move to close"))
    ben.moment("We are coming to the end.")
    meera.press("End the session")
    meera.see("End the session for everyone?")
    meera.check("confirming")
    meera.page.locator("dialog").get_by_role("button", name="End the session").click()
    for everyone in (ben, circle.asha, circle.guest, meera):
        everyone.see("This session has ended.")
    ben.check("ended")
    somebody_calls_at_the_end(circle)
    for name in ("Asha", "Ben", "Chitra", "Meera"):
        assert name not in circle.guest.page.content()


def somebody_calls_at_the_end(circle: Circle) -> None:
    """The call stands until a facilitator has it; who needs nobody any more is let go."""
    meera, ben, asha = circle.meera, circle.ben, circle.asha
    ben.page.get_by_role("link", name="Urgent support").click()
    ben.press("I need someone now")
    meera.see("Ben needs someone now")
    meera.check("an alert after the end")
    asha.page.wait_for_timeout(10_500)
    asha.page.get_by_role("link", name="Urgent support").click()
    asha.see("You are not alone. Who can help now:")
    asha.not_see("Tell the facilitator:")  # nobody is there any more
    meera.press("I have it")
    ben.see("Meera has seen it and is with you.")
    ben.check("taken after the end")
