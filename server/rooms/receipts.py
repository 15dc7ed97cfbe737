"""What was called done of late, so that whoever said it can be told when a store has lost it.

Rule 1: they are kept by person, for as long as this worker has the room: what loses a store's
        last moment breaks lines, too.
Rule 2: the newest of each person are kept, and those of the people who acted last: nobody says
        more in the time that a failover can lose.
Rule 3: who is told may have a line that is dead without anybody knowing, so they are told
        again on every line that comes within LOST_SECONDS.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from server.store.position import Position
from session_engine import PersonId

# A master that is cut off goes on alone for 10 to 11 s where it has been told to stop then
# (`min-replicas-max-lag`, docs/running.md), else for longer. In that time a person may say 60
# things at once, and 20 a second (server/sockets/flood.py).
KEPT: Final = 300
PEOPLE_KEPT: Final = 64
# A dead line is noticed within 15 s, and a page comes back within 8 more. A room that nobody has
# here is forgotten with its receipts after as long (rooms.py).
LOST_SECONDS: Final = 30.0


class Receipts:
    """Those of one room."""

    def __init__(self) -> None:
        """Begin without any."""
        self._done: OrderedDict[PersonId, OrderedDict[str, Position]] = OrderedDict()
        self._lost: dict[PersonId, dict[str, float]] = {}  # when that was found out

    def note(self, person: PersonId, command_id: str, at: Position) -> None:
        """Keep that this was called done, as of a position."""
        self.answered(person, command_id)
        done = self._done.setdefault(person, OrderedDict())
        self._done.move_to_end(person)
        done[command_id] = at
        if len(done) > KEPT:
            done.popitem(last=False)
        if len(self._done) > PEOPLE_KEPT:
            self._done.popitem(last=False)

    def answered(self, person: PersonId, command_id: str) -> None:
        """Forget that this was lost: it was said again, and the newest answer counts."""
        self._lost.get(person, {}).pop(command_id, None)

    def cut(self, heads: Mapping[int, str]) -> dict[PersonId, list[str]]:
        """Return what a history, given by the heads of all its versions, lacks of each person."""
        now, lost = time.monotonic(), {}
        for person, done in self._done.items():
            gone = [name for name, at in done.items() if heads.get(at.version) != at.head]
            if gone:
                lost[person] = gone
            for name in gone:
                del done[name]
        late = {person: self._late(person, now) for person in self._lost}
        self._lost = {person: names for person, names in late.items() if names}
        for person, gone in lost.items():
            self._lost.setdefault(person, {}).update(dict.fromkeys(gone, now))
        return lost

    def lost(self, person: PersonId) -> list[str]:
        """Return what this person is to be told on a new line."""
        return list(self._late(person, time.monotonic()))

    def _late(self, person: PersonId, now: float) -> dict[str, float]:
        lost = self._lost.get(person, {})
        return {name: since for name, since in lost.items() if now - since < LOST_SECONDS}
