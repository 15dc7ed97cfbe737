"""What must be true of a room's clocks afterwards, whatever happened meanwhile.

Rule 1: a turn's time is added up from the facts alone, by a stopwatch that stands while
        the room is held, the holder's line is broken or the service was away. What it
        shows at a limit, a grace, an unanswered offer is what the rules say.
Rule 2: nothing in a log comes after a deadline that was due before it.
Rule 3: after an outage every pending deadline is later by the outage, once.
Rule 4: the clock by which a page counts down is the store's.

The stopwatch knows nothing of the engine's deadlines: a rule that were wrong there would
be wrong in a second copy too. Rules 2 and 3 ask the engine what was due.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from server.store.life import OUTAGES_KEY, Outage
from session_engine import Event, Room, Stage
from session_engine import events as e
from session_engine.deadlines import (
    AFTER_THE_END,
    DEADLINES,
    absence_due,
    expiry_due,
    facilitators_due,
    offer_due,
    turn_due,
    undo_due,
)
from tests.faults.checker import Story
from tests.faults.member import Member

WRONG_MS: Final = 250
SAMPLES: Final = 8  # looks at the store's clock; the fastest counts
# Calls for support go on in real time; what a lobby waits for is a planned moment.
MOVED: Final = (absence_due, expiry_due, facilitators_due, turn_due, undo_due, offer_due)


@dataclass
class Stopwatch:
    """The time of one turn: of its offer, of its speaking, of its present break."""

    offered: e.TurnOffered
    grace_ms: int
    allowed_ms: int = 0
    started: bool = False
    dropped: e.TurnDropped | None = None
    waited_ms: int = 0
    spoken_ms: int = 0
    away_ms: int = 0

    def __post_init__(self) -> None:
        """Begin with what was offered."""
        self.allowed_ms = self.offered.limit_ms

    def run(self, ms: int) -> None:
        """Let time pass."""
        if not self.started:
            self.waited_ms += ms
        elif self.dropped is not None:
            self.away_ms += ms
        else:
            self.spoken_ms += ms

    def note(self, event: Event) -> None:
        """Take what happened to the turn, and look at the watch."""
        match event:
            case e.TurnStarted():
                self.started = True
            case e.TurnDropped():
                self.dropped, self.away_ms = event, 0
            case e.TurnResumed():
                self.dropped = None
            case e.TurnExtended():
                self.allowed_ms += event.added_ms
            case e.GraceBegan():
                assert event.grace_ms == self.grace_ms
                agree(event, self.spoken_ms, self.allowed_ms)
            case e.TurnClosed():
                self._closed(event)

    def _closed(self, event: e.TurnClosed) -> None:
        agree(event, self.spoken_ms, event.spoken_ms)
        assert self.spoken_ms <= self.allowed_ms + self.grace_ms + WRONG_MS, event
        match event.reason:
            case "limit":
                agree(event, self.spoken_ms, self.allowed_ms + self.grace_ms)
            case "unanswered":
                agree(event, self.waited_ms, self.offered.window_ms)
            case "dropped":
                assert self.dropped is not None
                agree(event, self.away_ms, self.dropped.hold_ms)
        if event.left_ms:
            agree(event, event.left_ms, self.allowed_ms - self.spoken_ms)


def agree(event: Event, measured_ms: int, right_ms: int) -> None:
    """Check that a time is what it should be."""
    assert abs(measured_ms - right_ms) <= WRONG_MS, f"{measured_ms} ms, not {right_ms}: {event}"


def check_turns(story: Story) -> int:
    """Check every turn of a log by a stopwatch; return how many ended by their limit."""
    watch: Stopwatch | None = None
    by_limit = 0
    for before, event in moments(story):
        passed = event.at - before.last_at
        if isinstance(event, e.TimeGivenBack):
            assert 0 < event.lost_ms <= passed, f"{story.session}: more than was lost: {event}"
            passed -= event.lost_ms
        if watch is not None and before.held_at is None:
            watch.run(passed)
        if isinstance(event, e.TurnOffered):
            _check_offer(before, event)
            watch = Stopwatch(event, before.settings.grace_s * 1000)
        elif watch is not None:
            watch.note(event)
            if isinstance(event, e.TurnClosed):
                by_limit += event.reason == "limit"
                watch = None
    return by_limit


def _check_offer(room: Room, event: e.TurnOffered) -> None:
    chosen = {kind.value: ms for kind, ms in room.limits_ms.items()}
    if not event.used_ms:
        assert event.limit_ms == chosen[event.kind], f"{event}, not {chosen}"
    assert event.window_ms == room.settings.accept_window_s * 1000


def moments(story: Story) -> Iterable[tuple[Room, Event]]:
    """Return each event but the first, with the room before it."""
    return zip(story.states, story.events[1:], strict=False)


def check_nothing_overdue(story: Story) -> None:
    """Check that nothing came after a deadline that was due before it."""
    for before, event in moments(story):
        if isinstance(event, e.TimeGivenBack):
            continue  # what was due since the last event moves with it
        rows = AFTER_THE_END if before.stage is Stage.ENDED else DEADLINES
        for when, _ in rows:
            due = when(before)
            if due is not None:
                late = event.at - max(due, before.last_at)
                assert late <= WRONG_MS, f"{story.session}: {when.__name__} by {late} ms: {event}"


def check_given_back(story: Story, outages: Iterable[Outage]) -> int:
    """Check that each outage was given back to what was pending; return the ms given."""
    given = 0
    for number, event in enumerate(story.events):
        if isinstance(event, e.TimeGivenBack):
            given += event.lost_ms
            _check_moved(story.states[number - 1], story.states[number], event)
    for outage in outages:
        _check_outage(story, outage)
    return given


def _check_moved(before: Room, after: Room, event: e.TimeGivenBack) -> None:
    for when in MOVED:
        was = when(before)
        right = None if was is None else was + event.lost_ms
        assert when(after) == right, f"{when.__name__}: {was} became {when(after)}: {event}"


def _check_outage(story: Story, outage: Outage) -> None:
    """Check that the first event after an outage finds it given back."""
    for before, event in moments(story):
        if event.at <= outage.until - WRONG_MS:
            continue
        if before.stage is not Stage.ENDED and before.last_at < outage.until - WRONG_MS:
            assert isinstance(event, e.TimeGivenBack), f"{story.session}: {outage} cost {event}"
            lost_ms = outage.until - max(outage.since, before.last_at)
            agree(event, event.lost_ms, lost_ms)
        return


def check_clocks(story: Story, outages: Iterable[Outage]) -> int:
    """Check rules 1 to 3; return how many turns ended by their limit."""
    check_nothing_overdue(story)
    check_given_back(story, outages)
    return check_turns(story)


# ---- What people saw ------------------------------------------------------------------


async def read_outages(store: Redis) -> list[Outage]:
    """Return the outages that the service knows of, oldest first."""
    pairs: list[bytes] = await store.lrange(OUTAGES_KEY, 0, -1)  # type: ignore[assignment]
    return [Outage(*map(int, pair.split())) for pair in pairs]


async def true_offset_ms(store: Redis) -> float:
    """Return what to add to this process' monotonic clock (ms) to have the store's."""
    samples = []
    for _ in range(SAMPLES):
        before = time.monotonic()
        seconds, microseconds = await store.time()
        after = time.monotonic()
        middle = (before + after) / 2
        samples.append((after - before, 1000 * (seconds - middle) + microseconds / 1000))
    return min(samples)[1]


def check_countdowns(member: Member, offset_ms: float) -> float:
    """Check the clock by which a screen counted down; return by how much it was off (ms).

    When a turn ends is in the view, and the view is the log's (check_screens): what can
    still be wrong is the present moment, which a page has from the `now` of its frames.
    """
    worst = 0.0
    for believed, turn in member.countdowns:
        wrong = believed - offset_ms
        assert abs(wrong) <= WRONG_MS, f"{member.session}: {wrong:.0f} ms off: {turn}"
        worst = max(worst, abs(wrong))
    return worst
