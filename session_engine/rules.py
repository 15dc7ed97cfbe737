"""Who may do what, in which stage, and what must be so first: one table.

Rule 1: a command whose role is not in its row is refused with `not_allowed`.
Rule 2: a command in a stage that is not in its row is refused with `wrong_stage`.
Rule 3: then its conditions are asked in order; the first refusal counts.
Rule 4: `may` is read from this table; nothing is tried to find out.

What depends on the fields of a command (which turn, which person, which text)
is checked afterwards by the decision itself.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from session_engine.commands import Role
from session_engine.limits import MAX_THEMES
from session_engine.room import Person, Room
from session_engine.situation import Situation, situation_of
from session_engine.stages import ALL_STAGES, FLOOR_STAGES, LIVE_STAGES, OPEN_STAGES, Stage
from session_engine.standing import Standpoint, standpoint

Condition = Callable[[Situation, Standpoint], str | None]


def not_held(situation: Situation, who: Standpoint) -> str | None:
    return "held" if situation.is_held else None


def is_held(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.is_held else "not_held"


def has_the_turn(situation: Situation, who: Standpoint) -> str | None:
    if not situation.turn_is_open:
        return "stale_turn"
    return None if who.has_turn else "not_your_turn"


def can_start(situation: Situation, who: Standpoint) -> str | None:
    running = situation.turn_has_started and not situation.turn_is_dropped
    return "turn_started" if running else None


def turn_is_running(situation: Situation, who: Standpoint) -> str | None:
    if not situation.turn_is_open:
        return "stale_turn"
    return None if situation.turn_has_started else "turn_not_started"


def turn_is_offered(situation: Situation, who: Standpoint) -> str | None:
    if not situation.turn_is_open:
        return "stale_turn"
    return "turn_started" if situation.turn_has_started else None


def can_extend(situation: Situation, who: Standpoint) -> str | None:
    return "limit_out_of_range" if situation.turn_is_full else None


def can_pass(situation: Situation, who: Standpoint) -> str | None:
    return None if who.has_turn or who.waits else "nothing_to_pass"


def hand_is_down(situation: Situation, who: Standpoint) -> str | None:
    if who.silenced:
        return "silenced"
    return "hand_raised" if who.hand_up else None


def hand_is_up(situation: Situation, who: Standpoint) -> str | None:
    return None if who.hand_up else "hand_not_raised"


def may_volunteer(situation: Situation, who: Standpoint) -> str | None:
    """Hands make no sense in the close, unless its round asks for volunteers."""
    return (
        "wrong_stage" if situation.stage is Stage.CLOSE and not situation.for_volunteers else None
    )


def has_a_theme_left(situation: Situation, who: Standpoint) -> str | None:
    return None if len(who.resonated) < situation.themes else "unknown_theme"


def may_speak(situation: Situation, who: Standpoint) -> str | None:
    """Is this person heard? A facilitator always; the holder while the clock runs."""
    if who.role is Role.FACILITATOR:
        return None
    if not situation.turn_is_open:
        return "stale_turn"
    if not who.has_turn:
        return "not_your_turn"
    if not situation.turn_has_started or situation.turn_is_dropped:
        return "turn_not_started"
    return not_held(situation, who)


def on_call_is_named(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.on_call_is_named else "no_on_call"


def can_undo(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.can_undo else "nothing_to_undo"


def no_round_yet(situation: Situation, who: Standpoint) -> str | None:
    return "round_open" if situation.round_is_open else None


def round_for_everyone(situation: Situation, who: Standpoint) -> str | None:
    if not situation.round_is_open:
        return "no_round"
    return "round_open" if situation.for_volunteers else None


def can_step(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.turn_is_open or situation.somebody_is_next else "nobody_waiting"


def somebody_waits(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.somebody_is_movable else "not_waiting"


def somebody_knocks(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.somebody_knocks else "unknown_person"


def somebody_sits(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.somebody_sits else "unknown_person"


def somebody_is_heard(situation: Situation, who: Standpoint) -> str | None:
    if situation.somebody_is_heard:
        return None
    return somebody_sits(situation, who) or "already_silenced"


def a_seat_is_free(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.seat_is_free else "full"


def a_theme_fits(situation: Situation, who: Standpoint) -> str | None:
    return "too_many_themes" if situation.themes >= MAX_THEMES else None


def has_a_theme(situation: Situation, who: Standpoint) -> str | None:
    return None if situation.themes else "unknown_theme"


def alert_waits(situation: Situation, who: Standpoint) -> str | None:
    if situation.alert_waits:
        return None
    return "alert_taken" if situation.alert_is_taken else "unknown_alert"


def alert_is_taken(situation: Situation, who: Standpoint) -> str | None:
    if situation.alert_is_taken:
        return None
    return "not_taken" if situation.alert_waits else "unknown_alert"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the roles and stages of a command, and its conditions in order."""

    roles: Set[Role]
    stages: Set[Stage]
    conditions: tuple[Condition, ...] = ()


_P: Final = frozenset({Role.PARTICIPANT})
_F: Final = frozenset({Role.FACILITATOR})
_PF: Final = _P | _F
_ALL: Final = frozenset(Role)
_HANDS: Final = frozenset({Stage.INTRODUCTIONS, Stage.DISCUSSION, Stage.CLOSE})
_INTRO: Final = frozenset({Stage.INTRODUCTIONS})
_CLOSE: Final = frozenset({Stage.CLOSE})
_ROUNDS: Final = frozenset({Stage.INTRODUCTIONS, Stage.CLOSE})

RULES: Final[Mapping[str, Rule]] = {
    "start_turn": Rule(_P, FLOOR_STAGES, (has_the_turn, can_start, not_held)),
    "finish_turn": Rule(_P, FLOOR_STAGES, (has_the_turn, turn_is_running)),
    "pass": Rule(_P, FLOOR_STAGES, (can_pass,)),
    "raise_hand": Rule(_P, _HANDS, (may_volunteer, hand_is_down)),
    "lower_hand": Rule(_P, _HANDS, (hand_is_up,)),
    "resonate": Rule(_P, OPEN_STAGES, (has_a_theme_left,)),
    "gesture": Rule(_PF, LIVE_STAGES),
    "write": Rule(_PF, LIVE_STAGES, (may_speak,)),
    "ask_support": Rule(_P, ALL_STAGES),
    "say_privately": Rule(_PF, OPEN_STAGES),
    "leave": Rule(_ALL, ALL_STAGES),
    "begin": Rule(_F, frozenset({Stage.LOBBY}), (on_call_is_named,)),
    "advance": Rule(_F, LIVE_STAGES),
    "undo_advance": Rule(_F, LIVE_STAGES | {Stage.LOBBY}, (can_undo,)),
    "end_session": Rule(_F, OPEN_STAGES),
    "hold": Rule(_F, LIVE_STAGES, (not_held,)),
    "resume": Rule(_F, LIVE_STAGES, (is_held,)),
    "start_round": Rule(_F, _CLOSE, (no_round_yet,)),
    "volunteers_only": Rule(_F, _ROUNDS, (round_for_everyone,)),
    "carry_over": Rule(_F, _INTRO),
    "next": Rule(_F, FLOOR_STAGES, (not_held, can_step)),
    "end_turn": Rule(_F, FLOOR_STAGES, (turn_is_running,)),
    "skip": Rule(_F, FLOOR_STAGES, (turn_is_offered,)),
    "extend": Rule(_F, FLOOR_STAGES, (turn_is_running, can_extend)),
    "give_floor": Rule(_F, FLOOR_STAGES, (somebody_sits,)),
    "move": Rule(_F, FLOOR_STAGES, (somebody_waits,)),
    "silence": Rule(_F, OPEN_STAGES, (somebody_is_heard,)),
    "remove": Rule(_F, OPEN_STAGES),
    "admit": Rule(_F, OPEN_STAGES, (somebody_knocks, a_seat_is_free)),
    "turn_away": Rule(_F, OPEN_STAGES, (somebody_knocks,)),
    "take_alert": Rule(_F, ALL_STAGES, (alert_waits,)),
    "close_alert": Rule(_F, ALL_STAGES, (alert_is_taken,)),
    "set_prompt": Rule(_F, OPEN_STAGES),
    "set_limit": Rule(_F, OPEN_STAGES),
    "set_stepping": Rule(_F, OPEN_STAGES),
    "set_observers": Rule(_F, OPEN_STAGES),
    "set_doors": Rule(_F, OPEN_STAGES),
    "set_on_call": Rule(_F, OPEN_STAGES),
    "set_script": Rule(_F, OPEN_STAGES),
    "add_theme": Rule(_F, OPEN_STAGES, (a_theme_fits,)),
    "edit_theme": Rule(_F, OPEN_STAGES, (has_a_theme,)),
    "drop_theme": Rule(_F, OPEN_STAGES, (has_a_theme,)),
}

# Who waits to be let in may need somebody more than anybody inside.
_AT_THE_DOOR: Final = ("ask_support", "leave")

_ROWS: Final = {
    (role, stage): tuple(
        (do, rule.conditions)
        for do, rule in RULES.items()
        if role in rule.roles and stage in rule.stages
    )
    for role in Role
    for stage in Stage
}


def who_and_when(room: Room, person: Person, do: str) -> str | None:
    """Tell whether role and stage refuse this command; None: they do not."""
    rule = RULES[do]
    if person.state == "knocking" and do not in _AT_THE_DOOR:
        return "not_allowed"
    if person.state == "gone" or person.role not in rule.roles:
        return "not_allowed"
    return None if room.stage in rule.stages else "wrong_stage"


def first_condition(situation: Situation, who: Standpoint, do: str) -> str | None:
    """Tell which condition refuses this command; None: it may go ahead."""
    for condition in RULES[do].conditions:
        code = condition(situation, who)
        if code is not None:
            return code
    return None


def may(room: Room, person: Person) -> tuple[str, ...]:
    """List the commands that this person could send now, by their wire names."""
    return may_from(situation_of(room), person.state, standpoint(room, person))


@lru_cache(maxsize=4096)  # of all rooms: few of them stand in a way of their own
def may_from(situation: Situation, state: str, who: Standpoint) -> tuple[str, ...]:
    """List the commands that somebody in this state could send from this standpoint."""
    if state != "seated":
        return _AT_THE_DOOR if state == "knocking" else ()
    found: list[str] = []
    for do, conditions in _ROWS[who.role, situation.stage]:
        for condition in conditions:
            if condition(situation, who) is not None:
                break
        else:
            found.append(do)
    return tuple(found)
