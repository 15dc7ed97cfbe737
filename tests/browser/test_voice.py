"""A voice from one browser to another: how well it is understood, and how late it comes.

The speaker's Chromium has a fake microphone fed with speech (espeak-ng); what the listener's
Chromium plays is kept in its page. Two browsers, so that no echo canceller knows the other.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, BrowserType

from session_engine import Role
from tests.browser.bad_network import bad_network
from tests.browser.conftest import OpenSession
from tests.browser.sound import (
    NO_CODECS,
    RATE,
    RECORDER,
    Record,
    mouth_to_ear_ms,
    read_wav,
    understood,
    understood_by_sentence,
    write_speech,
)
from tests.browser.visitor import DESK, Visitor
from tests.server.house import House

pytestmark = pytest.mark.alone

log = logging.getLogger(__name__)
CLOCKS = {"introduction_s": 60, "grace_s": 1}
# The intelligibility (STOI) of a sentence that came through a bad network, on average.
UNDERSTOOD = 0.80


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_speech(tmp_path_factory.mktemp("speech"))


class Ends:
    """The two ends of a voice: who speaks and who listens."""

    def __init__(self, house: House, speaker: Browser, listener: Browser, script: str) -> None:
        self.session = OpenSession(house, title="Exam stress circle", **CLOCKS)
        self.meera = self.enter(listener, Role.FACILITATOR, "Meera", script)
        self.asha = self.enter(speaker, Role.PARTICIPANT, "Asha", script)

    def enter(self, browser: Browser, role: Role, name: str, script: str) -> Visitor:
        """Let one person in, with a recorder."""
        size = DESK if role is Role.FACILITATOR else None
        visitor = Visitor(browser, size)
        visitor.page.add_init_script(RECORDER + script)
        return visitor.come_in(self.session.link(role, 0), name)

    def speak(self, seconds: float) -> tuple[Record, Record]:
        """Let Asha speak for so long; return what was spoken and what was heard."""
        self.meera.press("Begin the session")
        self.meera.press("Move to introductions")
        self.asha.press("Start")
        self.asha.see("Your microphone is on. The circle hears you.")
        self.asha.page.wait_for_timeout((seconds + 1) * 1000)
        spoken = Record.take(self.asha.page, "spoken")
        heard = Record.take(self.meera.page, "heard")
        self.asha.press("I am done")
        return spoken, heard

    def close(self) -> None:
        """Leave, and insist that no console said anything."""
        for visitor in (self.asha, self.meera):
            visitor.close()
            assert visitor.noise == []


Speak = Callable[..., tuple[Record, Record]]


@pytest.fixture(scope="module")
def chromiums(chromium: Browser) -> BrowserType:
    """Give what starts browsers."""
    return chromium.browser_type


@pytest.fixture(scope="module")
def speaker(chromiums: BrowserType, speech: Path) -> Iterator[Browser]:
    arguments = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={speech}",
    ]
    with browser_with(chromiums, *arguments) as browser:
        yield browser


@contextmanager
def browser_with(chromiums: BrowserType, *arguments: str) -> Iterator[Browser]:
    """Start a Chromium of its own."""
    program = shutil.which("chromium")
    browser = chromiums.launch(executable_path=program, args=["--no-sandbox", *arguments])
    try:
        yield browser
    finally:
        browser.close()


@dataclass(frozen=True)
class Found:
    """What was found out about one voice."""

    sentences: list[float]
    whole: float
    delay_ms: float

    @property
    def mean(self) -> float:
        """The intelligibility of a sentence on average."""
        return sum(self.sentences) / len(self.sentences)


def found(speech: Path, spoken: Record, heard: Record) -> Found:
    """Compare what was heard with the file, and with the microphone's moment."""
    said = read_wav(speech)
    result = Found(
        understood_by_sentence(said, heard.sound),
        understood(said, heard.sound),
        mouth_to_ear_ms(spoken, heard),
    )
    log.info("%s", result)  # --log-cli-level=INFO shows it
    return result


def length_of(speech: Path) -> float:
    """Return how many seconds the speech takes."""
    return len(read_wav(speech)) / RATE


@pytest.mark.parametrize("script", ["", NO_CODECS], ids=["WebCodecs", "WebAssembly"])
def test_a_voice_is_understood_and_comes_at_once(
    two_workers: House, speaker: Browser, chromium: Browser, speech: Path, script: str
) -> None:
    ends = Ends(two_workers, speaker, chromium, script)
    result = found(speech, *ends.speak(length_of(speech)))
    asked = ends.asha.page.evaluate("asked.audio")
    ends.close()
    # As in life: nothing of this is switched off for the test.
    assert asked["echoCancellation"]
    assert asked["noiseSuppression"]
    assert asked["autoGainControl"]
    assert result.mean >= 0.90, result
    assert result.whole >= 0.90, result  # nothing is moved where nothing has to be
    assert result.delay_ms <= 400, result


@pytest.mark.parametrize("script", ["", NO_CODECS], ids=["WebCodecs", "WebAssembly"])
def test_a_voice_is_understood_through_a_bad_network(
    two_workers: House, speaker: Browser, chromiums: BrowserType, speech: Path, script: str
) -> None:
    port = two_workers.workers[0].port

    def once() -> Found:
        with ExitStack() as stack:
            way = stack.enter_context(bad_network(port))
            rule = f"--host-resolver-rules=MAP 127.0.0.1:{port} 127.0.0.1:{way}"
            listener = stack.enter_context(browser_with(chromiums, rule))
            ends = Ends(two_workers, speaker, listener, script)
            result = found(speech, *ends.speak(length_of(speech)))
            ends.close()
        assert result.delay_ms >= 250, "this did not go through the bad network"
        return result

    # A stall in a sentence moves what follows in it, which costs a comparison of samples more
    # than an ear; where the stalls fall is chance. Below the aim, the median of three decides.
    results = [once()]
    if results[0].mean < UNDERSTOOD:
        results += [once(), once()]
    assert median(result.mean for result in results) >= UNDERSTOOD, results
