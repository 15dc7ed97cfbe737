"""Speed of the engine alone, on one core, with 35 people in the circle.

    python -m benchmarks.engine [--seconds 1]

A decision is one command decided and evolved; a view is one role's view as JSON
bytes; a tail is what one person sees besides. Median of five repeats, per second of
CPU time.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import session_engine.commands as c
from benchmarks import report
from benchmarks.report import SHORT, Aim, Section, Table
from session_engine import (
    Arrive,
    Command,
    Enter,
    Role,
    Room,
    Settings,
    Tick,
    create,
    decide,
    evolve,
    next_deadline,
    view,
    you,
)
from session_engine.ids import ConnectionId, PersonId

T0 = 1_800_000_000_000
FACILITATOR = PersonId("facilitator")
CIRCLE = [PersonId(f"p{number}") for number in range(35)]
REPEATS = 5
AIMS = {"decisions": 20_000, "views": 5_000}


def full_room() -> Room:
    """A discussion with 35 people, ten hands up and somebody speaking."""
    settings = Settings(title="Exam stress", starts_at_ms=T0, on_call="Dr Rao")
    room = evolve(None, create(settings, "s", "log", T0)[0])

    def do(command: Command, now: int = T0) -> None:
        nonlocal room
        for event in decide(room, command, now):
            room = evolve(room, event)

    do(Enter(person=FACILITATOR, role=Role.FACILITATOR, name="Fay"))
    do(Arrive(person=FACILITATOR, connection=ConnectionId("w.0")))
    for number, person in enumerate(CIRCLE):
        do(Enter(person=person, role=Role.PARTICIPANT, name=f"Person {number}"))
        do(Arrive(person=person, connection=ConnectionId(f"w.{number + 1}")))
    do(c.Begin(by=FACILITATOR))
    do(c.Advance(by=FACILITATOR, from_="welcome"))
    do(c.Advance(by=FACILITATOR, from_="introductions", confirm=True))
    for person in CIRCLE[:11]:
        do(c.RaiseHand(by=person))
    due = next_deadline(room)
    assert due is not None
    do(Tick(), due)
    assert room.turn is not None
    do(c.StartTurn(by=room.turn.person, turn=room.turn.id), due + 1)
    return room


def mixed_commands(room: Room) -> Iterator[PersonId]:
    """Who lowers and raises a hand next, for ever."""
    return cycle(person for person in CIRCLE if room.turn is None or person != room.turn.person)


def per_second(work: Callable[[], int], seconds: float) -> float:
    """Run `work` for a while; its answer is how many things it did.

    Seconds of this process' CPU: others on a shared machine do not count.
    """
    done, begun = 0, time.process_time()
    while (spent := time.process_time() - begun) < seconds:
        done += work()
    return done / spent


def decisions(room: Room) -> Callable[[], int]:
    """Hands going up and down, each decided and evolved, in a living room."""
    people = mixed_commands(room)
    state = room

    def work() -> int:
        nonlocal state
        person = next(people)
        command: Command = (
            c.LowerHand(by=person) if person in state.floor.hands else c.RaiseHand(by=person)
        )
        for event in decide(state, command, state.last_at + 1):
            state = evolve(state, event)
        return 1

    return work


def views(room: Room, role: Role) -> Callable[[], int]:
    """A role's view as the bytes that go out."""

    def work() -> int:
        json.dumps(view(room, role)).encode()
        return 1

    return work


def tails(room: Room) -> Callable[[], int]:
    """What each of the 35 sees besides, computed for a fresh state each time."""
    due = room.last_at

    def work() -> int:
        fresh = evolve(room, next(iter(decide(room, c.SetPrompt(by=FACILITATOR, text="x"), due))))
        for person in CIRCLE:
            you(fresh, person, due)
        return len(CIRCLE)

    return work


def section(seconds: float) -> Section:
    """Measure, and shape the figures."""
    room = full_room()
    measures = {
        "decisions": decisions(room),
        "views (participant)": views(room, Role.PARTICIPANT),
        "views (facilitator)": views(room, Role.FACILITATOR),
        "views (observer)": views(room, Role.OBSERVER),
        "personal tails": tails(room),
    }
    raw = {
        name: [per_second(work, seconds / REPEATS) for _ in range(REPEATS)]
        for name, work in measures.items()
    }
    rates = {name: statistics.median(figures) for name, figures in raw.items()}
    rows = [(name, f"{rate:,.0f}", f"{1e6 / rate:.1f}") for name, rate in rates.items()]
    return Section(
        "The engine alone",
        TEXT,
        [Table(("measure", "per second", "µs"), rows)],
        [
            Aim(name, f"at least {least:,}", f"{rate:,.0f}", rate >= least)
            for name, rate in rates.items()
            if (least := AIMS.get(name.split()[0]))
        ],
        raw,
    )


TEXT = """\
One core, 35 people in the circle. A decision is one command decided and evolved; a view is
one role's view as JSON bytes; a tail is what one person sees besides. Per second of processor
time, median of five."""


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--seconds", type=float, default=0.2 if SHORT else 1.0)
    chosen = parser.parse_args()
    started = report.Started()
    started.finish(section(chosen.seconds), chosen.json)


if __name__ == "__main__":
    main()
