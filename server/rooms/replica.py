"""One worker's copy of a room: its log, read in order and without a gap.

Rule 1: a copy is at a position (version, head) of one history; elements are
        applied in order, each once, and never across a gap.
Rule 2: an element that this copy has under another head means another history:
        the copy is dropped and read again, never mended.
Rule 3: a change is told to whoever watches once per batch, after the last of it,
        and what our own records changed behind the answers to them, whichever of the
        store's lines is the faster. What is heard while they are on their way waits,
        too: nearly always it is these records.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import orjson

from server.rooms.defects import note_defect
from server.rooms.receipts import Receipts
from server.store.position import START, Element, Position
from session_engine import Event, PersonId, Room, evolve, from_dict, to_dict

# Heads kept to tell a late copy of a message from another history. A message that
# is older than this many versions is read from the log instead.
HEADS_KEPT: Final = 512
# An element takes some 10 us.
REPLAYED_AT_ONCE: Final = 250


class OtherHistory(Exception):  # noqa: N818
    """The log is not the one that this copy was read from."""


class Gap(Exception):  # noqa: N818
    """Something between this copy and the elements is missing."""


def encode_events(events: Iterable[Event]) -> bytes:
    """Return the payload of one record of the log."""
    return orjson.dumps({"events": [to_dict(event) for event in events]})


def decode_events(payload: bytes) -> list[Event]:
    """Return the events in one record of the log."""
    return [from_dict(shaped) for shaped in orjson.loads(payload)["events"]]


async def replayed(room: Room | None, elements: Sequence[Element]) -> Room | None:
    """Return what becomes of a room; of a long log not all at once, as others wait meanwhile."""
    for number, (_, payload) in enumerate(elements, 1):
        for event in decode_events(payload):
            room = evolve(room, event)
        if number % REPLAYED_AT_ONCE == 0:
            await asyncio.sleep(0)
    return room


class Replica:
    """The state of one room, and its position in the log."""

    def __init__(self, session: str) -> None:
        """Begin empty: before the first element of the log."""
        self.session = session
        self.room: Room | None = None
        self.position: Position = START
        self.watchers: list[Callable[[Replica], None]] = []
        # Told what another history lacks of what was called done, by person.
        self.on_lost: list[Callable[[Mapping[PersonId, list[str]]], None]] = []
        self.receipts = Receipts()
        self.users = 0
        self._heads: OrderedDict[int, str] = OrderedDict()
        self.is_quiet = False  # records of our own are on their way
        self.is_untold = False  # something has changed, and who watches is told in a moment
        self._put_off: list[Callable[[], None]] = []

    def take(
        self, before: Position, elements: Sequence[Element], became: Room | None = None
    ) -> bool:
        """Apply what is new of these elements, which follow `before`; say if anything was.

        `became` is the state after the last of them, when it is known already.
        Raises: Gap, OtherHistory.
        """
        self.compare(before)
        if became is not None and elements and before == self.position:
            for position, _ in elements[-HEADS_KEPT:]:
                self._heads[position.version] = position.head
            self.room, self.position, changed = became, elements[-1][0], True
        else:
            changed = self._take_each(elements)
        while len(self._heads) > HEADS_KEPT:
            self._heads.popitem(last=False)
        return changed

    def _take_each(self, elements: Sequence[Element]) -> bool:
        changed = False
        for position, payload in elements:
            if position.version <= self.position.version:
                self.compare(position)
                continue
            room = self.room
            for event in decode_events(payload):
                room = evolve(room, event)
            self.room, self.position, changed = room, position, True
            self._heads[position.version] = position.head
        return changed

    def compare(self, position: Position) -> None:
        """Check that this copy has read a position, and that it is of the same history.

        Raises: Gap, OtherHistory.
        """
        if position.version > self.position.version:
            raise Gap
        if position.version == self.position.version:
            known: str | None = self.position.head
        elif position.version == START.version:
            known = START.head
        else:
            known = self._heads.get(position.version)
        if known is not None and known != position.head:
            raise OtherHistory

    def start_again(self, elements: Sequence[Element], became: Room | None) -> None:
        """Forget everything for another history, and tell what it lacks."""
        self.room, self.position = None, START
        self._heads.clear()
        self.take(START, elements, became)
        lost = self.receipts.cut(dict([START, *(at for at, _ in elements)]))
        for tell in tuple(self.on_lost):
            tell(lost)

    def hush(self) -> None:
        """Tell nobody anything, and put off what is heard, until `speak`."""
        self.is_quiet = True

    def speak(self) -> None:
        """Do what was put off, and tell what is to be told."""
        self.is_quiet = False
        changed, put_off, self._put_off = self.is_untold, self._put_off, []
        for act in put_off:
            try:
                act()
            except Exception as error:  # nothing that was heard is a fault of the records
                note_defect("the feed", error)
        if changed:
            self._tell_soon()

    def put_off(self, act: Callable[[], None]) -> None:
        """Do this when the copy speaks again."""
        self._put_off.append(act)

    def tell(self) -> None:
        """Tell all who watch that something has changed: once of all that one read has brought."""
        if not self.is_untold and not self.is_quiet:
            self._tell_soon()
        self.is_untold = True

    def _tell_soon(self) -> None:
        # Not now: futures that were settled meanwhile have not been seen yet.
        asyncio.get_running_loop().call_soon(self._tell_all)

    def _tell_all(self) -> None:
        self.is_untold = False
        for watcher in tuple(self.watchers):
            try:
                watcher(self)
            except Exception as error:  # one that fails must not keep the others from knowing
                note_defect("a change", error)
