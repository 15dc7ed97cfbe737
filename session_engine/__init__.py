"""The rules of a session: pure, without clock, randomness, waiting or network.

Everything outside comes in through this front door. Time is ms of Redis' clock
and comes in, like every id; decisions come out as events.
"""

from session_engine.commands import (
    COMMANDS,
    Arrive,
    ClockSetBack,
    Command,
    Drop,
    Enter,
    PassKind,
    PersonCommand,
    Role,
    SupportKind,
    Tick,
    TimeLost,
)
from session_engine.deadlines import next_deadline
from session_engine.decider import create, decide, enact
from session_engine.events import EVENTS, Event, from_dict, to_dict
from session_engine.evolve import evolve, replay
from session_engine.hearing import is_heard
from session_engine.ids import ConnectionId, PersonId
from session_engine.refusals import REFUSALS, Refused
from session_engine.room import (
    Person,
    Room,
    Turn,
    awaits_help,
    circle,
    connected,
    find_person,
    is_closed,
    untaken,
)
from session_engine.rules import RULES, may
from session_engine.schedule import first_wait_ms, places
from session_engine.settings import MODES, RANGES, Settings
from session_engine.stages import Stage
from session_engine.standing import Stance, stances
from session_engine.views import WAITING_VIEW, from_stance, ground, view, whom, you

__all__ = [
    "COMMANDS",
    "EVENTS",
    "MODES",
    "RANGES",
    "REFUSALS",
    "RULES",
    "WAITING_VIEW",
    "Arrive",
    "ClockSetBack",
    "Command",
    "ConnectionId",
    "Drop",
    "Enter",
    "Event",
    "PassKind",
    "Person",
    "PersonCommand",
    "PersonId",
    "Refused",
    "Role",
    "Room",
    "Settings",
    "Stage",
    "Stance",
    "SupportKind",
    "Tick",
    "TimeLost",
    "Turn",
    "awaits_help",
    "circle",
    "connected",
    "create",
    "decide",
    "enact",
    "evolve",
    "find_person",
    "first_wait_ms",
    "from_dict",
    "from_stance",
    "ground",
    "is_closed",
    "is_heard",
    "may",
    "next_deadline",
    "places",
    "replay",
    "stances",
    "to_dict",
    "untaken",
    "view",
    "whom",
    "you",
]
