"""The sockets of one room on one worker, and what each of them was last shown.

Rule 1: a view is rendered and encoded once per role and change; a socket gets a
        frame when what its role or its person sees has changed, and only then.
Rule 2: the first change is shown at once, those of the next COALESCE_SECONDS share
        a frame; except for observers, whose frames are always sent at once: else
        a private change a moment before would shift the time in theirs.
Rule 3: observers get no position, and participants a name of what they are shown
        instead: version and head of the log tell of changes that they may not
        know of, and a head could be searched for the event behind it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal

import orjson

from server.rooms.replica import Replica
from server.rooms.watch import worker_of
from server.sockets import frames
from server.sockets.close_codes import CODE_OF_GONE, CloseCode
from server.sockets.listener import Listener
from server.sockets.tails import Tails, encode_whom
from server.store.redis_clock import RedisClock
from session_engine import (
    WAITING_VIEW,
    Person,
    PersonId,
    Role,
    Room,
    awaits_help,
    untaken,
    view,
    you,
)

COALESCE_SECONDS: Final = 0.02
# The last view says that the session has ended; then the sockets close.
ENDED_SECONDS: Final = 10.0

# Which view somebody gets: that of a role, or of whoever waits at the door.
Shape = Role | Literal["waiting"]


def _name_of(room: Room, encoded: bytes) -> bytes:
    """Name what is shown, for whom the log is none of their business; it cannot be guessed."""
    secret = room.log_id.encode()
    return hashlib.blake2b(encoded, key=secret[:64], digest_size=20).hexdigest().encode()


def _is_news(listener: Listener, room: Room) -> bool:
    """Say whether, under the view it was shown last, a socket is to be shown another tail."""
    # Without the clock: estimates move with every millisecond.
    before = listener.shown_room
    return before is None or you(room, listener.person, 0) != you(before, listener.person, 0)


def shape_of(person: Person) -> Shape:
    """Say which view this person gets: that of the role, or of somebody at the door."""
    return "waiting" if person.state == "knocking" else person.role


def closing_code(room: Room | None, person_id: PersonId) -> CloseCode | None:
    """Say why a person may not be connected to a room; None if they may."""
    if room is None:
        return CloseCode.ENDED
    person = room.people.get(person_id)
    if person is None:
        return CloseCode.PASS_INVALID
    if person.state == "gone":
        return CODE_OF_GONE.get(person.gone or "", CloseCode.PASS_INVALID)
    return None


def _tell_lost_to(listener: Listener, lost: list[str]) -> None:
    """Say what of theirs was called done and is not in the log any more."""
    if lost and listener.outbox.is_open:
        listener.outbox.send(frames.message(orjson.dumps({"type": "lost", "ids": lost})))


class Audience:
    """The sockets of one room."""

    def __init__(
        self, replica: Replica, clock: RedisClock, come_back: Callable[[Audience, Listener], None]
    ) -> None:
        """Show this replica; `come_back` is told of a live socket that was dropped."""
        self.replica = replica
        self.listeners: dict[str, Listener] = {}
        self._clock = clock
        self._come_back = come_back
        self._due: asyncio.TimerHandle | None = None
        self._shown_at = 0.0
        self._ending: asyncio.TimerHandle | None = None
        self._calls = 0  # for support, that nobody has taken
        # Those whose right to be here was checked, and by what they are shown; None: not yet.
        self._checked: tuple[Mapping[PersonId, Person], str] | None = None
        self._by_shape: dict[Shape, list[Listener]] = {}
        self._rendered: dict[Shape, bytes] = {}
        self._tails: defaultdict[Shape, Tails] = defaultdict(Tails)
        self._people: dict[Shape, tuple[object, orjson.Fragment]] = {}  # as the engine gave them
        self._name = b""  # of what participants are shown
        replica.watchers.append(self.changed)
        replica.on_lost.append(self._tell_lost)

    def join(self, listener: Listener) -> None:
        """Take a socket in and show it the room as it stands."""
        self.listeners[listener.connection] = listener
        self._checked = None
        room = self.replica.room
        self._check(room)
        if room is None or closing_code(room, listener.person) is not None:
            return
        if listener.outbox.is_open:
            if room.stage == "ended":
                self._replace(listener)  # nobody arrives any more, which would do it
            self._show(room, shape_of(room.people[listener.person]), [listener], force=True)
            _tell_lost_to(listener, self.replica.receipts.lost(listener.person))
            self._end_soon(room)

    def _replace(self, newest: Listener) -> None:
        """Close the other sockets of a person."""
        for other in self.listeners.values():
            if other.person == newest.person and other is not newest:
                other.outbox.close(CloseCode.REPLACED)

    def part(self, listener: Listener) -> None:
        """Let a socket go."""
        self.listeners.pop(listener.connection, None)
        self._checked = None
        self._tails.clear()  # or they would keep who has gone
        listener.outbox.end()

    def end(self) -> None:
        """Stop watching the replica."""
        self.replica.watchers.remove(self.changed)
        self.replica.on_lost.remove(self._tell_lost)
        for timer in (self._due, self._ending):
            if timer is not None:
                timer.cancel()

    def tell(self, frame: bytes, to: Callable[[Person], bool]) -> None:
        """Send a whole message to the people of the room that `to` chooses."""
        room = self.replica.room
        if room is None:
            return
        for listener in self.listeners.values():
            person = room.people.get(listener.person)
            if person is not None and person.state == "seated" and to(person):
                listener.outbox.send(frame)

    def tell_everyone(self, frame: bytes) -> None:
        """Send a whole message to every socket, knocking people and observers too."""
        for listener in self.listeners.values():
            listener.outbox.send(frame)

    def refresh(self) -> None:
        """Send everybody the view again: the store is back, clocks go on."""
        self._show_all(force=True)

    # ---- Changes ------------------------------------------------------------------

    def changed(self, _: Replica) -> None:
        """Take note of a change: close who may not be here, show it to the others."""
        if not self.listeners:
            return
        room = self.replica.room
        self._check(room)
        if room is None:
            return
        self._end_soon(room)
        loop = asyncio.get_running_loop()
        wait = self._shown_at + COALESCE_SECONDS - loop.time()
        if self._due is None and wait <= 0:
            self._show_all()  # with the answer to whoever did it: one write for both
            return
        self._show_observers(room)
        if self._due is None:
            self._due = loop.call_later(wait, self._show_all)

    def _check(self, room: Room | None) -> None:
        """Close who may not be here, and sort the others by what they are shown.

        Most changes leave people and stage as they are: then this has been done.
        """
        if self._checked is not None and room is not None:
            people, stage = self._checked
            if people is room.people and stage == room.stage:
                return
        complete, self._by_shape = True, {}
        for listener in tuple(self.listeners.values()):
            if not listener.outbox.is_open:
                continue
            person = room.people.get(listener.person) if room is not None else None
            if person is not None and listener.name != person.name:
                listener.name, listener.who = person.name, encode_whom(person)
            code = self._why_not(room, listener)
            if code is not None and self.replica.is_untold:
                complete = False  # who leaves is answered first
            elif code is not None:
                listener.outbox.close(code)
            elif room is not None and person is not None:
                if person.connection != listener.connection and room.stage != "ended":
                    self._come_back(self, listener)
                    complete = False  # to be said again until it is so
                self._by_shape.setdefault(shape_of(person), []).append(listener)
        self._checked = (room.people, room.stage) if room is not None and complete else None

    def _why_not(self, room: Room | None, listener: Listener) -> CloseCode | None:
        """Say why a socket may not be in a room; None if it may."""
        code = closing_code(room, listener.person)
        if code is None and room is not None and room.stage != "ended":
            current = room.people[listener.person].connection
            if current is None or current == listener.connection:
                return None
            # A line that this worker had: a failover has taken its end back, or it is just coming.
            is_here = worker_of(current) == worker_of(listener.connection)
            return None if is_here and current not in self.listeners else CloseCode.REPLACED
        return code

    def _end_soon(self, room: Room) -> None:
        if room.stage != "ended":
            if self._ending is not None:  # a failover has taken the end back
                self._ending.cancel()
                self._ending = None
            return
        passed = (self._clock.now_ms() - room.stage_started_at) / 1000
        # Who is here after that waited for a call for support, and now sees who has it.
        wait = ENDED_SECONDS - passed if passed < ENDED_SECONDS else ENDED_SECONDS
        before, self._calls = self._calls, len(untaken(room))
        if self._ending is not None:
            if self._calls >= before:
                return
            self._ending.cancel()
            wait = ENDED_SECONDS  # somebody has it: that is to be seen for as long
        self._ending = asyncio.get_running_loop().call_later(wait, self._close_all)

    def _close_all(self) -> None:
        self._ending = None  # who still comes is shown the end, and closed too
        room = self.replica.room
        if room is not None and room.stage != "ended":
            return  # taken back a moment ago
        for listener in tuple(self.listeners.values()):
            person = room.people.get(listener.person) if room is not None else None
            if room is None or person is None or not awaits_help(room, person):
                listener.outbox.close(CloseCode.ENDED)

    def _tell_lost(self, lost: Mapping[PersonId, list[str]]) -> None:
        for listener in self.listeners.values():
            _tell_lost_to(listener, lost.get(listener.person, []))

    # ---- Views --------------------------------------------------------------------

    def _show_observers(self, room: Room) -> None:
        observers = self._by_shape.get(Role.OBSERVER)
        if observers:
            self._show(room, Role.OBSERVER, observers)

    def _show_all(self, *, force: bool = False) -> None:
        self._due = None
        if self.replica.is_untold and not force:
            return  # answers go first, and this comes again behind them
        self._shown_at = asyncio.get_running_loop().time()
        room = self.replica.room
        self._check(room)
        if room is not None:
            for shape, listeners in self._by_shape.items():
                self._show(room, shape, listeners, force=force)

    def _render(self, room: Room, shape: Shape) -> bytes:
        """Return the view that a role shares; the same object while nothing has changed."""
        encoded = orjson.dumps(self._seen(room, shape))
        if self._rendered.get(shape) != encoded:
            self._rendered[shape] = encoded
            if shape == Role.PARTICIPANT:
                self._name = _name_of(room, encoded)
        return self._rendered[shape]

    def _seen(self, room: Room, shape: Shape) -> Mapping[str, Any]:
        """Return what a role sees; most of it is who is here, which is encoded when it changes."""
        if shape == "waiting":
            return WAITING_VIEW
        seen = view(room, shape)
        if "people" in seen:
            people, encoded = self._people.get(shape, (None, None))
            if people is not seen["people"]:
                people, encoded = seen["people"], orjson.Fragment(orjson.dumps(seen["people"]))
                self._people[shape] = people, encoded
            seen["people"] = encoded
        return seen

    def _show(
        self, room: Room, shape: Shape, listeners: Iterable[Listener], *, force: bool = False
    ) -> None:
        """Send a frame to those for whom something has changed, or to all by force."""
        seen, now = self._render(room, shape), self._clock.now_ms()
        news = [one for one in listeners if force or one.shown is not seen or _is_news(one, room)]
        if not news:
            return
        ends = self._tails[shape].at(room, now, news)
        shared = frames.opening(b'{"type":"view","view":', seen, self._middle(shape, now))
        for listener, end in zip(news, ends, strict=True):
            listener.shown, listener.shown_room = seen, room
            listener.outbox.send_view(shared, end)

    def _middle(self, shape: Shape, now: int) -> bytes:
        """Return what stands between a role's view and a person's tail."""
        at = self.replica.position
        position = b""
        if shape == Role.FACILITATOR:
            position = b',"position":{"version":%d,"head":"%b"}' % (at.version, at.head.encode())
        elif shape == Role.PARTICIPANT:
            position = b',"position":{"head":"%b"}' % self._name
        return b'%b,"now":%d,"you":' % (position, now)
