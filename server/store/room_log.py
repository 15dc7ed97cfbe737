"""The logs of the rooms: the only thing that is kept, and the only place of agreement.

Workers decide on a copy; `append` stores what they decided only if their copy was
the newest, and tells every other worker in the same step (append.lua). Nothing is
stored unannounced or announced unstored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from server.store.cluster import Cluster
from server.store.coverage import Coverage
from server.store.errors import StoreError, translated
from server.store.position import START, Element, Position, Record, numbered, stands_at
from server.store.script import Script
from server.store.trips import in_trips

WAKE_KEY = "tp:wake"


def log_key(session: str) -> str:
    """Return the key of a room's log, which is also the name of its channel."""
    return f"tp:{{{session}}}:log"


def ids_key(session: str) -> str:
    """Return the key of the hash of command ids of a room."""
    return f"tp:{{{session}}}:ids"


def marker_key(session: str) -> str:
    """Return the key that is written behind what replicas must have (see coverage)."""
    return f"tp:{{{session}}}:covered"


log_channel = log_key


@dataclass(frozen=True, slots=True)
class Appended:
    """Stored and announced. `positions` has one for each record, in order."""

    position: Position
    positions: Sequence[Position]


@dataclass(frozen=True, slots=True)
class Repeated:
    """Nothing was stored: some commands of the batch have acted before.

    Index of a record -> the position it got then. None: a twin stands earlier in the
    same batch; leave this one out, it gets the twin's result.
    """

    positions: Mapping[int, Position | None]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was stored: the log goes on. None: it is not our history at all, read it."""

    missing: Sequence[Element] | None


@dataclass(frozen=True, slots=True)
class Late:
    """Nothing was stored: decided for a moment over 500 ms from `now`, the store's clock."""

    now: int


@dataclass(frozen=True, slots=True)
class NotDue:
    """Nothing was stored: a deadline was taken as passed that is still to come."""

    now: int


Outcome = Appended | Repeated | Conflict | Late | NotDue


# 150 KB, and a millisecond of the store's; a session of 90 minutes has some 2,000.
READ_AT_ONCE: Final = 1_000


class RoomLog:
    """Reads and appends; one serves all rooms of a worker.

    With a cluster keys of different rooms lie on different nodes, and channels are sharded.
    Every method raises `LogUnavailable` and `StoreRefused` (see errors).
    """

    def __init__(self, client: Redis, *, replicated: bool = True) -> None:
        """Take a client; `replicated` False: the store never has replicas, it is our own."""
        self._client = client
        self._cluster = isinstance(client, Cluster)
        self._append = Script(in_trips(client), "append.lua")
        self._read = Script(client, "read.lua")
        self._positions = Script(client, "positions.lua")
        self._coverage = Coverage(client) if replicated else None
        self._hints: dict[str, int | None] = {}
        self._hinting: asyncio.Task[None] | None = None

    async def append(
        self,
        session: str,
        expected: Position,
        records: Sequence[Record],
        *,
        decided_at: int,
        due_at: int,
        expires_at_ms: int,
        wake_at: int | None,
    ) -> Outcome:
        """Store a batch behind `expected`; all times are ms of the store's clock.

        `due_at` is the latest deadline among the events (0: none), `wake_at` the next one
        after them. LogUnavailable leaves open whether the batch was stored: ask again with
        the same command ids.
        """
        keys = [log_key(session), ids_key(session)]
        if not self._cluster:
            keys.append(WAKE_KEY)
        wake = "" if wake_at is None else wake_at
        args: list[Any] = [expected.version, expected.head, decided_at, due_at, expires_at_ms, wake]
        args += [session, "SPUBLISH" if self._cluster else "PUBLISH"]
        for record in records:
            args += (record.command_id, record.payload)
        with translated():
            outcome = _outcome(expected, await self._append(keys, args))
        if self._cluster and isinstance(outcome, Appended):
            self._hint(session, wake_at)
        return outcome

    @property
    def is_replicated(self) -> bool:
        """Whether the store may have replicas."""
        return self._coverage is not None

    async def covered(self, session: str, positions: Sequence[Position]) -> list[bool]:
        """Wait until a replica, where there are any, has the log; say which positions are in it."""
        if self._coverage is None:
            return [True] * len(positions)
        return await self._coverage.covered(log_key(session), marker_key(session), positions)

    async def find(self, session: str, command_ids: Sequence[str]) -> dict[str, Position]:
        """Return the places of those commands that are in the log.

        It only reads: a store that takes nothing answers it too.
        """
        if not command_ids:
            return {}
        with translated():
            places = await self._client.hmget(ids_key(session), list(command_ids))
        found = {
            command_id: _place(cast("bytes", place))
            for command_id, place in zip(command_ids, places, strict=True)
            if place is not None
        }
        # As in append.lua: a cut log remembers nothing.
        held = await asyncio.gather(*(self._holds(session, at) for at in found.values()))
        return {id_: at for (id_, at), is_held in zip(found.items(), held, strict=True) if is_held}

    async def _holds(self, session: str, at: Position) -> bool:
        with translated():
            element = await self._client.lindex(log_key(session), at.version - 1)
        return stands_at(element, at)

    async def read(self, session: str, after: Position = START) -> list[Element] | None:
        """Return what follows `after`; None when `after` names another history.

        A long log comes in parts: neither the store nor this worker serves others meanwhile.
        """
        following: list[Element] = []
        while True:
            with translated():
                answer = await self._read(
                    [log_key(session)], [after.version, after.head, READ_AT_ONCE]
                )
            if answer[0] != b"behind":
                return None
            following += numbered(after.version, answer[1:])
            if len(answer) <= READ_AT_ONCE:
                return following
            after, _ = following[-1]

    async def positions(self, sessions: Sequence[str]) -> dict[str, Position | None]:
        """Return where each room's log ends, in one round trip; None where there is none."""
        if not sessions:
            return {}
        keys = [log_key(session) for session in sessions]
        with translated():
            if isinstance(self._client, Cluster):
                ends = await self._positions_in(self._client, keys)
            else:
                ends = await self._positions(keys)
        return {
            session: Position(version, head.decode()) if version else None
            for session, version, head in zip(sessions, ends[::2], ends[1::2], strict=True)
        }

    async def _positions_in(self, cluster: Cluster, keys: list[str]) -> list[Any]:
        """Ask all nodes at once; a script may only touch keys of one slot."""
        answers = await cluster.each([self._positions.call([key]) for key in keys])
        refused = [n for n, answer in enumerate(answers) if isinstance(answer, ResponseError)]
        again = await asyncio.gather(*(self._positions([keys[n]]) for n in refused))
        for n, answer in zip(refused, again, strict=True):
            answers[n] = answer
        return [part for answer in answers for part in answer]

    async def due(self, now: int, limit: int = 100) -> list[str]:
        """Return sessions whose next deadline was at or before `now`, the longest due first."""
        with translated():
            found: list[Any] = await self._client.zrange(
                WAKE_KEY, cast("int", "-inf"), now, byscore=True, offset=0, num=limit
            )
        return [member.decode() for member in found]

    async def forget_wake(self, session: str) -> None:
        """Take a session out of the wake-up set, for instance one whose log has expired."""
        await self.set_wake(session, None)

    async def set_wake(self, session: str, wake_at: int | None) -> None:
        with translated():
            if wake_at is None:
                await self._client.zrem(WAKE_KEY, session)
            else:
                await self._client.zadd(WAKE_KEY, {session: wake_at})

    def _hint(self, session: str, wake_at: int | None) -> None:
        """Set a wake-up that lies on another node than the room: soon, and many at once."""
        self._hints[session] = wake_at
        if self._hinting is None or self._hinting.done():
            self._hinting = asyncio.create_task(self._hint_all())

    async def _hint_all(self) -> None:
        while self._hints:
            hints, self._hints = self._hints, {}
            due = {session: at for session, at in hints.items() if at is not None}
            never = [session for session, at in hints.items() if at is None]
            try:
                with translated():
                    if due:
                        await self._client.zadd(WAKE_KEY, due)
                    if never:
                        await self._client.zrem(WAKE_KEY, *never)
            except StoreError:
                self._hints = hints | self._hints  # with the next append
                return

    async def hinted(self) -> None:
        """Wait until the wake-ups of all appends are set, or were given up for now."""
        if self._hinting is not None:
            await asyncio.wait({self._hinting})

    async def rebuild_wake(self) -> int:
        """Put every room that has a log and no deadline into the wake-up set, due at once.

        The set is a hint and may be lost; who wakes a room corrects its entry. Returns how
        many were missing.
        """
        missing = 0
        with translated():
            async for key in self._client.scan_iter(match="tp:{*}:log", count=1000):
                session = key.decode().removeprefix("tp:{").removesuffix("}:log")
                missing += int(await self._client.zadd(WAKE_KEY, {session: 0}, nx=True) or 0)
        return missing


def _place(words: bytes) -> Position:
    """Read what append.lua keeps of a command: "version head"."""
    version, head = words.decode("ascii").split(" ")
    return Position(int(version), head)


def _outcome(expected: Position, answer: list[Any]) -> Outcome:
    """Read the answer of append.lua."""
    match answer[0]:
        case b"appended":
            positions = [
                Position(version, head.decode())
                for version, head in enumerate(answer[2:], expected.version + 1)
            ]
            return Appended(positions[-1] if positions else expected, positions)
        case b"repeated":
            found = zip(answer[1::3], answer[2::3], answer[3::3], strict=True)
            return Repeated(
                {
                    index: Position(version, head.decode()) if version else None
                    for index, version, head in found
                }
            )
        case b"conflict":
            behind = answer[1] == b"behind"
            return Conflict(numbered(expected.version, answer[2:]) if behind else None)
        case b"late":
            return Late(answer[1])
        case b"not_due":
            return NotDue(answer[1])
    raise AssertionError(f"append.lua answered {answer[0]!r}")
