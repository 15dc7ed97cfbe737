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
from session_engine.ids import PersonId
from session_engine.queue import all_waiting, next_people
from session_engine.room import People, Person, Room, Turn, circle, seating
from session_engine.rules import may
from session_engine.schedule import clock_stands, fit, stage_ends_at, waits
from session_engine.script import DEFAULT_SCRIPT
from session_engine.stages import TURN_KIND, Stage, TurnKind
from session_engine.turns import LATER, PASSED, SPOKE, left_ms

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


@lru_cache(maxsize=8)  # once for all roles; what it returns is copied, never changed
def _public(room: Room) -> dict[str, Any]:
    turn = room.turn
    return {
        "mode": room.settings.mode,
        "stage": room.stage.value,
        "stage_started_at": room.stage_started_at,
        "stage_ends_at": stage_ends_at(room),
        "held": room.held_at is not None,
        "facilitator_present": room.facilitator_present,
        "turn": _clock_for_all(room, turn) if turn is not None and turn.started else None,
        "progress": _progress(room),
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


def _progress(room: Room) -> dict[str, int]:
    """How many of those seated are done: with this round, or heard in the discussion."""
    seated = circle(room)
    floor = room.floor
    if floor.round is not None:
        done: Any = floor.round.settled
    else:
        done = {p for p, outcome in floor.outcomes.items() if outcome != LATER} | set(floor.started)
    return {"done": sum(1 for person in seated if person.id in done), "of": len(seated)}


@lru_cache(maxsize=8)
def _circle_view(room: Room) -> dict[str, Any]:
    """What participants and facilitators see besides."""
    turn = room.turn
    shown_turn: dict[str, Any] | None = None
    if turn is not None:
        offered = turn.phase == "offered" and room.held_at is None
        shown_turn = _clock_of(room, turn) | {
            "person": turn.person,
            "kind": turn.kind.value,
            "offer_ends_at": turn.ends_at if offered else None,
        }
    round_ = room.floor.round
    return {
        "title": room.settings.title,
        "planned_end": room.settings.planned_end_ms,
        "prompt": room.prompt,
        "limit_s": room.limits_ms[TURN_KIND[room.stage]] // 1000,
        "turn": shown_turn,
        "last_turn": room.last_turn,
        "next": next_people(room),
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


@lru_cache(maxsize=512)
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
    hands, here = room.floor.hands, seating(room.people).here
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
            for person in room.people.values()
            if person.state == "knocking"
        ],
        "undo_until": room.undo.until if room.undo is not None else None,
        "on_call": room.on_call,
        "stepping": room.stepping,
        "queue_order": room.settings.queue,
        "observers_allowed": room.observers_allowed,
        "limits": {kind.value: ms // 1000 for kind, ms in room.limits_ms.items()},
        "people": [_row(person, standing(room, person), person.id in hands) for person in here],
    }


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


def standing(room: Room, person: Person) -> str:
    """Say where a person stands: none, waiting, later, offered, speaking, held,
    spoke or passed. For facilitators and the person only."""
    turn, floor = room.turn, room.floor
    if turn is not None and turn.person == person.id:
        if turn.started and clock_stands(room, turn):
            return "held"
        return "speaking" if turn.started else "offered"
    if floor.round is not None:
        settled = floor.round.settled.get(person.id)
        if person.id in floor.called or settled is None:
            return _waiting_standing(room, person)
        return settled
    if person.id in floor.hands or person.id in floor.called:
        return "waiting"
    last = floor.outcomes.get(person.id)
    return last if last in (SPOKE, PASSED) else "none"


def _waiting_standing(room: Room, person: Person) -> str:
    round_ = room.floor.round
    assert round_ is not None
    if person.id in round_.later:
        return LATER
    # First where most are found at once: all who wait are in one of the other two.
    if person.id in all_waiting(room) or person.id in (*round_.waiting, *room.floor.called):
        return "waiting"
    return "none"


# ── the personal tail ─────────────────────────────────────────────────────────


def you(room: Room, person: PersonId, now: int) -> dict[str, Any]:
    """Render what only this person sees, with what they may do now.

    Raises KeyError for somebody who never entered.
    """
    someone = room.people[person]
    if someone.role is Role.PARTICIPANT:
        place = waits(room).get(person)
        return {
            "person": person,
            "role": "participant",
            "name": someone.name,
            "may": may(room, someone),
            "position": None if place is None else place[0],
            "wait_ms": None if place is None else max(0, place[1] - now) + place[2],
            "hand_raised": person in room.floor.hands,
            "standing": standing(room, someone),
            "silenced": someone.silenced,
            "support": _support(room, someone) if room.alerts else None,
            "resonated": [theme.id for theme in room.themes if person in theme.resonates],
        }
    tail: dict[str, Any] = {"person": person, "role": str(someone.role), "may": may(room, someone)}
    if someone.role is Role.FACILITATOR:
        tail["name"] = someone.name
    return tail


def _support(room: Room, person: Person) -> dict[str, Any] | None:
    """Show the state of the person's own newest call, while it is open or taken."""
    for alert in reversed(room.alerts):
        if alert.person == person.id and alert.state != "closed":
            taker = room.people[alert.taken_by] if alert.taken_by is not None else None
            return {
                "alert": alert.id,
                "kind": alert.kind,
                "state": alert.state,
                "by": taker.name if taker is not None else None,
            }
    return None
