"""What was called done of late, so that whoever said it can be told when a store has lost it.

Rule 1: they are kept by person, for as long as this worker has the room: what loses a store's
        last moment breaks lines, too, and who comes back is told on the new one.
Rule 2: the newest of each person are kept, and those of the people who acted last: nobody says
        more in the moment that a failover can lose.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from session_engine import PersonId

KEPT: Final = 64
PEOPLE_KEPT: Final = 64


class Receipts:
    """Those of one room."""

    def __init__(self) -> None:
        """Begin without any."""
        self._done: OrderedDict[PersonId, OrderedDict[str, int]] = OrderedDict()
        self._lost: dict[PersonId, list[str]] = {}

    def note(self, person: PersonId, command_id: str, version: int) -> None:
        """Keep that this was called done, as of a version."""
        done = self._done.setdefault(person, OrderedDict())
        self._done.move_to_end(person)
        done[command_id] = version
        if len(done) > KEPT:
            done.popitem(last=False)
        if len(self._done) > PEOPLE_KEPT:
            self._lost.pop(self._done.popitem(last=False)[0], None)

    def cut(self, shared: int) -> None:
        """Find what is lost: all that came after the last version of the history that stands."""
        for person, done in self._done.items():
            for command_id in [name for name, version in done.items() if version > shared]:
                del done[command_id]
                self._lost.setdefault(person, []).append(command_id)

    def take_lost(self, person: PersonId) -> list[str]:
        """Return what this person is to be told is lost; it is theirs to tell."""
        return self._lost.pop(person, [])
