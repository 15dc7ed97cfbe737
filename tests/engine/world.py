"""A small world to write the rules' tests in: people, a room, and a clock by hand."""

from collections.abc import Iterable
from typing import Any

import session_engine.commands as c
from session_engine import (
    Arrive,
    Command,
    Drop,
    Enter,
    Event,
    PassKind,
    Refused,
    Role,
    Room,
    Settings,
    Stage,
    Tick,
    Turn,
    create,
    decide,
    evolve,
    next_deadline,
    view,
    you,
)
from session_engine.events import TurnClosed
from session_engine.ids import ConnectionId, PersonId, TurnId

SECOND = 1_000
MINUTE = 60 * SECOND
T0 = 1_800_000_000_000  # when the sessions of these tests start (ms)

FAY, GIL = PersonId("fay"), PersonId("gil")  # facilitators
ANA, BEN, CAI, DEV = (PersonId(name) for name in ("ana", "ben", "cai", "dev"))
OLI = PersonId("oli")  # an observer

LATER, NOT_THIS_ROUND = PassKind.LATER, PassKind.NOT_THIS_ROUND


class World:
    """A room, its log and its clock. `do` decides and evolves at `now`."""

    def __init__(self, **settings: Any) -> None:
        chosen: dict[str, Any] = {"title": "Exam stress", "starts_at_ms": T0, "on_call": "Dr Rao"}
        self.now = T0
        self.log: list[Event] = []
        self.room: Room = evolve(None, create(Settings(**chosen | settings), "s1", "log-1", T0)[0])
        self.log += create(Settings(**chosen | settings), "s1", "log-1", T0)
        self.connections = 0

    def do(self, command: Command, after: int = 0) -> list[Event]:
        """Let a command happen `after` ms from now; its events come back."""
        self.now += after
        events = list(decide(self.room, command, self.now))
        for event in events:
            self.room = evolve(self.room, event)
        self.log += events
        return events

    def refused(self, command: Command, after: int = 0) -> str:
        """Ask for something that must be refused; the code comes back."""
        self.now += after
        before = self.room
        try:
            events = decide(self.room, command, self.now)
        except Refused as refusal:
            assert self.room is before
            return refusal.code
        raise AssertionError(f"{command} was accepted: {events}")

    def wait(self, ms: int) -> list[Event]:
        """Let time pass with a punctual reader of the clock."""
        until = self.now + ms
        events: list[Event] = []
        while (due := next_deadline(self.room)) is not None and due <= until:
            self.now = max(self.now, due)
            events += self.do(Tick())
        self.now = until
        return events

    def oversleep(self, ms: int) -> list[Event]:
        """Let time pass unnoticed, then tick once."""
        return self.do(Tick(), after=ms)

    # ── people ────────────────────────────────────────────────────────────────

    def enter(self, person: PersonId, role: Role = Role.PARTICIPANT, connect: bool = True) -> None:
        """Bring somebody in through the door, from a browser of their own."""
        name = person.capitalize()
        self.do(Enter(person=person, role=role, name=name, browser=f"browser-of-{person}"))
        if connect:
            self.connect(person)

    def connect(self, person: PersonId) -> ConnectionId:
        """Connect somebody's screen."""
        self.connections += 1
        connection = ConnectionId(f"w1.{self.connections}")
        self.do(Arrive(person=person, connection=connection))
        return connection

    def drop(self, person: PersonId) -> list[Event]:
        """Break somebody's line."""
        connection = self.room.people[person].connection
        assert connection is not None
        return self.do(Drop(person=person, connection=connection))

    # ── shortcuts ─────────────────────────────────────────────────────────────

    @property
    def turn(self) -> Turn:
        """The open turn; there must be one."""
        assert self.room.turn is not None
        return self.room.turn

    @property
    def turn_id(self) -> TurnId:
        """The id of the open turn; there must be one."""
        return self.turn.id

    @property
    def holder(self) -> PersonId | None:
        """Who has the open turn, offered or running."""
        return self.room.turn.person if self.room.turn is not None else None

    def advance(self, confirm: bool = True) -> list[Event]:
        """Move one stage on."""
        if self.room.stage is Stage.LOBBY:
            return self.do(c.Begin(by=FAY))
        return self.do(c.Advance(by=FAY, from_=self.room.stage.value, confirm=confirm))

    def to(self, stage: Stage) -> None:
        """Move on until the session is in this stage; undo is over then."""
        while self.room.stage is not stage:
            self.advance()
        self.wait(11 * SECOND if stage not in (Stage.INTRODUCTIONS, Stage.DISCUSSION) else 0)

    def start(self) -> list[Event]:
        """Let whoever is offered the floor start."""
        assert self.room.turn is not None
        return self.do(c.StartTurn(by=self.room.turn.person, turn=self.turn_id))

    def finish(self) -> list[Event]:
        """Let the holder finish."""
        assert self.room.turn is not None
        return self.do(c.FinishTurn(by=self.room.turn.person, turn=self.turn_id))

    def offer_next(self) -> PersonId:
        """Wait for the pause; who is offered the floor then comes back."""
        self.wait(self.room.settings.pause_s * SECOND)
        assert self.holder is not None, "nobody was offered the floor"
        return self.holder


def lobby(*people: PersonId, **settings: Any) -> World:
    """A lobby with Fay as facilitator and these participants, all connected."""
    world = World(**settings)
    world.enter(FAY, Role.FACILITATOR)
    for person in people:
        world.enter(person)
    return world


def introductions(*people: PersonId, **settings: Any) -> World:
    """Introductions that have just begun; nobody was offered the floor yet."""
    world = lobby(*people, **settings)
    world.to(Stage.INTRODUCTIONS)
    return world


def discussion(*people: PersonId, hands: Iterable[PersonId] = (), **settings: Any) -> World:
    """A discussion that has just begun, with these hands up in this order."""
    world = lobby(*people, **settings)
    world.to(Stage.DISCUSSION)
    for person in hands:
        world.do(c.RaiseHand(by=person))
    return world


def speaking(*people: PersonId, **settings: Any) -> World:
    """Introductions in which the first of these people has just started."""
    world = introductions(*people, **settings)
    world.offer_next()
    world.start()
    return world


def speak(world: World) -> PersonId:
    """Let the next person have a turn, and name them."""
    person = world.offer_next()
    world.start()
    world.finish()
    return person


def introduce_all(world: World) -> None:
    """Let everybody who waits have their turn."""
    while next_people(world):
        world.offer_next()
        world.start()
        world.finish()


def closing(*people: PersonId) -> World:
    """The close of a session, before its round."""
    world = lobby(*people)
    world.to(Stage.CLOSE)
    return world


def next_people(world: World) -> list[PersonId]:
    """Who comes next, as everybody in the circle sees it."""
    return list(view(world.room, Role.PARTICIPANT)["next"])


def standing(world: World, person: PersonId) -> str:
    """Where somebody stands, as they and the facilitators see it."""
    return str(you(world.room, person, world.now)["standing"])


def happened(events: Iterable[Event]) -> list[str]:
    """The names of what happened, in order."""
    return [type(event).__name__ for event in events]


def last_closed(world: World) -> TurnClosed:
    """How the newest closed turn ended."""
    return [event for event in world.log if isinstance(event, TurnClosed)][-1]
