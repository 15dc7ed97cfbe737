"""Decisions about the floor: offers, turns, passes, and who comes next."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from session_engine import commands as c
from session_engine import events as e
from session_engine.draft import Draft, seated_participant
from session_engine.ids import PersonId, TurnId, turn_id
from session_engine.limits import SECOND_MS
from session_engine.queue import next_people, next_place, waiting
from session_engine.refusals import Refused
from session_engine.room import Person, Room
from session_engine.stages import TURN_KIND
from session_engine.turns import extension_ms, kept_ms, outcome, spoken_ms

ABOUT_A_TURN: Final = (c.StartTurn, c.FinishTurn, c.EndTurn, c.Skip, c.Extend, c.Write)

# ── what happens to a turn, whoever asks ──────────────────────────────────────


def offer(draft: Draft, person: PersonId, at: int) -> None:
    """Offer the floor; without a window to answer in, the clock starts at once."""
    room = draft.room
    kind = TURN_KIND[room.stage]
    number = room.turns_offered + 1
    left, used = room.floor.kept.get(person, (room.limits_ms[kind], 0))
    window_ms = room.settings.accept_window_s * SECOND_MS
    draft.add(
        e.TurnOffered(
            at=at,
            turn=turn_id(number),
            number=number,
            person=person,
            kind=kind,
            limit_ms=left,
            window_ms=window_ms,
            used_ms=used,
        )
    )
    if window_ms == 0:
        draft.add(e.TurnStarted(at=at, turn=turn_id(number)))


def offer_next(draft: Draft, at: int, but: PersonId | None = None) -> None:
    """Offer the floor to the next person; silenced ones who are still before them pass."""
    while (person := next_place(draft.room, but)) is not None:
        if not draft.room.people[person].silenced:
            return offer(draft, person, at)
        draft.add(e.PlaceSettled(at=at, person=person))
    return None


def close_turn(draft: Draft, reason: str, at: int | None = None) -> None:
    """End the open turn for one of turns.REASONS; nothing when there is none."""
    room, turn = draft.room, draft.room.turn
    if turn is None:
        return
    at = draft.now if at is None else at
    clock = room.clock(at)
    result = outcome(room, turn, reason)
    draft.add(
        e.TurnClosed(
            at=at,
            turn=turn.id,
            person=turn.person,
            reason=reason,
            outcome=result,
            spoken_ms=max(0, spoken_ms(turn, clock)),
            left_ms=kept_ms(turn, result, clock),
        )
    )


def check_turn_named(room: Room, person: Person, command: c.PersonCommand) -> None:
    """Let nobody act on a turn other than the one they saw.

    Commands about a turn name the open one; `next` with none open names the
    last closed one, so that two people who press it at once skip nobody.
    Raises Refused(stale_turn).
    """
    open_now = room.turn.id if room.turn is not None else None
    if isinstance(command, c.Next):
        allowed: tuple[TurnId | None, ...] = (open_now or room.last_turn,)
    elif isinstance(command, c.Write) and person.role is c.Role.FACILITATOR:
        allowed = (open_now, room.last_turn, None)
    elif isinstance(command, ABOUT_A_TURN):
        allowed = (open_now,) if open_now is not None else ()
    else:
        return
    if command.turn not in allowed:
        raise Refused("stale_turn", "turn")


# ── the holder ────────────────────────────────────────────────────────────────


def start_turn(draft: Draft, command: c.StartTurn) -> None:
    assert draft.room.turn is not None
    if draft.room.turn.dropped_until is None:
        draft.add(e.TurnStarted(at=draft.now, turn=command.turn))
    else:
        draft.add(e.TurnResumed(at=draft.now, turn=command.turn))


def finish_turn(draft: Draft, command: c.FinishTurn) -> None:
    close_turn(draft, "finished")


def pass_(draft: Draft, command: c.Pass) -> None:
    """Pass the own turn by its name, or the own place in the queue.

    An unnamed pass also takes an offer that came while it was under way: it
    means the same. A turn that runs has to be named, so that a late press
    cannot end another one.
    """
    turn = draft.room.turn
    mine = turn is not None and turn.person == command.by
    if command.turn is not None and not mine:
        raise Refused(_why_not_mine(draft, command.turn), "turn")
    if mine:
        assert turn is not None
        if turn.id != command.turn and (command.turn is not None or turn.started):
            raise Refused("stale_turn", "turn")
        close_turn(draft, command.kind.value)
    elif command.kind is c.PassKind.LATER:
        draft.add(e.PlaceMoved(at=draft.now, person=command.by))
    else:
        draft.add(e.PlaceSettled(at=draft.now, person=command.by))


def _why_not_mine(draft: Draft, named: TurnId) -> str:
    turn = draft.room.turn
    return "not_your_turn" if turn is not None and turn.id == named else "stale_turn"


def raise_hand(draft: Draft, command: c.RaiseHand) -> None:
    draft.add(e.HandRaised(at=draft.now, person=command.by))


def lower_hand(draft: Draft, command: c.LowerHand) -> None:
    draft.add(e.HandLowered(at=draft.now, person=command.by))


# ── facilitators ──────────────────────────────────────────────────────────────


def next_(draft: Draft, command: c.Next) -> None:
    """End or skip the named turn and offer at once to the next person.

    Somebody who was skipped is not offered the floor again by the same press.
    """
    turn = draft.room.turn
    if turn is None and next_place(draft.room) is None:
        raise Refused("nobody_waiting")
    close_turn(draft, "next")
    offer_next(draft, draft.now, but=turn.person if turn is not None else None)


def end_turn(draft: Draft, command: c.EndTurn) -> None:
    close_turn(draft, "ended")


def skip(draft: Draft, command: c.Skip) -> None:
    close_turn(draft, "skipped")


def extend(draft: Draft, command: c.Extend) -> None:
    assert draft.room.turn is not None
    added_ms = extension_ms(draft.room.turn)
    draft.add(e.TurnExtended(at=draft.now, turn=command.turn, added_ms=added_ms, by=command.by))


def give_floor(draft: Draft, command: c.GiveFloor) -> None:
    person = seated_participant(draft.room, command.person)
    if draft.room.turn is not None and draft.room.turn.person == person.id:
        raise Refused("has_the_floor", "person")
    if person.id in draft.room.floor.called:
        return  # they are, and keep the place they were given
    draft.add(e.FloorGiven(at=draft.now, person=person.id, by=command.by))


def move(draft: Draft, command: c.Move) -> None:
    """Pin a place. What stands above it stays as the facilitator saw it."""
    room = draft.room
    shown = next_people(room)
    called = room.floor.called
    if command.person not in shown or command.person in called:
        raise Refused("not_waiting", "person")
    if command.to < 0:
        raise Refused("bad_command", "to")
    others = [person for person in shown if person != command.person]
    above = others[: command.to]
    absent_pins = [p for p in room.floor.pinned if p not in shown and p in waiting(room)]
    pinned = [*(p for p in above if p not in called), command.person]
    pinned += [p for p in room.floor.pinned if p not in pinned and p not in absent_pins]
    draft.add(
        e.PlacesPinned(
            at=draft.now,
            person=command.person,
            pinned=tuple(pinned + absent_pins),
            by=command.by,
        )
    )


TURN_COMMANDS: Final[Mapping[type[c.PersonCommand], Callable[[Draft, Any], None]]] = {
    c.StartTurn: start_turn,
    c.FinishTurn: finish_turn,
    c.Pass: pass_,
    c.RaiseHand: raise_hand,
    c.LowerHand: lower_hand,
    c.Next: next_,
    c.EndTurn: end_turn,
    c.Skip: skip,
    c.Extend: extend,
    c.GiveFloor: give_floor,
    c.Move: move,
}
