"""What somebody is writing is kept, and goes to the one it was meant for, whatever else happens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.test_trouble import OPEN, begin
from tests.browser.visitor import DESK, Visitor
from tests.running_server import RunningServer

# A line that can be made slow, deaf (nothing that is sent arrives) or broken from a test.
LINE = """
  const sockets = [];
  const { send } = WebSocket.prototype;
  window.line = { late: 0, deaf: false, breaks: () => sockets.forEach((each) => each.close()) };
  WebSocket.prototype.send = function (data) {
    sockets.push(this);
    if (line.deaf) return;
    setTimeout(() => this.readyState === 1 && send.call(this, data), line.late);
  };
"""
SLOW_MS = 1_500
LOST = "Connection lost. Your place is kept."
UNREAD = "Nobody is there to read it just now."
UNSENT = re.compile("Your call goes out as soon as it is back")

Come = Callable[..., Visitor]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One real server with its own store."""
    with RunningServer(tmp_path_factory.mktemp("drafts")) as running:
        yield running


@pytest.fixture
def come(server: RunningServer, chromium: Browser) -> Iterator[Come]:
    """Let people into a session that is open now, each by a line of their own."""
    links = server.create(*OPEN)
    visitors: list[Visitor] = []

    def enter(name: str, role: str = "participant") -> Visitor:
        visitor = Visitor(chromium, DESK if role == "facilitator" else None)
        visitors.append(visitor)
        visitor.page.add_init_script(f"{{{LINE}}}")
        visitor.take_a_seat(links[role], name)
        visitor.see(re.compile("You are here|participants? here"))
        return visitor

    yield enter
    for visitor in visitors:
        visitor.close()


def message(visitor: Visitor) -> Locator:
    """Find the field for private words that can be reached now."""
    return visitor.page.get_by_label("Your message").filter(visible=True).last


def write(visitor: Visitor, words: str) -> None:
    """Write to the facilitators."""
    visitor.press("Write privately")
    message(visitor).fill(words)
    visitor.press("Send")
    expect(message(visitor)).to_have_value("")
    visitor.press("Close this")


def slow(visitor: Visitor) -> None:
    """From now on everything that is sent takes its time."""
    visitor.page.evaluate("(late) => { line.late = late; }", SLOW_MS)


def deaf(visitor: Visitor, yes: bool = True) -> None:
    """From now on nothing that is sent arrives, and nobody is told."""
    visitor.page.evaluate("(yes) => { line.deaf = yes; }", yes)


def breaks(visitor: Visitor) -> None:
    """The line breaks, and does not come back before it is told to."""
    deaf(visitor)
    visitor.page.evaluate("line.breaks()")
    visitor.see(LOST)


def mends(visitor: Visitor) -> None:
    """The line comes back."""
    deaf(visitor, False)
    visitor.page.evaluate("line.breaks()")
    visitor.not_see(LOST)


def to_line(meera: Visitor) -> tuple[Locator, Locator]:
    """Open the private line: whom it is for, as people see it, and what is written."""
    meera.page.get_by_role("tab", name=re.compile("^Private line")).click()
    return meera.page.locator("#line-to option:checked"), message(meera)


def test_a_private_answer_goes_to_whom_it_was_begun_for(come: Come) -> None:
    meera, asha, ben = come("Meera", "facilitator"), come("Asha"), come("Ben")
    write(asha, "I am afraid of him")
    to, field = to_line(meera)
    expect(to).to_have_text("Asha")
    field.fill("Does he know where you are?")
    write(ben, "hello")
    meera.see("hello")
    expect(to).to_have_text("Asha")
    meera.press("Send to Asha")
    asha.press(re.compile("^Write privately"))  # perhaps with "1 new" already
    asha.see("Does he know where you are?")
    expect(field).to_have_value("")
    expect(to).to_have_text("Asha")  # the next one, too
    write(ben, "are you there")
    meera.see("are you there")
    expect(to).to_have_text("Asha")
    field.fill("For Asha")
    meera.page.get_by_role("tab", name="People").click()
    meera.press(re.compile("^More Ben"))
    meera.press("Close this")
    to, field = to_line(meera)
    expect(to).to_have_text("Asha")
    meera.page.wait_for_timeout(600)
    expect(field).to_have_value("For Asha")
    expect(meera.button("Send to Asha")).to_be_visible()
    meera.check("the private line with a draft")
    meera.page.locator("#line-to").select_option("Ben")
    meera.press("Send to Ben")
    meera.see("For Asha")


def test_a_private_answer_goes_to_nobody_else_when_its_person_left(come: Come) -> None:
    meera, asha, ben = come("Meera", "facilitator"), come("Asha"), come("Ben")
    write(ben, "hello")
    write(asha, "I have to go")
    to, field = to_line(meera)
    field.fill("Asha, call me")
    asha.press("Leave")
    asha.page.locator("dialog").get_by_role("button", name="Leave").click()
    expect(meera.page.locator("#line-to option", has_text="Asha")).to_have_count(0)
    expect(to).to_have_text("")
    meera.press("Send to Asha")
    meera.page.wait_for_timeout(600)
    expect(field).to_have_value("Asha, call me")
    meera.page.locator("#line-to").select_option("Ben")
    meera.page.wait_for_timeout(600)
    expect(to).to_have_text("Ben")
    expect(field).to_have_value("Asha, call me")


def test_who_was_answered_and_left_is_not_in_the_way_of_who_writes_next(come: Come) -> None:
    meera, asha, ben = come("Meera", "facilitator"), come("Asha"), come("Ben")
    write(asha, "I have to go")
    to, field = to_line(meera)
    field.fill("Take care")
    meera.press("Send to Asha")
    expect(field).to_have_value("")
    asha.press("Leave")
    asha.page.locator("dialog").get_by_role("button", name="Leave").click()
    expect(meera.page.locator("#line-to option", has_text="Asha")).to_have_count(0)
    write(ben, "hello")
    expect(to).to_have_text("Ben")
    field.fill("Hello Ben")
    write(come("Chitra"), "hello")
    meera.press("Send to Ben")
    meera.see("Hello Ben")


# Somebody who does not stop typing.
TYPING = """() => setInterval(() => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", { key: "n", bubbles: true })), 50)"""


@pytest.mark.parametrize("opened", ["More", "Remove"])
def test_a_dialog_about_somebody_who_left_closes(come: Come, opened: str) -> None:
    meera, asha = come("Meera", "facilitator"), come("Asha")
    meera.press(re.compile("^More Asha"))
    if opened == "Remove":
        meera.press("Remove")
        meera.see("A few words for the record.")
    sheet = meera.page.locator("#sheet")
    sheet.locator("textarea, input").first.focus()
    meera.page.evaluate(TYPING)
    asha.press("Leave")
    asha.page.locator("dialog").get_by_role("button", name="Leave").click()
    meera.see("0 participants here")
    expect(sheet).to_be_hidden()
    meera.page.wait_for_timeout(600)  # who types on means no shortcut
    meera.button("Begin the session").click(trial=True)


def test_what_is_typed_while_words_are_sent_is_kept(come: Come) -> None:
    meera, asha = come("Meera", "facilitator"), come("Asha")
    slow(asha)
    asha.press("Write privately")
    message(asha).fill("One")
    asha.press("Send")
    message(asha).press_sequentially(" and two")
    asha.press("Send")  # only once at a time
    asha.see("Sending…")
    asha.not_see("Sending…")
    expect(message(asha)).to_have_value("One and two")
    to_line(meera)
    meera.see("One")
    meera.not_see("One and two")
    asha.press("Send")
    meera.see("One and two")
    expect(message(asha)).to_have_value("")


def test_a_theme_typed_while_another_is_sent_is_kept(come: Come) -> None:
    meera = come("Meera", "facilitator")
    slow(meera)
    meera.page.get_by_role("tab", name="Prompt and themes").click()
    field = meera.page.get_by_label("New theme")
    field.fill("Sleep")
    meera.press("Add")
    field.fill("Worry")
    expect(meera.page.locator(".theme-text")).to_contain_text("Sleep")
    meera.page.wait_for_timeout(600)
    expect(field).to_have_value("Worry")


@pytest.mark.parametrize("opened", ["Guidelines", "Write privately"])
def test_an_offer_is_never_hidden_by_a_dialog(come: Come, opened: str) -> None:
    meera, asha = come("Meera", "facilitator"), come("Asha")
    asha.press(opened)
    if opened == "Write privately":
        message(asha).fill("Not yet")
    begin(meera)
    asha.moment("It is your turn, whenever you are ready.")
    expect(asha.page.locator("#sheet")).to_be_hidden()
    asha.page.keyboard.type(" said")  # hands that type, or scroll, do not open it again
    asha.page.wait_for_timeout(500)
    assert asha.page.locator("#sheet").is_hidden()
    asha.button("Start").click(trial=True)
    asha.press("Write privately")  # by hand it stays
    asha.page.wait_for_timeout(1200)
    expect(message(asha)).to_have_value("Not yet" if opened == "Write privately" else "")


def test_a_call_on_a_dead_line_says_so(come: Come) -> None:
    asha = come("Asha")
    asha.page.locator("[data-urgent]").filter(visible=True).first.click()
    deaf(asha)
    asha.page.locator("[data-kind=now]").click()
    asha.page.wait_for_timeout(3_500)
    expect(asha.page.locator("[data-call-status]")).to_contain_text(UNSENT)
    mends(asha)
    expect(asha.page.locator("[data-call-status]")).to_contain_text("Sent.")


def test_leaving_waits_for_no_line(come: Come) -> None:
    asha = come("Asha")
    deaf(asha)
    asha.press("Leave")
    asha.page.locator("dialog").get_by_role("button", name="Leave").click()
    asha.page.wait_for_timeout(3_500)
    assert asha.page.get_by_text("You have left the circle.").is_visible()


# Where, in the console, and what is begun there.
BEGUN = [
    ("Prompt and themes", "New theme", "Sleep and wo"),
    ("Prompt and themes", "Prompt for everyone", "What helps"),
    ("Settings", "On call today, and how to reach them", "Dr Rao, 5"),
    ("Settings", "What you say in this part, one line at a time", "Welco"),
    ("Private line", "Your message", "Dear As"),
]


def test_neither_a_break_of_the_line_nor_another_tab_takes_words(come: Come) -> None:
    meera = come("Meera", "facilitator")
    come("Asha")
    meera.press("Begin the session")
    to_line(meera)
    meera.page.locator("#line-to").select_option("Asha")
    for tab, label, words in BEGUN:
        meera.page.get_by_role("tab", name=tab).click()
        field = meera.page.get_by_label(label)
        field.fill(words)
        breaks(meera)
        meera.page.wait_for_timeout(600)
        meera.not_see("Set the on-call contact")
        expect(field).to_have_value(words)
        expect(field).to_be_focused()
        mends(meera)
        meera.page.wait_for_timeout(600)
        expect(field).to_have_value(words)
        expect(field).to_be_focused()
    for tab, label, words in BEGUN:
        meera.page.get_by_role("tab", name=tab).click()
        expect(meera.page.get_by_label(label)).to_have_value(words)


def test_private_words_wait_for_the_line_and_for_their_writer(come: Come) -> None:
    meera, asha = come("Meera", "facilitator"), come("Asha")
    asha.press("Write privately")
    message(asha).fill("May I go")
    asha.page.keyboard.press("Escape")
    asha.press("Write privately")
    expect(message(asha)).to_have_value("May I go")
    breaks(asha)
    expect(asha.page.locator("#sheet").get_by_text(LOST)).to_be_visible()
    asha.check("private words on a dead line")
    asha.button("Send").click(force=True)
    message(asha).fill("May I go now?")
    asha.button("Send").click(force=True)
    asha.press("Close this")
    mends(asha)
    asha.press("Write privately")
    expect(message(asha)).to_have_value("May I go now?")
    asha.press("Send")
    to_line(meera)
    meera.see("May I go now?")
    expect(meera.page.locator(".line")).to_have_count(1)


def test_nobody_is_told_that_their_words_reach_somebody_who_is_not_there(come: Come) -> None:
    asha = come("Asha")
    asha.page.get_by_role("link", name="Urgent support").click()
    asha.press("I need someone now")
    asha.see("No facilitator is in the room just now; they see it when they come.")
    asha.press("Close this")
    asha.see("Your call waits: no facilitator is in the room just now.")
    asha.press("Write privately")
    asha.see(UNREAD)
    asha.press("Close this")
    meera = come("Meera", "facilitator")
    meera.see("Asha needs someone now")
    asha.see("Your call is with the facilitators. The circle cannot see it.")
    asha.press("Write privately")
    asha.see("Only facilitators read this.")
    asha.not_see(UNREAD)
    to, _ = to_line(meera)
    expect(to).to_have_text("")  # nobody has written, and nobody is chosen
    meera.not_see("Your message")
    meera.page.locator("#line-to").select_option("Asha")
    meera.not_see(UNREAD)
    breaks(asha)
    meera.see(UNREAD)
    expect(to).to_have_text("Asha · away")
    meera.page.get_by_role("tab", name="Settings").click()
    meera.press("End the session")
    meera.see("A call for support is still open.")
    mends(asha)
