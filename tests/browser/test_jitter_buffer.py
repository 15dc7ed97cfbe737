"""The jitter buffer, asked in a real browser: waiting, hiding, catching up, never far behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.server.house import House

FRAME_MS = 60
# Plays a steady voice whose frames arrive as told (ms each, null: never) for so long. Time goes
# in steps of an audio device; what came by then is taken in before. Returns what was played.
PLAY = """async ([address, arrivals, until]) => {
  const { JitterBuffer } = await import(address);
  const buffer = new JitterBuffer();
  const voice = (n) => Float32Array.from({ length: 2880 }, (_, i) =>
    (n % 5 === 4 ? 0 : 0.4) * Math.sin((2 * Math.PI * 200 * (n * 2880 + i)) / 48000));
  const due = arrivals.map((at, n) => ({ at, n })).filter((each) => each.at !== null);
  due.sort((a, b) => a.at - b.at || a.n - b.n);
  let first = null, most = 0, loud = 0;
  for (let now = 0; now < until * 48; now += 128) {
    while (due.length && due[0].at * 48 <= now) {
      const { n } = due.shift();
      buffer.push(n, voice(n), now);
    }
    const out = new Float32Array(128);
    buffer.pull(out, now);
    for (const each of out) most = Math.max(most, Math.abs(each));
    if (first === null && out.some((each) => each !== 0)) first = now / 48;
    if (out.some((each) => Math.abs(each) > 0.01)) loud += 128 / 48;
  }
  const target = buffer.target / 48;
  return { ...buffer.stats, first, most, loud, target, buffered: buffer.buffered_ms };
}"""

Play = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def play(chromium: Browser, two_workers: House) -> Iterator[Play]:
    page = chromium.new_page()
    page.goto(two_workers.workers[0].url + "/help")
    script = page.locator("script[type=module]").first.get_attribute("src") or ""
    address = script.rpartition("/")[0] + "/voice/jitter_buffer.js"

    def run(arrivals: list[float | None], until: float) -> dict[str, Any]:
        answer: dict[str, Any] = page.evaluate(PLAY, [address, arrivals, until])
        return answer

    yield run
    page.close()


def steady(count: int) -> list[float | None]:
    return [100.0 + n * FRAME_MS for n in range(count)]


def test_a_steady_voice_is_waited_for_at_first_and_then_comes_nearer(play: Play) -> None:
    heard = play(steady(150), 100 + 149 * FRAME_MS)
    assert 355 <= heard["first"] <= 370
    assert heard["target"] == 150
    assert heard["buffered"] <= 150 + 2 * FRAME_MS
    assert (heard["lost"], heard["starved"], heard["skipped"]) == (0, 0, 0)


def test_after_a_stall_it_waits_longer_so_that_the_next_one_is_not_heard(play: Play) -> None:
    arrivals = steady(100)
    for start in (20, 60):  # 300 ms in which nothing comes, twice
        held = arrivals[start]
        assert held is not None
        for n in range(start, start + 5):
            arrivals[n] = max(arrivals[n] or 0, held + 300)
    heard = play(arrivals, 100 + 99 * FRAME_MS)
    assert heard["starved"] == 1
    assert 300 <= heard["target"] <= 600


def test_a_lost_frame_is_hidden_and_shifts_nothing(play: Play) -> None:
    arrivals = steady(50)
    arrivals[21] = None
    heard, whole = play(arrivals, 3000), play(steady(50), 3000)
    assert (heard["lost"], heard["starved"]) == (1, 0)
    assert heard["hidden"] == 2880
    assert abs(heard["loud"] - whole["loud"]) <= FRAME_MS
    assert heard["most"] <= 0.45


def test_who_was_away_for_seconds_hears_the_present(play: Play) -> None:
    arrivals = steady(100)
    back = 100.0 + 80 * FRAME_MS
    arrivals[20:80] = list[float | None]([back] * 60)  # three and a half seconds, all at once
    heard = play(arrivals, 100 + 99 * FRAME_MS)
    assert heard["skipped"] >= 1
    assert heard["buffered"] <= 1000


def test_a_voice_that_came_late_at_first_catches_up_in_its_pauses(play: Play) -> None:
    arrivals = steady(100)
    for n in range(5):
        arrivals[n] = 400.0
    heard = play(arrivals, 100 + 99 * FRAME_MS)
    assert heard["starved"] == 0
    assert heard["buffered"] <= 500
