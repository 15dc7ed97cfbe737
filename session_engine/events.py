"""What happened in a room: the facts of the log. Past tense, kept for good.

Every event carries `at`, the moment it happened, in ms of Redis' clock. Fields
that end in `_ms` are milliseconds, durations unless they end in `_at_ms`. A
field is never renamed or given another meaning: golden files in tests/engine
prove that old logs still load. New fields come with a default.
"""

from dataclasses import dataclass, fields
from typing import Any, Final, get_origin, get_type_hints


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact; `at` is when it happened, never earlier than the one before."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCreated(Event):
    """The first fact of a log. `log_id` is random: no two histories share it."""

    session: str
    log_id: str
    settings: dict[str, Any]


# ── stages ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChanged(Event):
    """A facilitator moved the session on from `from_stage` to `to_stage`."""

    from_stage: str
    to_stage: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceUndone(Event):
    """Stage, round and queue are as before the last StageChanged."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoLapsed(Event):
    """The last advance stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """Final. `reason` is facilitator, absence (of all of them) or never_begun."""

    reason: str
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomHeld(Event):
    """Every clock of the floor stands still from here."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomResumed(Event):
    """The clocks of the floor go on where they stood."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGivenBack(Event):
    """The service was away for `lost_ms` before `at`; clocks move on by it."""

    lost_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsSetBack(Event):
    """The store's clock had been ahead: every moment of the room is `by_ms` earlier.

    The only event that is earlier than the one before it.
    """

    by_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundStarted(Event):
    """Everyone in the circle is to be offered one turn."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VolunteersCalled(Event):
    """From here the round offers the floor only to raised hands."""

    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsCarriedOver(Event):
    """These people were not offered a turn; they wait in the discussion."""

    people: tuple[str, ...]


# ── turns and the queue ───────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOffered(Event):
    """The floor was offered to `person`: `limit_ms` once started, `window_ms`
    to answer; `used_ms` of the same turn's clock was spent before a drop."""

    turn: str
    number: int
    person: str
    kind: str
    limit_ms: int
    window_ms: int
    used_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Event):
    """The holder started; the clock runs."""

    turn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GraceBegan(Event):
    """The limit was reached; the floor closes `grace_ms` later."""

    turn: str
    grace_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnExtended(Event):
    """The turn got `added_ms` more."""

    turn: str
    added_ms: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDropped(Event):
    """The holder's line broke; the turn waits `hold_ms` with its remaining time."""

    turn: str
    hold_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnResumed(Event):
    """The holder came back and started again."""

    turn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnClosed(Event):
    """The turn is over. `reason` says why, `outcome` what it means for the
    queue (spoke, passed, later, gone, undone); `spoken_ms` of clock were used,
    `left_ms` are kept for the person's next offer of the same turn."""

    turn: str
    person: str
    reason: str
    outcome: str
    spoken_ms: int
    left_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMoved(Event):
    """A waiting person said *later*: to the end of the queue."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceSettled(Event):
    """A waiting person said *not this round*, or may not speak in it."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandRaised(Event):
    """A person asked to speak."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLowered(Event):
    """A person no longer asks to speak."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorGiven(Event):
    """A facilitator put somebody next, which also lifts a silence."""

    person: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesPinned(Event):
    """A facilitator moved `person`; these places now stand as they are."""

    person: str
    pinned: tuple[str, ...]
    by: str


# ── people ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKnocked(Event):
    """Somebody waits at the door."""

    person: str
    role: str
    name: str
    browser: str
    consent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntered(Event):
    """Somebody came in; `seat` is 0 for those who need none."""

    person: str
    role: str
    name: str
    browser: str
    consent: str
    seat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRenamed(Event):
    """The same browser came to the door again with another name."""

    person: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonArrived(Event):
    """The live connection of a person; it names the worker that holds it."""

    person: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDropped(Event):
    """The line broke; absence becomes a fact a little later."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAbsent(Event):
    """The person is away; their seat is kept."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonGone(Event):
    """The seat is free. `why`: left, removed, turned_away, expired, observers_off."""

    person: str
    why: str
    by: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSilenced(Event):
    """This person takes no turns until the floor is given to them."""

    person: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilitatorsAbsent(Event):
    """No facilitator is connected; nobody new is offered the floor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCalmed(Event):
    """Facilitators are away for long; screens become calm."""


# ── the room ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSet(Event):
    """The question the circle is on."""

    text: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSet(Event):
    """Turns of this kind get `limit_ms`, from the next offer on."""

    kind: str
    limit_ms: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SteppingSet(Event):
    """auto: the next offer comes by itself; by-hand: a facilitator gives it."""

    stepping: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserversSet(Event):
    """Whether observers may be here."""

    allowed: bool
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorsSet(Event):
    """open, or knock: a facilitator admits each newcomer."""

    doors: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallSet(Event):
    """Who is called when no facilitator answers."""

    text: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSet(Event):
    """The facilitators' lines of a stage; none: the default."""

    stage: str
    lines: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeAdded(Event):
    """A common thread, in a facilitator's words."""

    theme: str
    text: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeEdited(Event):
    """The same theme in better words."""

    theme: str
    text: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeDropped(Event):
    """The theme is off the list."""

    theme: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemeResonated(Event):
    """It is theirs too; shown as a count only."""

    theme: str
    person: str


# ── urgent support ────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Event):
    """Somebody asked for support: now, after, or because they are leaving."""

    alert: str
    person: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGrewLouder(Event):
    """Nobody has taken it for 30 s."""

    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWentOnCall(Event):
    """Nobody has taken it for 60 s: the person on call is to be told."""

    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTaken(Event):
    """A facilitator said "I have it"."""

    alert: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertClosed(Event):
    """It is looked after."""

    alert: str
    by: str


# ── the form in the log ───────────────────────────────────────────────────────

EVENTS: Final[dict[str, type[Event]]] = {event.__name__: event for event in Event.__subclasses__()}
_FIELDS: Final = {name: tuple(f.name for f in fields(event)) for name, event in EVENTS.items()}
_TUPLES: Final = {
    name: tuple(key for key, hint in get_type_hints(event).items() if get_origin(hint) is tuple)
    for name, event in EVENTS.items()
}


def to_dict(event: Event) -> dict[str, Any]:
    """Shape an event for JSON: its fields and its name as `type`."""
    name = type(event).__name__
    shaped: dict[str, Any] = {"type": name}
    for field in _FIELDS[name]:
        shaped[field] = getattr(event, field)
    return shaped


def from_dict(shaped: dict[str, Any]) -> Event:
    """Read back what `to_dict` made.

    Raises KeyError for an unknown event, TypeError for missing or unknown
    fields: a log that this version cannot read is a defect, never guessed at.
    """
    values = dict(shaped)
    name = values.pop("type")
    for field in _TUPLES[name]:
        values[field] = tuple(values[field])
    return EVENTS[name](**values)
