"""The logs of the rooms: the only thing that is kept, and the only place of agreement.

Workers decide on a copy; `append` stores what they decided only if their copy was
the newest, and tells every other worker in the same step (append.lua). Nothing is
stored unannounced or announced unstored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis

from server.store.errors import translated
from server.store.position import START, Element, Position, Record, numbered

WAKE_KEY = "tp:wake"
HERE = Path(__file__).parent


def log_key(session: str) -> str:
    """Return the key of a room's log, which is also the name of its channel."""
    return f"tp:{{{session}}}:log"


def ids_key(session: str) -> str:
    """Return the key of the hash of command ids of a room."""
    return f"tp:{{{session}}}:ids"


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


class RoomLog:
    """Reads and appends; holds no state of its own, so one serves all rooms of a worker.

    `cluster`: keys of different rooms lie on different nodes, channels are sharded.
    Every method raises `LogUnavailable` and `StoreRefused` (see errors).
    """

    def __init__(self, client: Redis, *, cluster: bool = False) -> None:
        self._client = client
        self._cluster = cluster
        self._append = client.register_script((HERE / "append.lua").read_bytes())
        self._read = client.register_script((HERE / "read.lua").read_bytes())
        self._positions = client.register_script((HERE / "positions.lua").read_bytes())

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
            outcome = _outcome(expected, await self._append(keys=keys, args=args))
        if self._cluster and isinstance(outcome, Appended):
            await self.set_wake(session, wake_at)
        return outcome

    async def read(self, session: str, after: Position = START) -> list[Element] | None:
        """Return what follows `after`; None when `after` names another history."""
        with translated():
            answer = await self._read(keys=[log_key(session)], args=[after.version, after.head])
        return numbered(after.version, answer[1:]) if answer[0] == b"behind" else None

    async def positions(self, sessions: Sequence[str]) -> dict[str, Position | None]:
        """Return where each room's log ends, in one round trip; None where there is none."""
        if not sessions:
            return {}
        ends: list[Any] = []
        with translated():
            for keys in self._grouped([log_key(session) for session in sessions]):
                ends += await self._positions(keys=keys)
        return {
            session: Position(version, head.decode()) if version else None
            for session, version, head in zip(sessions, ends[::2], ends[1::2], strict=True)
        }

    def _grouped(self, keys: list[str]) -> list[list[str]]:
        # A script may only touch keys of one slot in a cluster.
        return [[key] for key in keys] if self._cluster else [keys]

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
