"""What is said but never kept: text turns, gestures, the private line, notes of calls.

It lives in the memory of the workers that carry it and goes between them over the
live bus, a store that writes nothing to disk. A worker that begins to serve a room
asks the others for the text so far, and for private words of the last half minute:
whom they are for may be between two sockets. Who may say what was decided before it
comes here; the bus is trusted, because only workers are on it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from redis.asyncio import Redis

from server.rooms.defects import note_defect
from server.rooms.replica import Replica
from server.rooms.sharded_feed import open_feed
from server.sockets import frames
from server.sockets.audience import Audience
from server.sockets.listener import Listener
from server.sockets.recent_words import RecentWords, Words
from server.store.errors import StoreError, translated
from server.store.redis_clock import RedisClock
from server.store.trips import in_trips
from session_engine import ConnectionId, Person, Role

# One gesture of a kind and person counts once in this time, and is shown as a sum.
GESTURES_SECONDS: Final = 2.0
# Clocks of two workers are less apart than that (tests/faults/clocks.py).
CLOCKS_APART_MS: Final = 250
# A subscription takes a millisecond; a live store that is away keeps nobody outside.
SUBSCRIBE_SECONDS: Final = 1.0


def live_channel(session: str) -> str:
    """Return the channel of what is said in a room."""
    return f"tp:{{{session}}}:live"


@dataclass(slots=True)
class Said:
    """What is in memory of one room: the texts of the open turn, gestures on their way."""

    recent: RecentWords
    texts: dict[str, dict[str, Any]] = field(default_factory=dict)
    at_the_door: set[ConnectionId] = field(default_factory=set)  # they hear nothing yet
    made: set[tuple[str, str]] = field(default_factory=set)
    gestures: Counter[str] = field(default_factory=Counter)
    timer: asyncio.TimerHandle | None = None
    hears: asyncio.Event = field(default_factory=asyncio.Event)

    def known(self) -> list[Words]:
        """List what somebody who comes now has missed."""
        return [*self.texts.values(), *self.recent.said()]


class Live:
    """Relays what is said to the sockets here and to the other workers."""

    def __init__(self, bus: Redis | None, clock: RedisClock, worker: str) -> None:
        """Take the live store; None when this worker is the only one."""
        self._clock = clock
        self._bus = in_trips(bus) if bus else None
        self._worker = worker
        self._audiences: dict[str, Audience] = {}
        self._said: dict[str, Said] = {}
        self._outgoing: deque[tuple[str, bytes, asyncio.Future[bool]]] = deque()
        self._sender: asyncio.Task[None] | None = None
        self.feed = (
            open_feed(bus, on_message=self._heard, on_subscribed=self._subscribed) if bus else None
        )

    # ---- Rooms --------------------------------------------------------------------

    async def open(self, audience: Audience) -> None:
        """Begin to carry a room."""
        session = audience.replica.session
        self._audiences[session] = audience
        said = self._said[session] = Said(RecentWords(self._clock.now_ms))
        audience.replica.watchers.append(self._changed)
        for listener in audience.listeners.values():
            self._note_knock(said, audience, listener)
        if self.feed is not None:
            self.feed.subscribe(live_channel(session))
            # Who is shown the room also hears it: what is said is said once.
            with suppress(TimeoutError):
                async with asyncio.timeout(SUBSCRIBE_SECONDS):
                    await said.hears.wait()

    def close(self, audience: Audience) -> None:
        """Forget all that was said in a room."""
        session = audience.replica.session
        self._audiences.pop(session, None)
        said = self._said.pop(session, None)
        if said is None:
            return  # it was never opened
        said.recent.clear()
        if said.timer is not None:
            said.timer.cancel()
        audience.replica.watchers.remove(self._changed)
        if self.feed is not None:
            self.feed.unsubscribe(live_channel(session))

    def catch_up(self, audience: Audience, listener: Listener) -> None:
        """Send a socket that has just come the text so far, and private words of a moment ago."""
        said = self._said.get(audience.replica.session)
        person = _person_of(audience, listener)
        if said is None or person is None:
            return
        self._note_knock(said, audience, listener)
        if person.state == "seated":
            for words in said.known():
                if _for_whom(words)(person):
                    listener.outbox.send(_frame(words))

    def _note_knock(self, said: Said, audience: Audience, listener: Listener) -> None:
        person = _person_of(audience, listener)
        if person is not None and person.state == "knocking":
            said.at_the_door.add(listener.connection)

    # ---- Saying -------------------------------------------------------------------

    def write(self, session: str, person: str, turn: str | None, text: str) -> None:
        """Relay the whole text of a turn so far."""
        words = {"turn": turn, "person": person, "text": text, "at": self._clock.now_ms()}
        self._say(session, {"kind": "text", **words})

    def gesture(self, session: str, person: str, kind: str) -> None:
        """Count a gesture; the same of the same person once in two seconds."""
        said = self._said.get(session)
        if said is None or (person, kind) in said.made:
            return
        said.made.add((person, kind))
        self._say(session, {"kind": "gesture", "gesture": kind})

    def line(
        self, session: str, sender: Person, to: str | None, text: str
    ) -> asyncio.Future[bool] | None:
        """Relay a private word between a participant and the facilitators.

        The future says whether it has left this worker; None: it had not to. What has not is
        shown to nobody here either: they are asked to say it again, and it would stand twice.
        """
        words: dict[str, Any] = {"from": sender.id, "name": sender.name, "to": to, "text": text}
        words["at"] = self._clock.now_ms()
        said = {"kind": "line", **words}
        sent = self._publish(session, said)

        def show(left: asyncio.Future[bool] | None) -> None:
            if left is None or left.result():
                self._deliver(session, said)

        if sent is None:
            show(None)
        else:
            sent.add_done_callback(show)
        return sent

    def alert(
        self, session: str, alert: str, person: Person, kind: str, note: str
    ) -> asyncio.Future[bool] | None:
        """Relay a call for support, with its note, to the facilitators; answers like `line`."""
        words = {"alert": alert, "person": person.id, "name": person.name}
        words |= {"support": kind, "note": note}
        return self._say(session, {"kind": "alert", **words, "at": self._clock.now_ms()})

    def _say(self, session: str, said: dict[str, Any]) -> asyncio.Future[bool] | None:
        self._deliver(session, said)
        return self._publish(session, said)

    def _publish(self, session: str, said: Words) -> asyncio.Future[bool] | None:
        """Send to the other workers, in the order in which it was said."""
        if self._bus is None:
            return None
        sent: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._outgoing.append((session, orjson.dumps([self._worker, said]), sent))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all())
        return sent

    async def _send_all(self) -> None:
        while self._bus is not None and self._outgoing:
            session, data, sent = self._outgoing.popleft()
            waiting: list[asyncio.Future[bool]] = []
            try:
                with translated():
                    await self._bus.publish(live_channel(session), data)
                left = True
            except Exception as error:
                if not isinstance(error, StoreError):
                    note_defect("passing on what is said", error)
                # A text is lost, the next one holds all of it; a line is said again. What waits
                # behind it would wait as long each, and be old.
                left = False
                waiting = [sent for _, _, sent in self._outgoing]
                self._outgoing.clear()
            for one in (sent, *waiting):
                if not one.done():
                    one.set_result(left)

    # ---- Hearing ------------------------------------------------------------------

    def _subscribed(self, channel: str) -> None:
        """Ask for what was missed, and say again what others may have missed meanwhile."""
        session = _session(channel)
        said = self._said.get(session)
        if said is None:
            return
        said.hears.set()
        self._say_again(session, said)
        self._publish(session, {"kind": "ask"})

    def _say_again(self, session: str, said: Said) -> None:
        for words in said.known():
            self._publish(session, words)

    def _heard(self, channel: str, data: bytes) -> None:
        worker, said = orjson.loads(data)
        if worker == self._worker:
            return
        session = _session(channel)
        if said["kind"] == "ask":
            if session in self._said:
                self._say_again(session, self._said[session])
        else:
            self._deliver(session, said)

    def _deliver(self, session: str, said: dict[str, Any]) -> None:
        audience, memory = self._audiences.get(session), self._said.get(session)
        if audience is None or memory is None:
            return
        match said["kind"]:
            case "text":
                if _is_newer(said, memory.texts.get(said["person"])):
                    # The last words of a turn may come after its end: every screen gets
                    # them, but nobody who comes later.
                    room = audience.replica.room
                    if said["turn"] is None or room is None or said["turn"] != room.last_turn:
                        memory.texts[said["person"]] = said
                    self._tell(audience, said)
            case "line" | "alert":
                if memory.recent.keep(said):
                    self._tell(audience, said)
            case "gesture":
                self._count(audience, memory, said["gesture"])

    def _tell(self, audience: Audience, said: dict[str, Any]) -> None:
        audience.tell(_frame(said), _for_whom(said))

    def _count(self, audience: Audience, memory: Said, kind: str) -> None:
        memory.gestures[kind] += 1
        if memory.timer is None:
            loop = asyncio.get_running_loop()
            memory.timer = loop.call_later(GESTURES_SECONDS, self._show, audience, memory)

    def _show(self, audience: Audience, memory: Said) -> None:
        memory.timer = None
        memory.made.clear()
        for kind, count in sorted(memory.gestures.items()):
            self._tell(audience, {"kind": "gesture", "gesture": kind, "count": count})
        memory.gestures.clear()

    def _changed(self, replica: Replica) -> None:
        """Forget the texts of turns that are over; let hear who was let in."""
        said, room = self._said.get(replica.session), replica.room
        if said is None or room is None:
            return
        if said.texts:
            turn = room.turn.id if room.turn else None
            said.texts = {who: text for who, text in said.texts.items() if text["turn"] == turn}
        if said.at_the_door:
            audience = self._audiences[replica.session]
            waited, said.at_the_door = said.at_the_door, set()
            for connection in waited:
                if connection in audience.listeners:
                    self.catch_up(audience, audience.listeners[connection])


def _session(channel: str) -> str:
    return channel.removeprefix("tp:{").removesuffix("}:live")


def _person_of(audience: Audience, listener: Listener) -> Person | None:
    room = audience.replica.room
    return room.people.get(listener.person) if room else None


def _hears(person: Person) -> bool:
    return person.role is not Role.OBSERVER


def _for_whom(said: Words) -> Callable[[Person], bool]:
    """Return who may hear this."""
    if said["kind"] not in ("line", "alert"):
        return _hears
    ends = (said["from"], said["to"]) if said["kind"] == "line" else ()
    # Said before they came in it is not for them: the browser may have been another's.
    latest = said["at"] + CLOCKS_APART_MS
    return lambda person: (
        person.entered_at <= latest and (person.role is Role.FACILITATOR or person.id in ends)
    )


def _is_newer(said: Words, known: Words | None) -> bool:
    """Say whether a text is another one, and not what a worker had that missed some of it."""
    if known is None or known["turn"] != said["turn"]:
        return True
    return bool(known["text"] != said["text"] and known["at"] <= said["at"])


def _frame(said: Words) -> bytes:
    """Return what screens get; when something was said is for workers, except of a line."""
    words = {"type": "live", **said}
    if said["kind"] == "alert":
        words |= {"type": "alert", "kind": words.pop("support")}
    if said["kind"] != "line":
        words.pop("at", None)
    return frames.message(orjson.dumps(words))
