"""What a person says over a socket that has arrived, and what they are answered.

Nothing here waits: a command is put into the queue of its room and answered when
its outcome is there, so one slow answer never holds up the next frame.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, Final, ParamSpec

import orjson

from server.rooms.decisions import DecisionFailed
from server.rooms.defects import note_defect
from server.rooms.outcomes import SENTENCES, Done, NotDone, Outcome
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.sockets import frames
from server.sockets.close_codes import CloseCode
from server.sockets.flood import FloodLimit
from server.sockets.listener import Listener
from server.sockets.live import Live
from server.sockets.wire import (
    NOT_STORED,
    BadCommand,
    BadFrame,
    Request,
    frame_id,
    read_frame,
    read_request,
)
from server.store.position import Position
from session_engine import Role

# What is refused unread is not read for its id, if that costs much: 32 KB of small parts take 4 ms.
LONG: Final = 2048

P = ParamSpec("P")


def _safely(
    act: Callable[Concatenate[Conversation, P], None],
) -> Callable[Concatenate[Conversation, P], None]:
    """Let a defect end this socket and nothing else."""

    def safely(self: Conversation, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            act(self, *args, **kwargs)
        except DecisionFailed:  # said where it happened
            self.break_off()
        except Exception as error:
            note_defect("a socket", error)
            self.break_off()

    return safely


class Conversation:
    """The frames of one socket, in order."""

    def __init__(
        self,
        rooms: Rooms,
        live: Live,
        replica: Replica,
        listener: Listener,
        role: Role,
        flood: FloodLimit,
    ) -> None:
        """Take who speaks, and how much more they may say."""
        self._rooms = rooms
        self._live = live
        self._replica = replica
        self._listener = listener
        self._role = role
        self._flood = flood

    @_safely
    def take(self, message: str | bytes) -> None:
        """Act on one message straight from the socket."""
        if not self._flood.admits():
            self._refuse(_id_of(message), "too_fast")
        else:
            try:
                self._act(read_frame(message))
            except BadFrame:
                self._flood.note_unreadable()
                self._refuse(None, "bad_frame")
            except BadCommand as bad:
                self._refuse(bad.command_id, "bad_command", bad.field)
        if self._flood.is_abused:
            self._listener.outbox.close(CloseCode.PROTOCOL_ABUSE)

    def _act(self, frame: dict[str, Any]) -> None:
        if "do" not in frame and "ping" in frame:
            self._pong(frame["ping"])
            return
        request = read_request(frame, self._listener.person)
        stored = request.command.do not in NOT_STORED
        command_id = f"{self._listener.person}:{request.id}" if stored else ""
        outcome = self._rooms.submit(self._replica, request.command, command_id)
        if outcome.done():
            self._answer(request, outcome)
        else:
            outcome.add_done_callback(lambda settled: self._answer(request, settled))

    def break_off(self) -> None:
        """End this socket because of a defect."""
        self._listener.outbox.close_with(1011, "Something went wrong here.")

    # ---- Answers ------------------------------------------------------------------

    @_safely
    def _answer(self, request: Request, settled: asyncio.Future[Outcome]) -> None:
        if not settled.cancelled():
            self._tell(request, settled.result())

    def _tell(self, request: Request, outcome: Outcome) -> None:
        match outcome:
            case Done(at, repeated):
                sending = self._relay(request, repeated)
                if sending is None:
                    self._done(request, at)
                else:
                    sending.add_done_callback(lambda sent: self._sent(request, at, sent))
            case NotDone(code, field):
                self._replica.receipts.answered(self._listener.person, request.id)
                self._refuse(request.id, code, field)
            case _:
                self._send({"type": "unknown", "id": request.id})

    def _done(self, request: Request, at: Position) -> None:
        # What is not stored no log can lose, and of a closed line nobody hears that it is done.
        if request.command.do not in NOT_STORED and self._listener.outbox.is_open:
            self._replica.receipts.note(self._listener.person, request.id, at)
        answer: dict[str, Any] = {"type": "done", "id": request.id}
        if self._role is Role.FACILITATOR:
            answer["version"] = at.version
        self._send(answer)

    @_safely
    def _sent(self, request: Request, at: Position, sent: asyncio.Future[bool]) -> None:
        """Call a private word done when it has left for the other workers, not before."""
        if sent.cancelled() or not sent.result():
            self._send({"type": "unknown", "id": request.id})
        else:
            self._done(request, at)

    def _refuse(self, command_id: str | None, code: str, field: str | None = None) -> None:
        answer = {"type": "refused", "id": command_id, "code": code, "message": SENTENCES[code]}
        if field is not None:
            answer["field"] = field
        self._send(answer)

    def _pong(self, echo: object) -> None:
        # The library's own encoder: an echo may hold numbers that orjson does not know.
        pong = {"type": "pong", "now": self._rooms.clock.now_ms(), "echo": echo}
        try:
            encoded = json.dumps(pong).encode()
        except RecursionError:
            raise BadFrame from None  # read at its deepest, one level too deep to write
        self._listener.outbox.send(frames.message(encoded))

    def _send(self, answer: Mapping[str, Any]) -> None:
        self._listener.outbox.send(frames.message(orjson.dumps(answer)))

    # ---- What is said but not stored ----------------------------------------------

    def _relay(self, request: Request, repeated: bool) -> asyncio.Future[bool] | None:
        """Pass on the words of an accepted command; they were never in the log.

        The future, where there is one, says whether they have left this worker.
        """
        room = self._replica.room
        session, person = self._replica.session, self._listener.person
        if room is None or person not in room.people:
            return None
        command, text = request.command, request.relayed
        match command.do:
            case "write":
                turn = getattr(command, "turn")  # noqa: B009
                self._live.write(session, person, turn, text)
            case "gesture":
                self._live.gesture(session, person, text)
            case "say_privately":
                to = getattr(command, "to")  # noqa: B009
                return self._live.line(session, room.people[person], to, text)
            case "ask_support":
                kind = getattr(command, "kind")  # noqa: B009
                calls = [one for one in room.alerts if (one.person, one.kind) == (person, kind)]
                # The note of a repetition may not have arrived, but it belongs to its own call.
                if calls and calls[-1].state != "closed" and not (repeated and len(calls) > 1):
                    return self._live.alert(session, calls[-1].id, room.people[person], kind, text)
        return None


def _id_of(message: str | bytes) -> str | None:
    if len(message) > LONG:
        return None
    try:
        return frame_id(read_frame(message))
    except BadFrame:
        return None
