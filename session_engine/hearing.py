"""Whose voice the room hears: asked for every frame of sound, on every worker.

Rule 1: a participant is heard in their own open turn, by its number, from its
        start to the end of its grace, while they are connected and nothing holds.
Rule 2: a facilitator is heard until the session has ended, also during a hold,
        outside turns (0) or in the open one.
Rule 3: the end is that of the clock: a late tick does not lengthen a turn.
"""

from session_engine.commands import Role
from session_engine.limits import SECOND_MS
from session_engine.room import Person, Room
from session_engine.rules import may_speak
from session_engine.situation import situation_of
from session_engine.stages import Stage
from session_engine.standing import standpoint


def is_heard(room: Room, person: Person, number: int, now: int) -> bool:
    """Tell whether sound of this person, for the turn with this number, is passed on."""
    if person.state != "seated" or room.stage is Stage.ENDED:
        return False
    turn = room.turn
    if person.role is Role.FACILITATOR and number == 0:
        return True
    if turn is None or turn.number != number:
        return False
    if may_speak(situation_of(room), standpoint(room, person)) is not None:
        return False
    if person.role is Role.FACILITATOR:
        return True
    left_ms = 0 if turn.phase == "grace" else room.settings.grace_s * SECOND_MS
    return now < turn.ends_at + left_ms
