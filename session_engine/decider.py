"""The one place where a request becomes facts: decide(room, command, now) -> events.

Rule 1: what fell due by `now` happens first, so every command meets the room as
        it is, not as the last reader of the clock left it.
Rule 2: a refusal changes nothing: not even what fell due is kept then.
Rule 3: role and stage, then the named turn, then the conditions of rules.py,
        then the fields; the first refusal counts.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from session_engine import commands as c
from session_engine import events as e
from session_engine.deadlines import fall_due
from session_engine.decide_people import PEOPLE_COMMANDS
from session_engine.decide_room import ROOM_COMMANDS
from session_engine.decide_stages import STAGE_COMMANDS
from session_engine.decide_turns import TURN_COMMANDS, check_turn_named
from session_engine.draft import Draft, sender
from session_engine.refusals import Refused
from session_engine.room import Room
from session_engine.rules import first_condition, who_and_when
from session_engine.settings import Settings
from session_engine.situation import situation_of
from session_engine.stages import Stage
from session_engine.standing import standpoint

DECISIONS: Final[Mapping[type[Any], Callable[[Draft, Any], None]]] = {
    **STAGE_COMMANDS,
    **TURN_COMMANDS,
    **PEOPLE_COMMANDS,
    **ROOM_COMMANDS,
}


def create(settings: Settings, session: str, log_id: str, at: int) -> tuple[e.Event, ...]:
    """Make the first facts of a room. `log_id` must be random: it names this history."""
    return (e.RoomCreated(at=at, session=session, log_id=log_id, settings=settings.to_dict()),)


def decide(room: Room, command: c.Command, now: int) -> tuple[e.Event, ...]:
    """Decide what a command makes happen at `now` (ms of Redis' clock).

    An empty answer means: accepted, and nothing to store. Events may be stamped
    earlier than `now`, never earlier than the room's last one (but for a ClockSetBack).
    Raises Refused(code) when the rules do not allow it.
    """
    return enact(room, command, now)[1]


def enact(room: Room, command: c.Command, now: int) -> tuple[Room, tuple[e.Event, ...]]:
    """Decide, and give the state after the events as well: it is what `evolve` makes of them."""
    draft = Draft(room, now)
    if isinstance(command, c.TimeLost):
        give_back(draft, command)
        return draft.room, tuple(draft.events)
    if isinstance(command, c.ClockSetBack):
        set_back(draft, command)
        return draft.room, tuple(draft.events)
    fall_due(draft, draft.now)
    if isinstance(command, c.PersonCommand):
        _check(draft.room, command)
    if not isinstance(command, c.Tick):
        DECISIONS[type(command)](draft, command)
    return draft.room, tuple(draft.events)


def _check(room: Room, command: c.PersonCommand) -> None:
    person = sender(room, command)
    code = who_and_when(room, person, command.do)
    if code is None:
        check_turn_named(room, person, command)
        code = first_condition(situation_of(room), standpoint(room, person), command.do)
    if code is not None:
        raise Refused(code)


def give_back(draft: Draft, command: c.TimeLost) -> None:
    """Give back the time in which the service was away, once.

    What was due before the outage happens first. What is given back twice, by
    two workers that noticed the same outage, is only what nobody gave back yet: giving
    back is itself an event, and no time before the last event was lost.
    """
    since = max(command.since, draft.room.last_at)
    until = min(command.until, draft.now)
    if until <= since:
        return
    fall_due(draft, since)
    if draft.room.stage is not Stage.ENDED:
        draft.add(e.TimeGivenBack(at=until, lost_ms=until - since))


def set_back(draft: Draft, command: c.ClockSetBack) -> None:
    """Follow a clock that was set back: no time has passed since the last event.

    Else everything would stand until the clock is again where the last event saw it.
    """
    by_ms = draft.room.last_at - command.to
    if by_ms > 0:
        draft.add(e.MomentsSetBack(at=command.to, by_ms=by_ms))
