"""What one delivered frame costs the server's processor, beside the peers.

    python -m benchmarks.deliveries [--rounds 5] [--rooms 20] [--seconds 6] [--only NAME]

20 rooms of 35 people and their facilitators on one worker. Each change in a room brings
a real view of 35 people, 4 to 5 KB, to each of them, with a small part of their own. Here
a change is a facilitator's command: decided, appended to a store that syncs to disk,
published, rendered, shown. The peers are handed the finished view by Redis (Valkey without
persistence) and store nothing, which favours them; the floor of Python stores, too. Cost is
the processor time of the server's process, everything that it did, divided by the views that
its people got; so our answers to the facilitators are in our cost and not among our frames.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import uvloop

from benchmarks import report
from benchmarks.peers.contenders import FLOOR, PEERS, PYTHON_FLOOR, SLOW, Peer
from benchmarks.peers.contest import OURS, OURS_RELAYED, OURS_SLOW, Figure, Round, Scale, rounds
from benchmarks.processes import CLIENT_CORES, pin
from benchmarks.report import SHORT, Aim, Section, Table
from server.serving.file_limit import raise_file_limit


def section(done: Sequence[Round], peers: Sequence[Peer]) -> Section:
    """Shape the figures."""
    paced, full = [one.paced for one in done], [one.full for one in done]
    return Section(
        "Processor time of a delivered frame",
        TEXT.format(rounds=len(done)),
        [table(paced, ""), table(full, "A full core")],
        [*aims(paced, peers, ""), *aims(full, peers, ", a full core")],
        [asdict(one) for one in done],
    )


def table(done: Sequence[dict[str, Figure]], title: str) -> Table:
    """Return one row for each contender."""
    rows = []
    for name in done[0]:
        figures = [figures[name] for figures in done]
        times = ratios(done, name)
        less_idle = [figure.frame_us_less_idle for figure in figures]
        rows.append(
            (
                name,
                f"{figures[0].changes_per_second:.0f}",
                f"{statistics.median(one.frames_per_second for one in figures):,.0f}",
                f"{figures[0].frame_bytes:,.0f}",
                report.spread([one.core_percent for one in figures], 0),
                f"{statistics.median(one.idle_percent for one in figures):.1f}",
                report.spread([one.frame_us for one in figures]),
                f"{statistics.median(one.kernel_us for one in figures):.1f}",
                f"{statistics.median(less_idle):.1f}",
                report.spread(times, 2),
            )
        )
    columns = (
        *("server", "changes/s a room", "frames/s", "bytes a frame", "core %", "idle %"),
        *("µs a frame", "the kernel's", "µs less idle", "times ours"),
    )
    return Table(columns, rows, title)


def ratios(done: Sequence[dict[str, Figure]], name: str) -> list[float]:
    """Return by how much each frame costs more than ours at the same rate, one a round."""
    slow = done[0][name].changes_per_second == SLOW
    ours = OURS_SLOW if slow else OURS
    return [figures[name].frame_us / figures[ours].frame_us for figures in done]


def aims(done: Sequence[dict[str, Figure]], peers: Sequence[Peer], when: str) -> list[Aim]:
    """Compare with what was aimed at."""
    found = []
    for name in (OURS, OURS_RELAYED):
        middle = statistics.median(figures[name].frame_us for figures in done)
        kernel = statistics.median(figures[name].kernel_us for figures in done)
        figure = f"{middle:.1f} µs, {kernel:.1f} of it the kernel's"
        found.append(Aim(f"a frame, {name}{when}", "about 6 µs", figure, middle <= ABOUT_US))
    for one in peers:
        times = statistics.median(ratios(done, one.name))
        if one is FLOOR:
            ours = 1 / times
            met = ours <= 2
            found.append(Aim(f"against {one.name}{when}", "at most 2 ×", f"{ours:.2f} ×", met))
        elif least := LEAST.get(one.name.partition(":")[0]):
            figure = f"1/{times:.1f}"
            if done[0][one.name].changes_per_second > SLOW:  # as often as the floor of Python
                best = statistics.median(
                    each[one.name].frame_us / each[PYTHON_FLOOR.name].frame_us for each in done
                )
                figure += f"; were ours free, 1/{best:.1f}"
            met = times >= least
            found.append(Aim(f"against {one.name}{when}", f"1/{least} or less", figure, met))
    return found


# "About 6": what rounds to it.
ABOUT_US: Final = 6.5
LEAST: Final = {"python-socketio": 10.0, "socket.io, Node": 2.0, "bare uvicorn": 2.5}
TEXT: Final = """\
One server process on a core of its own; clients, store and emitter on the other. 20 rooms of
35 people and a facilitator; each change brings a real view (what our own people were shown in the
same round, byte for byte) to each of them, with a part of their own. Facilitators' views are longer
with us; those of the peers get what a participant gets.

For us a change is a facilitator's command: decided, appended to a store that syncs every append
to disk, published, rendered, encoded, shown; the answers to facilitators are in the
cost and not among the frames. There are two such changes: another prompt, which leaves the
queue as it is, and a person who is put first in it, after which everybody has another place.
"Relayed" is our delivery alone: words of a turn, stored nowhere,
about as long as a view. The peers get the finished view from Redis (Valkey without
persistence), render nothing and store nothing, which favours them; in the rows "same for all"
they do still less: an emitter's message to the room through the peer's own Redis layer, one
encoding for all.

"The floor of Python" is a server of our design without all that makes it one: a command that is
appended to a store that syncs, an answer, and a finished view written to everybody; no rules, no
rendering, no checks, no pings, no second worker. "Were ours free" compares a peer with it: what
would be left if all of that cost nothing.

"The kernel's" is what of a frame's time was spent in system calls: over the loopback the
kernel does the sender's and the receiver's part in the sender's time.

Pings and timers are in the cost; "idle" is what a server needs when nothing happens. Median of
the rounds (smallest to largest); in each round all ran one after another, and "times ours" is
the median of the rounds' ratios. Rounds: {rounds}. The slow ones get fewer changes, or they would
not keep up, and are compared with ours at as few: every server needs more for a frame when it
has less to do. Changes of a room within 20 ms share a view with us: where our frames are fewer than
the others', the store was slow.

In the second table all are offered 48 changes a second in each room, where three facilitators
sit and send ours, and the slow ones a little more than they can do: what a core carries, and
what a frame costs when a server never pauses. Who does not use its whole core could do more than
the clients can take, which share the other core with the store."""


def main() -> None:
    """Measure, print, and leave the section."""
    parser = report.options(__doc__)
    parser.add_argument("--rounds", type=int, default=1 if SHORT else 5)
    parser.add_argument("--rooms", type=int, default=2 if SHORT else 20)
    parser.add_argument("--seconds", type=float, default=1.0 if SHORT else 6.0)
    parser.add_argument("--only", help="peers whose names begin so")
    chosen = parser.parse_args()
    started = report.Started()
    raise_file_limit()
    pin(os.getpid(), CLIENT_CORES)
    peers = [one for one in PEERS if one.name.startswith(chosen.only or "")]
    if peers and PYTHON_FLOOR not in peers:
        peers.insert(0, PYTHON_FLOOR)
    done = uvloop.run(rounds(chosen.rounds, Scale(chosen.rooms, chosen.seconds), peers))
    started.finish(section(done, peers), chosen.json)


if __name__ == "__main__":
    main()
