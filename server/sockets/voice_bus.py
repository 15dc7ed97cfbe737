"""Sound between workers: through memory only, over the live store's pub/sub.

One channel for all workers and rooms. What a worker has to say within GATHER_SECONDS
goes out as one message, because a message costs a worker as much as the sound of
twenty frames in it. A message is the name of its worker, then entries:

    | kind 1 | session length 1 | session | person length 1 | person | length 2 | data |

A sound carries its speaker and their frame as it came, so that who receives it checks
the floor again; a roll (kind "R") carries JSON. The bus is trusted: only workers are
on it. What it loses is not repeated.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from redis.asyncio import Redis

from server.rooms.defects import note_defect
from server.rooms.sharded_feed import open_feed
from server.store.errors import StoreError, translated
from server.store.trips import in_trips

CHANNEL: Final = "tp:voice"
SOUND: Final = ord("S")
ROLL: Final = ord("R")

# Adds this to the way of a frame at most; a listener buffers 150 ms and more.
GATHER_SECONDS: Final = 0.005
# What 100 rooms say in a second and more: beyond it the bus is stuck, and the oldest goes.
WAITING_MAX: Final = 2_048

Heard = Callable[[str, str, bytes], None]


class VoiceBus:
    """Says what others must hear, and tells what they said."""

    def __init__(
        self,
        client: Redis | None,
        worker: str,
        *,
        on_sound: Heard,
        on_roll: Heard,
        on_subscribed: Callable[[], None],
    ) -> None:
        """Take the live store (None: this worker is alone) and who is told what.

        `on_sound(session, person, frame)`, `on_roll(session, worker, json)`.
        """
        self._client = in_trips(client) if client else None
        self._worker = worker.encode()
        self._on_sound = on_sound
        self._on_roll = on_roll
        self._waiting: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._something = asyncio.Event()
        self.feed = (
            open_feed(client, on_message=self._heard, on_subscribed=lambda _: on_subscribed())
            if client
            else None
        )

    def say(self, kind: int, session: str, person: str, data: bytes) -> None:
        """Tell the other workers; never waits."""
        if self._client is None:
            return
        room, who = session.encode(), person.encode()
        self._waiting.append(
            b"%c%c%b%c%b%b%b" % (kind, len(room), room, len(who), who, len(data).to_bytes(2), data)
        )
        self._something.set()

    async def listen(self) -> None:
        """Hear what others have to say, for ever."""
        if self.feed is not None:
            self.feed.subscribe(CHANNEL)
            await self.feed.run()

    async def send(self) -> None:
        """Send what there is to say, for ever."""
        client = self._client
        while client is not None:
            await self._something.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._something.clear()
            message = b"%c%b%b" % (len(self._worker), self._worker, b"".join(self._waiting))
            self._waiting.clear()
            try:
                with translated():
                    await client.publish(CHANNEL, message)
            except StoreError:
                self._waiting.clear()  # Old by now, and nobody waits for old sound.
            except Exception as error:
                note_defect("the voice bus", error)

    def _heard(self, _: str, data: bytes) -> None:
        at = 1 + data[0]
        worker = data[1:at]
        if worker == self._worker:
            return
        while at < len(data):
            kind, size = data[at], data[at + 1]
            session = data[at + 2 : at + 2 + size].decode()
            at += 2 + size
            size = data[at]
            person = data[at + 1 : at + 1 + size].decode()
            at += 1 + size
            size = int.from_bytes(data[at : at + 2])
            entry = data[at + 2 : at + 2 + size]
            at += 2 + size
            if kind == SOUND:
                self._on_sound(session, person, entry)
            elif kind == ROLL:
                self._on_roll(session, worker.decode(), entry)
