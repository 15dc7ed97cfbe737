"""What must be true of a room afterwards, whatever happened meanwhile.

Read from the store, not from the server: the log is a chain without gaps; what was
acknowledged is in it exactly once; and every screen was shown moments of that log,
in their order, and at the end its last one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from redis.asyncio import Redis

from server.rooms.covering import COVERED
from server.rooms.replica import decode_events
from server.store.position import numbered
from server.store.room_log import ids_key, log_key
from session_engine import Event, PersonId, Role, Room, evolve, view, you
from session_engine.events import (
    AlertRaised,
    HandRaised,
    PromptSet,
    RoomHeld,
    ThemeAdded,
    TurnExtended,
)
from tests.faults.member import Frame, Member

# What nobody but a person makes happen, by a command that has an id.
BY_COMMAND = (AlertRaised, HandRaised, RoomHeld, ThemeAdded, TurnExtended)


def next_head(head: str, payload: bytes) -> str:
    """Return the head that a payload gets behind the element with `head`."""
    return hashlib.sha1(head.encode() + payload, usedforsecurity=False).hexdigest()


class Story:
    """One room as its log tells it."""

    def __init__(self, session: str, raw: Sequence[Any], ids: Mapping[Any, Any]) -> None:
        """Read a log and the ids it remembers; a broken chain raises AssertionError."""
        self.session = session
        self.heads = [""]
        self.rooms: list[Room | None] = [None]
        self.events: list[Event] = []
        self.states: list[Room] = []  # the room after each event
        self.prompts: Counter[str] = Counter()
        self.by_command: set[tuple[int, str]] = set()  # where what only commands do stands
        self.ids = {name.decode(): place.decode().split(" ") for name, place in ids.items()}
        self._shown: dict[tuple[int, str], Any] = {}
        self._extend(raw)

    @classmethod
    async def read(cls, store: Redis, session: str) -> Story:
        """Read the room's log and ids from the store."""
        raw = await store.lrange(log_key(session), 0, -1)
        return cls(session, raw, await store.hgetall(ids_key(session)))

    async def read_on(self, store: Redis) -> None:
        """Read what has been added since; the ids stay those of the first reading."""
        self._extend(await store.lrange(log_key(self.session), self.version, -1))

    def _extend(self, raw: Sequence[Any]) -> None:
        for position, payload in numbered(self.version, raw):
            assert position.head == next_head(self.heads[-1], payload), (
                f"{self.session}: the chain is broken at {position.version}"
            )
            room = self.rooms[-1]
            for event in decode_events(payload):
                room = evolve(room, event)
                self.events.append(event)
                self.states.append(room)
                if isinstance(event, PromptSet):
                    self.prompts[event.text] += 1
                if isinstance(event, BY_COMMAND):
                    self.by_command.add((position.version, position.head))
            self.heads.append(position.head)
            self.rooms.append(room)

    @property
    def version(self) -> int:
        """How long the log is."""
        return len(self.rooms) - 1

    def shown(self, version: int, role: Role) -> Any:
        """Return the view of a role at a version, as it comes out of JSON."""
        key = (version, role.value)
        if key not in self._shown:
            self._shown[key] = _as_json(view(self._room(version), role))
        return self._shown[key]

    def shown_to(self, version: int, person: str) -> Any:
        """Return the tail of a person at a version, without the estimate of the clock."""
        key = (version, person)
        if key not in self._shown:
            room = self._room(version)
            known = PersonId(person) in room.people
            self._shown[key] = _timeless(_as_json(you(room, PersonId(person), 0))) if known else {}
        return self._shown[key]

    def shows(self, version: int, member: Member, frame: Frame) -> bool:
        """Say whether this is what a member sees at a version."""
        return bool(
            self.shown(version, member.role) == frame["view"]
            and self.shown_to(version, member.person) == _timeless(frame["you"])
        )

    def _room(self, version: int) -> Room:
        room = self.rooms[version]
        assert room is not None
        return room


def _as_json(seen: Any) -> Any:
    return orjson.loads(orjson.dumps(seen))


def _timeless(own: Frame) -> Frame:
    return {key: value for key, value in own.items() if key != "wait_ms"}


def told_lost(member: Member) -> set[str]:
    """Return the commands of which somebody was told that the store has lost them."""
    return {name for frame in member.told if frame["type"] == "lost" for name in frame["ids"]}


def check_acknowledged(story: Story, member: Member) -> int:
    """Check that what this member was told is done is in the log, once; return how many.

    What they were told is lost (a store died before its replica had it) must not be in it.
    """
    done, lost = 0, told_lost(member)
    assert not member.contradictions, f"{story.session}: {member.contradictions[:3]}"
    for name, sent in member.sent.items():
        if sent.answer is None or sent.answer["type"] != "done":
            continue
        if name in lost:
            check_lost(story, member, name)
            continue
        done += 1
        place = story.ids.get(f"{member.person}:{name}")
        assert place is not None, (
            f"{story.session}: {sent.frame} was acknowledged ({sent.answer}) and is lost; "
            f"told of {sorted(lost)}, lines lost at {member.lost}, closed with {member.closes}"
        )
        version, head = int(place[0]), place[1]
        kept = story.heads[version] if version <= story.version else None
        assert kept == head, f"{story.session}: {sent.frame} is of another history"
        if member.role is Role.FACILITATOR:
            assert sent.answer["version"] == version, f"{sent.frame}: {sent.answer}"
        if sent.frame["do"] == "set_prompt":
            times = story.prompts[sent.frame["text"]]
            assert times == 1, f"{story.session}: {sent.frame} acted {times} times"
    return done


def check_lost(story: Story, member: Member, name: str) -> None:
    """Check that what was said to be lost is, and is nothing that replicas had to cover."""
    frame = member.sent[name].frame
    assert frame["do"] not in COVERED, f"{story.session}: {frame} was done, and is lost"
    place = story.ids.get(f"{member.person}:{name}")
    there = place is not None and story.heads[int(place[0])] == place[1]
    assert not there, f"{story.session}: {frame} is there, and its person was told that it is lost"


def check_falls(story: Story, members: Sequence[Member], most: int) -> int:
    """Check that no screen ever went back to a history that the log had left.

    A screen may fall from a tail that is lost to the log, once a failover; at each version
    all screens of the room show the log, or the same lost tail.
    """
    falls = 0
    elsewhere: dict[int, set[str]] = {}
    for member in members:
        fell, was_lost = 0, False
        for _, frame in member.views:
            position = frame.get("position", {})
            if "version" not in position:
                continue
            version, head = position["version"], position["head"]
            lost = version > story.version or story.heads[version] != head
            if lost:
                elsewhere.setdefault(version, set()).add(head)
            fell += was_lost and not lost
            was_lost = lost
        assert not was_lost, f"{story.session}: {member.role} shows what is lost"
        assert fell <= most, f"{story.session}: {member.role} saw {fell} histories left"
        falls += fell
    two = {version: heads for version, heads in elsewhere.items() if len(heads) > most}
    assert not two, f"{story.session}: two histories at {two}"
    return falls


def check_nothing_twice(story: Story) -> None:
    """Check that no command acted twice.

    Each prompt has a text of its own. Of others an id remembers where it acted: what it did
    a second time stands where no id points to.
    """
    twice = [text for text, times in story.prompts.items() if times > 1]
    assert not twice, f"{story.session}: acted twice: {twice[:3]}"
    remembered = {(int(version), head) for version, head in story.ids.values()}
    twice_at = story.by_command - remembered
    assert not twice_at, f"{story.session}: acted without an id, or twice: {sorted(twice_at)[:3]}"


def check_names(members: Sequence[Member]) -> None:
    """Check that participants' views have a name each: the same for all who see the same."""
    views: dict[str, bytes] = {}
    for member in members:
        for _, frame in member.views:
            if member.role is Role.PARTICIPANT and "position" in frame:
                seen = orjson.dumps(frame["view"], option=orjson.OPT_SORT_KEYS)
                name = frame["position"]["head"]
                assert views.setdefault(name, seen) == seen, f"two views are called {name}"
    assert len(set(views.values())) == len(views), "the same view has two names"


def check_screens(story: Story, member: Member, since: float = 0.0) -> None:
    """Check that a screen was shown moments of this log in their order, and its last one.

    Participants are not told which moment they see: the first that fits is taken, which
    finds an order whenever there is one.
    """
    at = 1
    for _, frame in [one for one in member.views if one[0] >= since]:
        position = frame.get("position", {})
        if "version" in position:
            version = position["version"]
            assert version >= at, f"{story.session}: a screen went back from {at} to {version}"
            assert version <= story.version, f"{story.session}: {version} is not in the log"
            assert story.heads[version] == position["head"], f"{story.session}: {version} differs"
            at = version
            assert story.shows(at, member, frame), f"{story.session}: {at} is wrong"
            continue
        while not story.shows(at, member, frame):
            at += 1
            assert at <= story.version, f"{story.session}: a view that the log never showed"
    assert is_current(story, member), f"{story.session}: {member.role} is not current"


def is_current(story: Story, member: Member) -> bool:
    """Say whether a screen shows the end of the log."""
    return bool(member.views) and story.shows(story.version, member, member.latest)


def is_here(story: Story, person: str) -> bool:
    """Say whether the log ends with somebody connected."""
    room = story.rooms[-1]
    assert room is not None
    return room.people[PersonId(person)].connection is not None
