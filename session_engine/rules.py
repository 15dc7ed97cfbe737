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
from typing import Final

from session_engine.commands import Role
from session_engine.limits import MAX_THEMES
from session_engine.queue import next_people
from session_engine.room import Person, Room, circle, seating, untaken
from session_engine.stages import ALL_STAGES, FLOOR_STAGES, LIVE_STAGES, OPEN_STAGES, Stage
from session_engine.standing import Standpoint, standpoint
from session_engine.turns import extension_ms

Condition = Callable[[Room, Standpoint], str | None]


def not_held(room: Room, who: Standpoint) -> str | None:
    return "held" if room.held_at is not None else None


def is_held(room: Room, who: Standpoint) -> str | None:
    return "not_held" if room.held_at is None else None


def has_the_turn(room: Room, who: Standpoint) -> str | None:
    if room.turn is None:
        return "stale_turn"
    return None if who.has_turn else "not_your_turn"


def can_start(room: Room, who: Standpoint) -> str | None:
    turn = room.turn
    running = turn is not None and turn.phase != "offered" and turn.dropped_until is None
    return "turn_started" if running else None


def turn_is_running(room: Room, who: Standpoint) -> str | None:
    if room.turn is None:
        return "stale_turn"
    return "turn_not_started" if not room.turn.started else None


def turn_is_offered(room: Room, who: Standpoint) -> str | None:
    if room.turn is None:
        return "stale_turn"
    return "turn_started" if room.turn.started else None


def can_extend(room: Room, who: Standpoint) -> str | None:
    turn = room.turn
    return "limit_out_of_range" if turn is not None and extension_ms(turn) <= 0 else None


def can_pass(room: Room, who: Standpoint) -> str | None:
    return None if who.has_turn or who.waits else "nothing_to_pass"


def hand_is_down(room: Room, who: Standpoint) -> str | None:
    if who.silenced:
        return "silenced"
    return "hand_raised" if who.hand_up else None


def hand_is_up(room: Room, who: Standpoint) -> str | None:
    return None if who.hand_up else "hand_not_raised"


def may_volunteer(room: Room, who: Standpoint) -> str | None:
    """Hands make no sense in the close, unless its round asks for volunteers."""
    round_ = room.floor.round
    if room.stage is Stage.CLOSE and (round_ is None or not round_.volunteers):
        return "wrong_stage"
    return None


def has_a_theme_left(room: Room, who: Standpoint) -> str | None:
    return None if len(who.resonated) < len(room.themes) else "unknown_theme"


def may_speak(room: Room, who: Standpoint) -> str | None:
    """Is this person heard? A facilitator always; the holder while the clock runs."""
    if who.role is Role.FACILITATOR:
        return None
    turn = room.turn
    if turn is None:
        return "stale_turn"
    if not who.has_turn:
        return "not_your_turn"
    if not turn.started or turn.dropped_until is not None:
        return "turn_not_started"
    return not_held(room, who)


def on_call_is_named(room: Room, who: Standpoint) -> str | None:
    return None if room.on_call.strip() else "no_on_call"


def can_undo(room: Room, who: Standpoint) -> str | None:
    return "nothing_to_undo" if room.undo is None else None


def no_round_yet(room: Room, who: Standpoint) -> str | None:
    return "round_open" if room.floor.round is not None else None


def round_for_everyone(room: Room, who: Standpoint) -> str | None:
    round_ = room.floor.round
    if round_ is None:
        return "no_round"
    return "round_open" if round_.volunteers else None


def can_step(room: Room, who: Standpoint) -> str | None:
    if room.turn is None and not next_people(room):
        return "nobody_waiting"
    return None


def somebody_waits(room: Room, who: Standpoint) -> str | None:
    movable = any(someone not in room.floor.called for someone in next_people(room))
    return None if movable else "not_waiting"


def somebody_knocks(room: Room, who: Standpoint) -> str | None:
    return None if seating(room.people).knocking else "unknown_person"


def somebody_sits(room: Room, who: Standpoint) -> str | None:
    return None if circle(room) else "unknown_person"


def somebody_is_heard(room: Room, who: Standpoint) -> str | None:
    if all(someone.silenced for someone in circle(room)):
        return somebody_sits(room, who) or "already_silenced"
    return None


def a_seat_is_free(room: Room, who: Standpoint) -> str | None:
    return "full" if len(circle(room)) >= room.settings.seats else None


def a_theme_fits(room: Room, who: Standpoint) -> str | None:
    return "too_many_themes" if len(room.themes) >= MAX_THEMES else None


def has_a_theme(room: Room, who: Standpoint) -> str | None:
    return None if room.themes else "unknown_theme"


def alert_waits(room: Room, who: Standpoint) -> str | None:
    if untaken(room):
        return None
    taken = any(alert.state == "taken" for alert in room.alerts)
    return "alert_taken" if taken else "unknown_alert"


def alert_is_taken(room: Room, who: Standpoint) -> str | None:
    if any(alert.state == "taken" for alert in room.alerts):
        return None
    waits = any(alert.state != "closed" for alert in room.alerts)
    return "not_taken" if waits else "unknown_alert"


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


def first_condition(room: Room, who: Standpoint, do: str) -> str | None:
    """Tell which condition refuses this command; None: it may go ahead."""
    for condition in RULES[do].conditions:
        code = condition(room, who)
        if code is not None:
            return code
    return None


def may(room: Room, person: Person) -> tuple[str, ...]:
    """List the commands that this person could send now, by their wire names."""
    return may_from(room, person.state, standpoint(room, person))


def may_from(room: Room, state: str, who: Standpoint) -> tuple[str, ...]:
    """List the commands that somebody in this state could send from this standpoint."""
    if state != "seated":
        return _AT_THE_DOOR if state == "knocking" else ()
    found: list[str] = []
    for do, conditions in _ROWS[who.role, room.stage]:
        for condition in conditions:
            if condition(room, who) is not None:
                break
        else:
            found.append(do)
    return tuple(found)
