"""From a change in a room to the screens: one audience per room with sockets here."""

from __future__ import annotations

from typing import Final

from server.rooms.defects import note_defect
from server.rooms.presence import Presence
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets import frames
from server.sockets.audience import Audience
from server.sockets.listener import Listener
from server.sockets.live import Live

STORE_AWAY: Final = frames.message(b'{"type":"store","away":true}')
STORE_BACK: Final = frames.message(b'{"type":"store","away":false}')


class Fanout:
    """The audiences of all rooms on this worker."""

    def __init__(self, rooms: Rooms, presence: Presence, live: Live) -> None:
        """Listen for the store going away and coming back."""
        self._rooms = rooms
        self._presence = presence
        self._live = live
        self._audiences: dict[str, Audience] = {}
        rooms.watch.on_change.append(self._store_changed)

    async def join(self, replica: Replica, listener: Listener) -> Audience:
        """Take a socket into the audience of its room, and show it what there is."""
        audience = self._audiences.get(replica.session)
        is_new = audience is None
        if audience is None:
            audience = Audience(replica, self._rooms.clock, self._come_back)
            self._audiences[replica.session] = audience
        try:
            # First in, then the rest: an audience without anybody may be ended meanwhile.
            audience.join(listener)
            if is_new:
                await self._live.open(audience)  # what other workers know is told as it comes
            else:
                self._live.catch_up(audience, listener)
        except BaseException:
            self.part(audience, listener)
            raise
        return audience

    def part(self, audience: Audience, listener: Listener) -> None:
        """Let a socket go; the last one ends the audience."""
        audience.part(listener)
        session = audience.replica.session
        if not audience.listeners and self._audiences.get(session) is audience:
            del self._audiences[session]
            audience.end()
            self._live.close(audience)

    def _come_back(self, audience: Audience, listener: Listener) -> None:
        """Say again that a socket is here: another worker took this one for dead."""
        replica = audience.replica
        self._presence.arrive(replica, listener.person, listener.connection, again=True)

    def _store_changed(self, away: bool) -> None:
        for audience in tuple(self._audiences.values()):
            audience.tell_everyone(STORE_AWAY if away else STORE_BACK)
            try:
                if not away:
                    audience.refresh()
            except Exception as error:  # a defect of one room is nobody else's
                note_defect("showing a room", error)

    def audiences(self) -> list[Audience]:
        """List the audiences of all rooms with sockets here."""
        return list(self._audiences.values())
