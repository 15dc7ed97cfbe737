"""A new room and the rooms of a worker, without the rest of it, on a real store."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis
from websockets.frames import Frame
from websockets.streams import StreamReader

from server.new_session import create_session
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.rooms.watch import StoreWatch
from server.store.life import Life
from server.store.redis_clock import RedisClock
from server.store.room_log import RoomLog
from session_engine import Enter, PersonId, Role
from tests.server.house import SECRET

WORKER = "w1"


class Sink:
    """An open socket that keeps the newest of what was written to it, and nothing else."""

    is_paused = False

    def __init__(self) -> None:
        """Be its own transport, too."""
        self.is_open = self.may_write = True
        self.transport = self
        self.newest: Sequence[bytes] = ()

    def end(self, code: int, reason: str) -> None:
        """Be closed."""
        self.is_open = self.may_write = False

    def is_closing(self) -> bool:
        """Say whether it is closed."""
        return not self.is_open

    def writelines(self, frames: Sequence[bytes]) -> None:
        """Take them."""
        self.newest = frames

    def write_frames(self, frames: Sequence[bytes]) -> bool:
        """Take them, and say so."""
        self.newest = frames
        return self.is_open


def read_frames(data: bytes) -> list[Frame]:
    """Read whole frames of a server."""
    reader, found = StreamReader(), []
    reader.feed_data(data)
    while reader.buffer:
        parsing = Frame.parse(reader.read_exact, mask=False)
        try:
            next(parsing)
        except StopIteration as parsed:
            found.append(parsed.value)
        else:
            raise AssertionError("half a frame")
    return found


async def opened(
    store_url: str, client: Redis, log: RoomLog | None = None
) -> tuple[Replica, Rooms]:
    """Return a new room and the rooms of a worker that has not had its first pulse yet."""
    new = await create_session(store_url, SECRET, "http://127.0.0.1", {"title": "Evening"})
    rooms = rooms_of(client, log)
    await rooms.clock.sync()
    return await rooms.open(new.session), rooms


def rooms_of(client: Redis, log: RoomLog | None = None) -> Rooms:
    """Return the rooms of another worker, with nobody in memory; its clock is to be synced."""
    clock = RedisClock(client)
    watch = StoreWatch(client, clock, Life(client), WORKER)
    watch.away = False
    return Rooms(log or RoomLog(client, replicated=False), clock, watch, WORKER)


def enter(person: str, role: Role = Role.PARTICIPANT) -> Enter:
    """Let somebody in."""
    return Enter(person=PersonId(person), role=role, name=person, consent="1")
