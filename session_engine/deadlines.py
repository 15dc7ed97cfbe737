"""What happens by itself: a table of deadlines, and the one way they fall due.

Rule 1: what fell due is stamped with the moment it was due, however late it is
        noticed; a punctual and a late reader of the clock get the same facts.
Rule 2: a new offer is stamped with `now`, so catching up never spends an offer
        that nobody saw, and one pass makes at most one offer.
Rule 3: deadlines of the floor stand still while the room is held.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from session_engine import events as e
from session_engine.decide_stages import end
from session_engine.decide_turns import close_turn, offer_next
from session_engine.draft import Draft
from session_engine.limits import (
    ALERT_LOUD_MS,
    ALERT_ON_CALL_MS,
    FACILITATORS_ABSENT_MS,
    SECOND_MS,
)
from session_engine.queue import next_place
from session_engine.room import Alert, People, Person, Room
from session_engine.stages import FLOOR_STAGES, LIVE_STAGES, Stage

# ── the floor: stands still while held ────────────────────────────────────────


def turn_due(room: Room) -> int | None:
    """The end of the window, of the limit, of the grace, or of a held turn."""
    turn = room.turn
    if turn is None or room.held_at is not None:
        return None
    return turn.ends_at if turn.dropped_until is None else turn.dropped_until


def turn_falls_due(draft: Draft, at: int) -> None:
    turn = draft.room.turn
    assert turn is not None
    grace_ms = draft.room.settings.grace_s * SECOND_MS
    if turn.dropped_until is not None:
        close_turn(draft, "dropped", at)
    elif turn.phase == "offered":
        close_turn(draft, "unanswered", at)
    elif turn.phase == "speaking" and grace_ms:
        draft.add(e.GraceBegan(at=at, turn=turn.id, grace_ms=grace_ms))
    else:
        close_turn(draft, "limit", at)


def offer_due(room: Room) -> int | None:
    """The next offer comes by itself after a pause, while a facilitator is there."""
    if room.turn is not None or room.held_at is not None or room.stage not in FLOOR_STAGES:
        return None
    if room.stepping != "auto" or not room.facilitator_present or next_place(room) is None:
        return None
    return room.quiet_since + room.settings.pause_s * SECOND_MS


def passing_due(room: Room) -> int | None:
    """A silenced person whose place has come passes half way to the next offer.

    Passes are seen apart from offers, and the person behind is told that they are next.
    """
    if room.turn is not None or room.held_at is not None:
        return None
    person = next_place(room)
    if person is None or not room.people[person].silenced:
        return None
    return room.quiet_since + room.settings.pause_s * SECOND_MS // 2


def passing_falls_due(draft: Draft, at: int) -> None:
    person = next_place(draft.room)
    assert person is not None
    draft.add(e.PlaceSettled(at=at, person=person))


# ── people: real time ─────────────────────────────────────────────────────────


def _first_by(room: Room, moment: str) -> Person | None:
    """Find whose `absent_at` or `expires_at` comes first."""
    pending = [p for p in room.people.values() if getattr(p, moment) is not None]
    return min(pending, key=lambda p: int(getattr(p, moment)), default=None)


def absence_due(room: Room) -> int | None:
    return _earliest_of_people(room.people)[0]


# People change far less often than rooms do; this holds the rooms of a big worker.
@lru_cache(maxsize=512)
def _earliest_of_people(people: People) -> tuple[int | None, int | None]:
    """Tell when the first absence becomes a fact, and when the first place is given up."""
    absences = (p.absent_at for p in people.values() if p.absent_at is not None)
    expiries = (p.expires_at for p in people.values() if p.expires_at is not None)
    return min(absences, default=None), min(expiries, default=None)


def absence_falls_due(draft: Draft, at: int) -> None:
    room, person = draft.room, _first_by(draft.room, "absent_at")
    assert person is not None
    draft.add(e.PersonAbsent(at=at, person=person.id))
    turn = room.turn
    if turn is not None and turn.person == person.id and room.held_at is None:
        close_turn(draft, "absent", at)


def expiry_due(room: Room) -> int | None:
    return _earliest_of_people(room.people)[1]


def expiry_falls_due(draft: Draft, at: int) -> None:
    person = _first_by(draft.room, "expires_at")
    assert person is not None
    draft.add(e.PersonGone(at=at, person=person.id, why="expired"))


# ── facilitators: real time ───────────────────────────────────────────────────


def undo_due(room: Room) -> int | None:
    return room.undo.until if room.undo is not None else None


def undo_falls_due(draft: Draft, at: int) -> None:
    draft.add(e.UndoLapsed(at=at))


def facilitators_due(room: Room) -> int | None:
    """Absent after 5 s; between begin and ended calm after 3 min, over after 15."""
    gone_at = room.facilitators_gone_at
    if gone_at is None:
        return None
    if room.facilitator_present:
        return gone_at + FACILITATORS_ABSENT_MS
    if room.stage not in LIVE_STAGES:
        return None
    calm_s, end_s = room.settings.absence_s
    return gone_at + (end_s if room.calm else calm_s) * SECOND_MS


def facilitators_fall_due(draft: Draft, at: int) -> None:
    if draft.room.facilitator_present:
        draft.add(e.FacilitatorsAbsent(at=at))
    elif not draft.room.calm:
        draft.add(e.RoomCalmed(at=at))
    else:
        end(draft, "absence", at)


def abandoned_due(room: Room) -> int | None:
    """A lobby without a facilitator is over at the planned end, or as a room would be."""
    gone_at = room.facilitators_gone_at
    if room.stage is not Stage.LOBBY or gone_at is None:
        return None
    return max(room.settings.planned_end_ms, gone_at + room.settings.absence_s[1] * SECOND_MS)


def abandoned_falls_due(draft: Draft, at: int) -> None:
    end(draft, "never_begun", at)


# ── urgent support: real time, also through holds, outages and the end ────────


def _first_alert(room: Room) -> tuple[int, Alert] | None:
    pending = [
        (alert.at + (ALERT_LOUD_MS if alert.state == "open" else ALERT_ON_CALL_MS), alert)
        for alert in room.alerts
        if alert.state in ("open", "loud")
    ]
    return min(pending, key=lambda due: due[0], default=None)


def alert_due(room: Room) -> int | None:
    first = _first_alert(room)
    return first[0] if first is not None else None


def alert_falls_due(draft: Draft, at: int) -> None:
    first = _first_alert(draft.room)
    assert first is not None
    alert = first[1]
    if alert.state == "open":
        draft.add(e.AlertGrewLouder(at=at, alert=alert.id))
    else:
        draft.add(e.AlertWentOnCall(at=at, alert=alert.id))


# When each falls due, and what happens then. Earlier rows go first in a tie:
# people's absence is known before a turn is judged.
Deadline = tuple[Callable[[Room], int | None], Callable[[Draft, int], None]]
DEADLINES: Final[tuple[Deadline, ...]] = (
    (alert_due, alert_falls_due),
    (absence_due, absence_falls_due),
    (expiry_due, expiry_falls_due),
    (facilitators_due, facilitators_fall_due),
    (abandoned_due, abandoned_falls_due),
    (turn_due, turn_falls_due),
    (undo_due, undo_falls_due),
    (passing_due, passing_falls_due),
)
AFTER_THE_END: Final = DEADLINES[:1]  # only calls for support still have a clock


def _first(room: Room) -> tuple[int, int] | None:
    """Find the earliest deadline as (due, row), offers apart."""
    rows = AFTER_THE_END if room.stage is Stage.ENDED else DEADLINES
    pending = [(due, row) for row, (when, _) in enumerate(rows) if (due := when(room)) is not None]
    return min(pending, default=None)


# Asked after a change of a room, and again before its next one.
@lru_cache(maxsize=512)
def next_deadline(room: Room) -> int | None:
    """Tell when a Tick is owed (ms); None: nothing will happen by itself."""
    first, offered_at = _first(room), offer_due(room)
    if first is None:
        return offered_at
    return first[0] if offered_at is None else min(first[0], offered_at)


def fall_due(draft: Draft, now: int) -> None:
    """Let happen, in order, everything that was due by `now`; the offer last."""
    due_at = next_deadline(draft.room)
    if due_at is None or due_at > now:
        return  # nearly always, and known already
    while (first := _first(draft.room)) is not None and first[0] <= now:
        due, row = first
        DEADLINES[row][1](draft, max(due, draft.room.last_at))
    offered_at = offer_due(draft.room)
    if offered_at is not None and offered_at <= now:
        offer_next(draft, max(now, draft.room.last_at))
