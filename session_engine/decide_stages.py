"""Decisions about the session as a whole: stages, undo, hold, rounds, lost time."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from session_engine import commands as c
from session_engine import events as e
from session_engine.decide_turns import close_turn
from session_engine.draft import Draft
from session_engine.ids import PersonId
from session_engine.queue import unheard, waiting
from session_engine.refusals import Refused
from session_engine.room import Room
from session_engine.stages import NEXT_STAGE, Stage


def _move_on(draft: Draft, to_stage: Stage, by: str) -> None:
    close_turn(draft, "stage")
    draft.add(e.StageChanged(at=draft.now, from_stage=draft.room.stage, to_stage=to_stage, by=by))


def begin(draft: Draft, command: c.Begin) -> None:
    _move_on(draft, NEXT_STAGE[Stage.LOBBY]["begin"], command.by)


def advance(draft: Draft, command: c.Advance) -> None:
    """One stage on, from the stage that the facilitator saw.

    Raises Refused: stale_stage, introductions_incomplete, needs_confirm.
    """
    room = draft.room
    if command.from_ != room.stage:
        raise Refused("stale_stage", "from")
    if not command.confirm:
        if room.stage is Stage.INTRODUCTIONS and unheard(room):
            raise Refused("introductions_incomplete", "confirm")
        if room.turn is not None:
            raise Refused("needs_confirm", "confirm")
    to_stage = NEXT_STAGE[room.stage]["advance"]
    if to_stage is Stage.ENDED:
        end(draft, "facilitator", draft.now, command.by)
    else:
        _move_on(draft, to_stage, command.by)


def carry_over(draft: Draft, command: c.CarryOver) -> None:
    """Go on to the discussion and let those who had no turn wait there.

    Raises Refused(needs_confirm) while a turn is open.
    """
    if draft.room.turn is not None and not command.confirm:
        raise Refused("needs_confirm", "confirm")
    close_turn(draft, "stage")  # first: whoever had not started yet is carried over too
    room = draft.room
    unsettled = [person for person in waiting(room) if _is_owed_a_turn(room, person)]
    _move_on(draft, Stage.DISCUSSION, command.by)
    if unsettled:
        draft.add(e.HandsCarriedOver(at=draft.now, people=tuple(unsettled)))


def _is_owed_a_turn(room: Room, person: PersonId) -> bool:
    """Tell who is carried over: not who was only called once more after having had theirs."""
    round_ = room.floor.round
    assert round_ is not None
    return person in round_.waiting or person not in round_.settled


def undo_advance(draft: Draft, command: c.UndoAdvance) -> None:
    """Go back; a turn begun since is closed without counting."""
    close_turn(draft, "undone")
    undo = draft.room.undo
    if draft.room.held_at is not None and undo is not None and undo.stage is Stage.LOBBY:
        draft.add(e.RoomResumed(at=draft.now, by=command.by))  # there is nothing to hold there
    draft.add(e.AdvanceUndone(at=draft.now, by=command.by))


def end_session(draft: Draft, command: c.EndSession) -> None:
    if not command.confirm:
        raise Refused("needs_confirm", "confirm")
    end(draft, "facilitator", draft.now, command.by)


def end(draft: Draft, reason: str, at: int, by: str | None = None) -> None:
    """End the session for good, and the open turn with it."""
    close_turn(draft, "session_over", at)
    draft.add(e.SessionEnded(at=at, reason=reason, by=by))


def hold(draft: Draft, command: c.Hold) -> None:
    draft.add(e.RoomHeld(at=draft.now, by=command.by))


def resume(draft: Draft, command: c.Resume) -> None:
    draft.add(e.RoomResumed(at=draft.now, by=command.by))
    turn = draft.room.turn
    if turn is not None and not turn.started and not draft.room.people[turn.person].present:
        close_turn(draft, "absent")  # they went away meanwhile, when no clock of the floor ran


def start_round(draft: Draft, command: c.StartRound) -> None:
    draft.add(e.RoundStarted(at=draft.now, by=command.by))


def volunteers_only(draft: Draft, command: c.VolunteersOnly) -> None:
    draft.add(e.VolunteersCalled(at=draft.now, by=command.by))


STAGE_COMMANDS: Final[Mapping[type[c.PersonCommand], Callable[[Draft, Any], None]]] = {
    c.Begin: begin,
    c.Advance: advance,
    c.CarryOver: carry_over,
    c.UndoAdvance: undo_advance,
    c.EndSession: end_session,
    c.Hold: hold,
    c.Resume: resume,
    c.StartRound: start_round,
    c.VolunteersOnly: volunteers_only,
}
