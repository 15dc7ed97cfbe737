"""The room around a voice: the door's test, the microphone in words, push to talk, other modes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, expect

from session_engine import Role
from tests.browser.bad_network import Badness, BadNetwork
from tests.browser.conftest import Newcomer, OpenSession
from tests.browser.sound import RECORDER, Record, write_speech
from tests.browser.test_voice import browser_with
from tests.browser.visitor import DESK, Visitor
from tests.server.house import House

# A browser that wants a press before it plays anything: iOS always, others after a reload.
STRICT = "Object.defineProperty(UserActivation.prototype, 'hasBeenActive', { get: () => false });"
# Safari says so with something that is no DOMException when a microphone that was chosen is gone.
AS_SAFARI = """(() => {
  const ask = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wish) {
    if (wish.audio.deviceId || window.none) throw { name: "OverconstrainedError" };
    return ask.call(this, wish);
  };
})();"""
HEARS_ME = "Your microphone is on. The circle hears you."
CANARY = "heron-on-the-lake"
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
# Everything that a browser keeps for a page: none of it may hold what was said.
STORED = """async () => {
  const databases = (await indexedDB.databases()).map((each) => each.name);
  const caches_ = await caches.keys();
  return JSON.stringify([
    Object.entries(localStorage), Object.entries(sessionStorage), document.cookie,
    databases, caches_, history.state, location.href, window.name,
  ]);
}"""


@pytest.fixture(scope="module")
def chromiums(chromium: Browser) -> BrowserType:
    """Give what starts browsers."""
    return chromium.browser_type


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_speech(tmp_path_factory.mktemp("speech"))


@pytest.fixture(scope="module")
def talking(chromiums: BrowserType, speech: Path) -> Iterator[Browser]:
    with browser_with(chromiums, *FAKE, f"--use-file-for-fake-audio-capture={speech}") as browser:
        yield browser


@pytest.fixture(scope="module")
def refusing(chromiums: BrowserType) -> Iterator[Browser]:
    """A browser whose person (or administrator) says no to the microphone."""
    with browser_with(chromiums, FAKE[0], "--deny-permission-prompts") as browser:
        yield browser


def to_the_name(visitor: Visitor, link: str) -> None:
    """Go through the door up to the name and the sound."""
    visitor.page.goto(link)
    visitor.page.locator("#consent").check()
    visitor.page.locator("#to-name").click()


def test_the_door_lets_hear_oneself_and_lets_go_of_the_microphone(
    two_workers: House, talking: Browser
) -> None:
    asha = Visitor(talking)
    asha.page.add_init_script(RECORDER)
    to_the_name(asha, OpenSession(two_workers).link(Role.PARTICIPANT, 0))
    asha.check("sound, untouched")
    asha.press("Try the microphone")
    asha.see("We hear you.")
    assert asha.page.locator("#sound-device option").count() >= 1
    asha.check("sound, heard")
    asha.press("Hear yourself")
    asha.see("This is how you sound.")
    asha.see("We hear you.")
    assert abs(Record.take(asha.page, "heard").sound).max() > 0.05
    asha.press("Stop the test")
    asha.page.get_by_label("I will write").check()
    expect(asha.page.locator("#sound-test")).to_be_hidden()
    asha.check("sound, writing")
    asha.page.locator("#name").fill("Asha")
    asha.press("Enter")
    asha.see("You are here.")
    asha.close()
    assert asha.noise == []


def test_a_microphone_that_is_gone_is_replaced_by_any_other(
    two_workers: House, talking: Browser
) -> None:
    asha = Visitor(talking)
    asha.page.add_init_script(AS_SAFARI)
    to_the_name(asha, OpenSession(two_workers).link(Role.PARTICIPANT, 0))
    asha.page.evaluate("""sessionStorage.setItem("tp-voice", '{"device": "of yesterday"}')""")
    asha.press("Try the microphone")
    asha.see("We hear you.")
    asha.press("Stop the test")
    asha.page.evaluate("window.none = true")
    asha.press("Try the microphone")
    asha.see(re.compile("We found no microphone"))
    asha.close()
    assert asha.noise == []


def test_who_may_not_use_a_microphone_goes_on_in_text(
    two_workers: House, refusing: Browser, newcomer: Newcomer
) -> None:
    session = OpenSession(two_workers, introduction_s=60)
    meera = newcomer(DESK).come_in(session.link(Role.FACILITATOR, 1), "Meera")
    ben = Visitor(refusing)
    to_the_name(ben, session.link(Role.PARTICIPANT, 0))
    ben.press("Try the microphone")
    ben.see("You can come in and write, or allow it in the settings of your browser")
    ben.check("sound, refused")
    ben.page.locator("#name").fill("Ben")
    ben.press("Enter")
    meera.press("Begin the session")
    meera.press("Move to introductions")
    ben.see("Your microphone opens when you start.")
    ben.press("Start")
    ben.see("This browser may not use the microphone. You can write instead")
    ben.check("a turn without a microphone")
    ben.page.get_by_label("Write, if you would rather not speak").fill(CANARY)
    meera.see(CANARY)
    for visitor in (ben, meera):
        assert CANARY not in visitor.page.evaluate(STORED)
    ben.page.add_init_script(STRICT)
    ben.page.reload()
    ben.see("Press once to hear the circle")
    ben.check("a press to listen")
    ben.press("Press once to hear the circle")
    expect(ben.page.locator(".listen")).to_have_count(0)
    ben.close()
    assert ben.noise == []


def test_a_facilitator_holds_a_key_or_a_button_to_talk(
    two_workers: House, talking: Browser, newcomer: Newcomer
) -> None:
    session = OpenSession(two_workers)
    meera = Visitor(talking, DESK)
    meera.page.add_init_script(RECORDER)
    meera.come_in(session.link(Role.FACILITATOR, 0), "Meera")
    ben = newcomer().come_in(session.link(Role.PARTICIPANT, 1), "Ben")
    meera.see("1 of 1 hears")
    meera.page.keyboard.down("t")
    meera.see("The circle hears you")
    ben.see("A facilitator is speaking.")
    meera.check("a facilitator talks")
    meera.page.keyboard.up("t")
    meera.see("Hold to talk")
    ben.not_see("A facilitator is speaking.")
    meera.button("Hold to talk").first.click()  # a tap stays on
    meera.see("The circle hears you")
    meera.page.locator(".talk-button").click()
    meera.see("Hold to talk")
    meera.close()
    assert meera.noise == []


@pytest.mark.parametrize("mode", ["text", "hall"])
def test_no_sound_is_carried_in_other_modes(
    two_workers: House, newcomer: Newcomer, mode: str
) -> None:
    session = OpenSession(two_workers, mode=mode, introduction_s=60)
    meera = newcomer(DESK).come_in(session.link(Role.FACILITATOR, 0), "Meera")
    asha = newcomer()
    asha.page.add_init_script(RECORDER)
    to_the_name(asha, session.link(Role.PARTICIPANT, 1))
    expect(asha.page.locator("#sound")).to_be_hidden()
    asha.page.locator("#name").fill("Asha")
    asha.press("Enter")
    words = "everybody writes" if mode == "text" else "one place or one call"
    asha.see(words)
    meera.press("Begin the session")
    meera.press("Move to introductions")
    asha.press("Start")
    asha.moment("Take your time.")
    asha.check(mode)
    assert asha.page.evaluate("window.opened") is None
    assert asha.page.evaluate("Object.keys(recorded)") == []
    assert len(asha.page.workers) == 0
    expect(meera.page.locator(".talk-button")).to_have_count(0)


# The loudest that came out of the loudspeaker since it was last asked.
LOUD = """() => {
  const { heard } = recorded;
  const loud = heard.parts.some((part) => part.some((sample) => Math.abs(sample) > 0.05));
  heard.parts = [];
  return loud;
}"""


def test_a_voice_comes_back_after_a_network_that_says_nothing(
    two_workers: House, chromium: Browser, chromiums: BrowserType, speech: Path
) -> None:
    session = OpenSession(two_workers, introduction_s=120)
    port = two_workers.workers[0].port
    network = BadNetwork(port, Badness(0, 0, 0))
    rule = f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{network.port}"
    meera = Visitor(chromium, DESK)
    meera.page.add_init_script(RECORDER)
    meera.come_in(session.link(Role.FACILITATOR, 1), "Meera")
    voice = f"--use-file-for-fake-audio-capture={speech}"
    with browser_with(chromiums, *FAKE, voice, rule) as browser:
        asha = Visitor(browser).come_in(session.link(Role.PARTICIPANT, 0), "Asha")
        meera.press("Begin the session")
        meera.press("Move to introductions")
        asha.press("Start")
        asha.see(HEARS_ME)
        meera.page.wait_for_function(LOUD)
        network.swallow()
        asha.page.evaluate("() => window.dispatchEvent(new Event('online'))")  # asks at once
        meera.page.wait_for_timeout(3_000)
        meera.page.evaluate(LOUD)  # what was on its way
        meera.page.wait_for_function(LOUD)
        asha.see(HEARS_ME)
        asha.close()
    network.close()
    meera.close()
    assert asha.noise == meera.noise == []


# Lets a test do to the microphone what a call on the phone does.
CALLABLE = """(() => {
  const connect = AudioContext.prototype.createMediaStreamSource;
  AudioContext.prototype.createMediaStreamSource = function (stream) {
    const [track] = stream.getAudioTracks();
    window.capture = this;
    window.mute = (muted) => {
      Object.defineProperty(track, "muted", { value: muted, configurable: true });
      track.dispatchEvent(new Event(muted ? "mute" : "unmute"));
    };
    return connect.call(this, stream);
  };
})();"""
BUSY = "Something else is using the microphone. You can write instead; everybody reads along."


def test_a_call_on_the_phone_takes_the_microphone_and_gives_it_back(
    two_workers: House, talking: Browser, newcomer: Newcomer
) -> None:
    session = OpenSession(two_workers, introduction_s=120)
    meera = newcomer(DESK).come_in(session.link(Role.FACILITATOR, 1), "Meera")
    asha = Visitor(talking)
    asha.page.add_init_script(CALLABLE)
    asha.come_in(session.link(Role.PARTICIPANT, 0), "Asha")
    meera.press("Begin the session")
    meera.press("Move to introductions")
    asha.press("Start")
    asha.see(HEARS_ME)
    asha.page.evaluate("mute(true)")
    asha.see(BUSY)
    asha.page.evaluate("mute(false)")
    asha.see(HEARS_ME)
    asha.page.evaluate("capture.suspend()")
    asha.see(BUSY)
    asha.page.evaluate("capture.resume()")
    asha.see(HEARS_ME)
    asha.page.evaluate("capture.suspend()")
    asha.see(BUSY)
    asha.page.locator(".moment-sentence").click()
    asha.see(HEARS_ME)
    asha.page.evaluate("mute(true); before = capture")
    asha.press("Try again")
    asha.see(HEARS_ME)
    asha.page.wait_for_function("() => before !== capture && before.state === 'closed'")
    asha.close()
    assert asha.noise == []


def test_a_facilitator_without_a_microphone_is_told_and_the_button_lets_go(
    two_workers: House, refusing: Browser
) -> None:
    session = OpenSession(two_workers)
    meera = Visitor(refusing, DESK).come_in(session.link(Role.FACILITATOR, 0), "Meera")
    button = meera.button("Hold to talk").first
    presses: list[Callable[[], None]] = [button.click, lambda: meera.page.keyboard.press("t")]
    for press in presses:
        press()
        meera.see("This browser may not use the microphone. You can write to everyone.")
        expect(meera.page.locator(".talk-button")).to_have_attribute("aria-pressed", "false")
        expect(meera.page.locator(".talk-button")).to_contain_text("Hold to talk")
    meera.check("a facilitator without a microphone")
    meera.close()
    assert meera.noise == []


def test_a_facilitators_button_lets_go_when_a_call_takes_the_microphone(
    two_workers: House, talking: Browser
) -> None:
    meera = Visitor(talking, DESK)
    meera.page.add_init_script(CALLABLE)
    meera.come_in(OpenSession(two_workers).link(Role.FACILITATOR, 0), "Meera")
    for _ in range(2):
        meera.button("Hold to talk").first.click()
        meera.see("The circle hears you")
        meera.page.evaluate("mute(true)")
        meera.see("Something else is using the microphone. You can write to everyone.")
        expect(meera.page.locator(".talk-button")).to_have_attribute("aria-pressed", "false")
        meera.page.wait_for_function("() => capture.state === 'closed'")
    meera.close()
    assert meera.noise == []


SLOW = "Your connection is slow at the moment: some words may be missing."


def test_a_module_that_is_lost_on_its_way_is_asked_for_again(
    two_workers: House, talking: Browser, newcomer: Newcomer
) -> None:
    session = OpenSession(two_workers, introduction_s=60, pause_s=1)
    meera = newcomer(DESK).come_in(session.link(Role.FACILITATOR, 1), "Meera")
    people: list[Visitor] = []
    for module in ("voice", "loudspeaker", "voice_worker", "voice_line"):
        person = Visitor(talking)
        person.context.route(f"**/js/voice/{module}.js", lambda route: route.abort(), times=1)
        person.come_in(session.link(Role.PARTICIPANT, 0), f"Without {module}")
        person.see(SLOW)
        people.append(person)
    meera.see("4 of 4 hear")
    meera.press("Begin the session")
    meera.press("Move to introductions")
    for person in people:
        person.not_see(SLOW)
        person.press("Start")
        person.see(HEARS_ME)
        person.press("I am done")
    for person in people:
        person.close()
        assert [line for line in person.noise if "ERR_FAILED" not in line] == []


# What a browser says of a worklet that it could not load; the tests' router does not see those.
LOST_ONCE = """(() => {
  const load = AudioWorklet.prototype.addModule;
  AudioWorklet.prototype.addModule = async function () {
    AudioWorklet.prototype.addModule = load;
    throw new DOMException("Unable to load a worklet's module.", "AbortError");
  };
})();"""


def test_a_player_that_is_lost_on_its_way_comes_with_the_next_press(
    two_workers: House, talking: Browser
) -> None:
    asha = Visitor(talking)
    asha.page.add_init_script(LOST_ONCE)
    asha.come_in(OpenSession(two_workers).link(Role.PARTICIPANT, 0), "Asha")
    asha.press("Press once to switch the sound on")
    expect(asha.page.locator(".listen")).to_have_count(0)
    asha.close()
    assert asha.noise == []
