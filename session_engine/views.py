"""What each role sees. Redaction lives here and nowhere else.

Rule 1: a view is the whole of what its role may see; the newest replaces all.
Rule 2: nothing but a facilitator's view says who passed, was skipped or silenced.
Rule 3: an observer's view is made of public facts only: it cannot change when
        only private content changes.
Rule 4: `view` reads no clock. `you` has estimates as of `now`; with now = 0 they
        are free of the clock, which is the form to compare for changes.
"""

from functools import lru_cache
from typing import Any

from session_engine.commands import Role
from session_engine.ids import AlertId, PersonId
from session_engine.queue import next_people
from session_engine.room import (
    NEWEST,
    PARTS_KEPT,
    Floor,
    People,
    Person,
    Room,
    Turn,
    seating,
)
from session_engine.rules import may_from
from session_engine.schedule import clock_stands, first_wait_ms, fit, places, stage_ends_at
from session_engine.script import DEFAULT_SCRIPT
from session_engine.situation import situation_of
from session_engine.stages import TURN_KIND, Stage, TurnKind
from session_engine.standing import Stance, stances, standings
from session_engine.turns import left_ms

WAITING_VIEW: dict[str, Any] = {"waiting": True}
ROUNDS = {TurnKind.INTRODUCTION: "introductions", TurnKind.CLOSING: "closing"}


def view(room: Room, role: Role) -> dict[str, Any]:
    """Render what everybody of this role sees, ready for JSON."""
    if role is Role.OBSERVER:
        return dict(_public(room))
    shown = _public(room) | _circle_view(room)
    if role is Role.FACILITATOR:
        shown.update(_facilitator_view(room))
    else:
        shown["people"] = _people(room.people)
    return shown


@lru_cache(maxsize=NEWEST)  # once for all roles; what it returns is copied, never changed
def _public(room: Room) -> dict[str, Any]:
    turn = room.turn
    return {
        "stage": str(room.stage),
        "stage_started_at": room.stage_started_at,
        "stage_ends_at": stage_ends_at(room),
        "held": room.held_at is not None,
        "facilitator_present": room.facilitator_present,
        "turn": _clock_for_all(room, turn) if turn is not None and turn.started else None,
        "progress": _progress(room.people, room.floor),
        "observers": seating(room.people).observers,
    }


def _clock_for_all(room: Room, turn: Turn) -> dict[str, Any]:
    """The clock with a number of its own: those of offers tell that one was passed."""
    number = room.turns_started
    return _clock_of(room, turn) | {"id": f"s{number}", "number": number}


def _clock_of(room: Room, turn: Turn) -> dict[str, Any]:
    """The clock of a turn, without its person; while offered, neither of the last two is set."""
    stands = clock_stands(room, turn)
    remaining_ms = max(0, left_ms(turn, room.clock(room.last_at)))
    return {
        "id": turn.id,
        "number": turn.number,
        "state": "held" if stands else turn.phase,
        "limit_s": turn.limit_ms // 1000,
        "ends_at": None if stands or turn.phase == "offered" else turn.ends_at,
        "remaining_ms": remaining_ms if stands else None,
    }


@lru_cache(maxsize=PARTS_KEPT)
def _progress(people: People, floor: Floor) -> dict[str, int]:
    """How many of those seated are done: with this round, or heard in the discussion."""
    seated = seating(people).circle
    if floor.round is not None:
        done: Any = floor.round.settled
    else:
        done = floor.outcomes.keys() | floor.started.keys()
    return {"done": sum(1 for person in seated if person.id in done), "of": len(seated)}


@lru_cache(maxsize=NEWEST)
def _circle_view(room: Room) -> dict[str, Any]:
    """What participants and facilitators see besides."""
    turn = room.turn
    shown_turn: dict[str, Any] | None = None
    if turn is not None:
        offered = turn.phase == "offered" and room.held_at is None
        shown_turn = _clock_of(room, turn) | {
            "person": turn.person,
            "kind": str(turn.kind),
            "offer_ends_at": turn.ends_at if offered else None,
        }
    round_ = room.floor.round
    return {
        "mode": room.settings.mode,
        "title": room.settings.title,
        "planned_end": room.settings.planned_end_ms,
        "prompt": room.prompt,
        "limit_s": room.limits_ms[TURN_KIND[room.stage]] // 1000,
        "turn": shown_turn,
        "last_turn": room.last_turn,
        "next": list(next_people(room)),
        "round": ROUNDS[round_.kind] if round_ is not None else None,
        "volunteers": round_ is not None and round_.volunteers,
        "themes": [
            {"id": theme.id, "text": theme.text, "resonates": len(theme.resonates)}
            for theme in room.themes
        ],
        "doors": room.doors,
        "calm": room.calm,
        "on_hold_since": room.held_at,
    }


@lru_cache(maxsize=PARTS_KEPT)
def _people(people: People) -> list[dict[str, Any]]:
    """Show the circle in the order of its seats, then the facilitators."""
    return [_person(person) for person in seating(people).here]


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "role": str(person.role),
        "present": person.present,
        "seat": person.seat,
    }


# ── facilitators ──────────────────────────────────────────────────────────────


def _facilitator_view(room: Room) -> dict[str, Any]:
    return {
        "fit": fit(room) if room.stage is not Stage.ENDED else None,
        "script": list(room.scripts.get(room.stage, DEFAULT_SCRIPT[room.stage])),
        "alerts": [
            {
                "id": alert.id,
                "person": alert.person,
                "name": alert.name,
                "kind": alert.kind,
                "at": alert.at,
                "state": alert.state,
                "taken_by": alert.taken_by,
            }
            for alert in room.alerts
            if alert.state != "closed"
        ],
        "knocking": [
            {"id": person.id, "name": person.name, "at": person.entered_at}
            for person in seating(room.people).knocking
        ],
        "undo_until": room.undo.until if room.undo is not None else None,
        "on_call": room.on_call,
        "stepping": room.stepping,
        "queue_order": room.settings.queue,
        "observers_allowed": room.observers_allowed,
        "limits": {str(kind): ms // 1000 for kind, ms in room.limits_ms.items()},
        "people": _rows(room.people, room.floor, room.turn, room.held_at is not None),
    }


@lru_cache(maxsize=PARTS_KEPT)
def _rows(people: People, floor: Floor, turn: Turn | None, is_held: bool) -> list[dict[str, Any]]:
    standing, hands = standings(floor, turn, is_held), floor.hands
    return [
        _row(person, standing.get(person.id, "none"), person.id in hands)
        for person in seating(people).here
    ]


# Few people stand otherwise after a change; this holds the rooms of a big worker. Never changed.
@lru_cache(maxsize=8_192)
def _row(person: Person, standing: str, hand: bool) -> dict[str, Any]:
    return _person(person) | {
        "spoken_ms": person.spoken_ms,
        "turns": person.turns,
        "standing": standing,
        "silenced": person.silenced,
        "introduced": person.introduced,
        "hand": hand,
    }


# ── the personal tail ─────────────────────────────────────────────────────────


def you(room: Room, person: PersonId, now: int) -> dict[str, Any]:
    """Render what only this person sees, with what they may do now.

    Raises KeyError for somebody who never entered.
    """
    someone = room.people[person]
    shown = {**whom(someone), **from_stance(room, stances(room)[person])}
    place = places(room).get(person)
    if place is not None:
        shown["position"], shown["wait_ms"] = place[0], first_wait_ms(room, now) + place[1]
    return shown


def whom(person: Person) -> dict[str, Any]:
    """Render who they are, which only another name changes."""
    shown = {"person": person.id, "role": str(person.role)}
    return shown if person.role is Role.OBSERVER else shown | {"name": person.name}


def ground(room: Room) -> tuple[object, ...]:
    """Return all of a room that `from_stance` knows: what it shows is the same on equal ground."""
    return situation_of(room), room.alerts, room.people


@lru_cache(maxsize=32)  # what it returns is copied, never changed
def from_stance(room: Room, stance: Stance) -> dict[str, Any]:
    """Render what all who stand so see of themselves; a place and its wait are everyone's own."""
    shown: dict[str, Any] = {"may": may_from(situation_of(room), stance.state, stance.point)}
    if stance.role is Role.PARTICIPANT:
        shown |= {
            "hand_raised": stance.hand_up,
            "standing": stance.standing,
            "silenced": stance.silenced,
            "support": _support(room, stance.alert),
            "resonated": list(stance.resonated),
        }
        if not stance.has_place:
            shown |= {"position": None, "wait_ms": None}
    return shown


def _support(room: Room, own: AlertId | None) -> dict[str, Any] | None:
    """Show the state of the person's own call."""
    for alert in room.alerts:
        if alert.id == own:
            taker = room.people[alert.taken_by] if alert.taken_by is not None else None
            return {
                "alert": alert.id,
                "kind": alert.kind,
                "state": alert.state,
                "by": taker.name if taker is not None else None,
            }
    return None
