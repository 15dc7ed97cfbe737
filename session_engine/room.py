"""The state of a room: what its log adds up to, and nothing else.

Everything is frozen; `evolve` is the only maker of new states. Moments end in
`_at` or `_until` and are ms of Redis' clock; durations end in `_ms`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple, Self

from session_engine.commands import Role
from session_engine.ids import AlertId, ConnectionId, PersonId, ThemeId, TurnId
from session_engine.settings import Settings
from session_engine.stages import Stage, TurnKind


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who entered or knocked; kept after they are gone.

    `state` is knocking, seated or gone (`gone` says why). `present` is false
    once absence is a fact; `connection` is None as soon as the line broke.
    """

    id: PersonId
    role: Role
    name: str
    browser: str
    consent: str
    state: str
    gone: str | None = None
    seat: int = 0
    entered_at: int = 0
    connection: ConnectionId | None = None
    present: bool = False
    absent_at: int | None = None  # absence becomes a fact then
    expires_at: int | None = None  # the place is given up then
    silenced: bool = False
    introduced: bool = False
    turns: int = 0
    spoken_ms: int = 0

    __hash__ = object.__hash__  # by identity, as for Room


class People(dict[PersonId, Person]):
    """Everybody who ever entered, never changed; told apart by identity, as states are."""

    __hash__ = object.__hash__  # type: ignore[assignment]

    def with_one(self, person: Person) -> Self:
        """Put somebody in, or in the place of who they were."""
        return type(self)({**self, person.id: person})


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A wish to speak; `order` is its place in the order of the log."""

    order: int
    unanswered: int = 0
    carried: bool = False  # put up by the rules, not by the person


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The open turn. Its `phase` is offered, speaking or grace.

    `ends_at` ends the present phase (window, limit, grace). While the holder
    is away `dropped_until` is set and `left_ms` keeps what was left of it.
    `hand`, `called` and `waited` tell from where in the queue it was offered.
    """

    id: TurnId
    number: int
    person: PersonId
    kind: TurnKind
    phase: str
    offer: int
    limit_ms: int
    window_ms: int
    used_ms: int
    ends_at: int
    started: bool = False
    hand: Hand | None = None  # that the offer used up
    called: bool = False  # by a facilitator who gave them the floor
    waited: bool = False  # in the round
    dropped_until: int | None = None
    left_ms: int = 0
    grace_ms: int = 0

    __hash__ = object.__hash__  # by identity, as for Room


@dataclass(frozen=True, kw_only=True)
class Round:
    """One turn offered to everyone: who waits, who had how many offers, who is settled."""

    kind: TurnKind
    waiting: tuple[PersonId, ...]
    offers: Mapping[PersonId, int] = field(default_factory=dict)
    settled: Mapping[PersonId, str] = field(default_factory=dict)  # spoke | passed; never less
    later: frozenset[PersonId] = frozenset()
    volunteers: bool = False
    volunteers_order: int = 0  # hands from here on were raised for this round


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Who comes next. One piece, so that an undo restores it as one piece."""

    round: Round | None = None
    hands: Mapping[PersonId, Hand] = field(default_factory=dict)
    called: tuple[PersonId, ...] = ()  # given the floor by a facilitator
    pinned: tuple[PersonId, ...] = ()  # moved by a facilitator
    kept: Mapping[PersonId, tuple[int, int]] = field(default_factory=dict)  # (left, used) ms
    started: Mapping[PersonId, int] = field(default_factory=dict)  # turns in this discussion
    outcomes: Mapping[PersonId, str] = field(default_factory=dict)  # spoke | passed: discussion

    __hash__ = object.__hash__  # by identity, as for Room


@dataclass(frozen=True, kw_only=True)
class Undo:
    """What an undo of the last advance restores, until when."""

    until: int
    stage: Stage
    stage_started_at: int
    stage_lost_ms: int
    floor: Floor


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A common thread and those who said that it is theirs too."""

    id: ThemeId
    text: str
    resonates: frozenset[PersonId] = frozenset()

    __hash__ = object.__hash__  # by identity, as for Room


# The states of a call for support in which nobody has said "I have it".
UNTAKEN: Final = ("open", "loud", "on_call")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A call for support. `state` is open, loud, on_call, taken or closed."""

    id: AlertId
    person: PersonId
    name: str
    kind: str
    at: int
    state: str = "open"
    taken_by: PersonId | None = None

    __hash__ = object.__hash__  # by identity, as for Room


@dataclass(frozen=True, kw_only=True)
class Room:
    """A session as it stands after the last event of its log."""

    session: str
    log_id: str
    settings: Settings
    last_at: int
    order: int = 0  # events so far: the order of the log, for ties
    stage: Stage = Stage.LOBBY
    stage_started_at: int = 0
    stage_lost_ms: int = 0  # given back after outages
    held_at: int | None = None
    lost_until: int = 0
    people: People = field(default_factory=People)
    seats_given: int = 0
    facilitator_present: bool = False
    facilitators_gone_at: int | None = None  # None while one is connected
    calm: bool = False
    floor: Floor = field(default_factory=Floor)
    turn: Turn | None = None
    last_turn: TurnId | None = None
    turns_offered: int = 0
    turns_started: int = 0
    quiet_since: int = 0  # the next offer comes a pause after this
    undo: Undo | None = None
    limits_ms: Mapping[TurnKind, int] = field(default_factory=dict)
    stepping: str = "auto"
    doors: str = "open"
    observers_allowed: bool = True
    on_call: str = ""
    prompt: str = ""
    scripts: Mapping[Stage, tuple[str, ...]] = field(default_factory=dict)
    themes: tuple[Theme, ...] = ()
    themes_added: int = 0
    alerts: tuple[Alert, ...] = ()

    # States, and the parts of a state, are told apart by identity, so that what is derived from
    # some of them can be cached: a change leaves all other parts the same objects.
    __hash__ = object.__hash__

    @property
    def opens_at(self) -> int:
        """When the doors open for participants and observers (ms)."""
        return self.settings.opens_at_ms

    def clock(self, now: int) -> int:
        """Read the floor's clock, which stands still while the room is held."""
        return now if self.held_at is None else self.held_at


class Seating(NamedTuple):
    """Who is where."""

    circle: tuple[Person, ...]  # the participants, in the order of their seats
    here: tuple[Person, ...]  # and behind them the facilitators
    observers: int  # those present
    knocking: tuple[Person, ...]
    ready: frozenset[PersonId]  # present in their seats
    silenced: frozenset[PersonId]
    somebody_is_heard: bool  # sits in the circle, and is not silenced


# What depends on a part of a room is kept by that part: most changes touch others. This holds
# the rooms of a big worker.
PARTS_KEPT: Final = 512
# What is asked again and again of one state, while it is worked on, is kept under that state, too.
NEWEST: Final = 8


@lru_cache(maxsize=PARTS_KEPT)
def seating(people: People) -> Seating:
    """Tell who is where."""
    seated = [person for person in people.values() if person.state == "seated"]
    circle = [person for person in seated if person.role is Role.PARTICIPANT]
    circle.sort(key=attrgetter("seat"))
    facilitators = (person for person in seated if person.role is Role.FACILITATOR)
    observers = (person for person in people.values() if person.role is Role.OBSERVER)
    return Seating(
        circle=tuple(circle),
        here=(*circle, *facilitators),
        observers=sum(person.present for person in observers),
        knocking=tuple(person for person in people.values() if person.state == "knocking"),
        ready=frozenset(p.id for p in seated if p.present),
        silenced=frozenset(person.id for person in people.values() if person.silenced),
        somebody_is_heard=not all(person.silenced for person in circle),
    )


def circle(room: Room) -> tuple[Person, ...]:
    """List the seated participants in the order of their seats."""
    return seating(room.people).circle


@lru_cache(maxsize=PARTS_KEPT)
def _lines(people: People) -> Mapping[PersonId, ConnectionId]:
    return {one.id: one.connection for one in people.values() if one.connection is not None}


def connected(room: Room) -> Mapping[PersonId, ConnectionId]:
    """Tell who is on which line; after the end nobody's counts any more."""
    return {} if room.stage is Stage.ENDED else _lines(room.people)


def untaken(room: Room) -> list[Alert]:
    """List the calls for support that nobody has taken."""
    return [alert for alert in room.alerts if alert.state in UNTAKEN]


def awaits_help(room: Room, person: Person) -> bool:
    """Is there a call for support that nobody has taken, and this person part of it?

    Such people stay connected after the end: who called, and who can take the call.
    """
    calls = untaken(room)
    mine = any(alert.person == person.id for alert in calls)
    return mine or (bool(calls) and person.role is Role.FACILITATOR)


def is_closed(room: Room, role: Role) -> bool:
    """Does nobody come in any more? While somebody calls for help, facilitators do."""
    return room.stage is Stage.ENDED and not (role is Role.FACILITATOR and untaken(room))


def find_person(room: Room, role: Role, browser: str) -> Person | None:
    """Find who came from this browser in this role, gone or not."""
    if not browser:
        return None
    for person in room.people.values():
        if person.browser == browser and person.role is role:
            return person
    return None
