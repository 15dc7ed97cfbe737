"""What turns, hands and places add up to."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from session_engine import events as e
from session_engine.ids import PersonId, TurnId
from session_engine.limits import MAX_OFFERS
from session_engine.replacing import replace
from session_engine.room import Floor, Hand, Room, Round, Turn
from session_engine.stages import Stage, TurnKind
from session_engine.turns import GONE, LATER, PASSED, SPOKE, UNDONE, left_ms

Value = TypeVar("Value")


def _without(mapping: Mapping[PersonId, Value], person: PersonId) -> Mapping[PersonId, Value]:
    return {key: value for key, value in mapping.items() if key != person}


def _but(people: tuple[PersonId, ...], person: PersonId) -> tuple[PersonId, ...]:
    return tuple(someone for someone in people if someone != person)


# ── places ────────────────────────────────────────────────────────────────────


def with_newcomer(room: Room, person: PersonId) -> Room:
    """Put somebody who came late at the end of the round, unless they had it."""
    round_ = room.floor.round
    if round_ is None or person in round_.waiting or person in round_.settled:
        return room
    round_ = replace(round_, waiting=(*round_.waiting, person))
    return replace(room, floor=replace(room.floor, round=round_))


def without_place(floor: Floor, person: PersonId) -> Floor:
    """Take somebody out of the queue altogether."""
    round_ = floor.round
    if round_ is not None:
        round_ = replace(round_, waiting=_but(round_.waiting, person))
    return replace(
        floor,
        round=round_,
        hands=_without(floor.hands, person),
        called=_but(floor.called, person),
        pinned=_but(floor.pinned, person),
        kept=_without(floor.kept, person),
    )


def without_the_gone(floor: Floor, person: PersonId) -> Floor:
    """Take somebody out who goes; who comes back has had a turn that was interrupted."""
    had_begun = person in floor.kept
    floor = without_place(floor, person)
    if floor.round is not None and had_begun:
        floor = replace(floor, round=settled(floor.round, person, SPOKE))
    return floor


def settled(round_: Round, person: PersonId, how: str) -> Round:
    """Count somebody's offer of this round as done; who spoke stays so."""
    if round_.settled.get(person) == SPOKE:
        how = SPOKE
    return replace(
        round_,
        waiting=_but(round_.waiting, person),
        settled={**round_.settled, person: how},
        later=round_.later - {person},
    )


def place_moved(room: Room, event: e.PlaceMoved) -> Room:
    person = PersonId(event.person)
    floor = replace(
        room.floor,
        called=_but(room.floor.called, person),
        pinned=_but(room.floor.pinned, person),
    )
    if room.stage is Stage.DISCUSSION:  # who was called and says later asks again, too
        hand = replace(floor.hands.get(person, Hand(order=0)), order=room.order)
        floor = replace(floor, hands={**floor.hands, person: hand})
    if floor.round is not None and person in floor.round.waiting:
        round_ = replace(
            floor.round,
            waiting=(*_but(floor.round.waiting, person), person),
            later=floor.round.later | {person},
        )
        floor = replace(floor, round=round_)
    return replace(room, floor=floor)


def place_settled(room: Room, event: e.PlaceSettled) -> Room:
    person = PersonId(event.person)
    floor = without_place(room.floor, person)
    hand = room.floor.hands.get(person)
    if room.stage is not Stage.DISCUSSION and not _volunteered(floor.round, hand):
        floor = replace(floor, hands=room.floor.hands)  # it waits until the discussion
    if floor.round is not None:
        floor = replace(floor, round=settled(floor.round, person, PASSED))
    return replace(room, floor=floor)


def hand_raised(room: Room, event: e.HandRaised) -> Room:
    hands = {**room.floor.hands, PersonId(event.person): Hand(order=room.order)}
    return replace(room, floor=replace(room.floor, hands=hands))


def hand_lowered(room: Room, event: e.HandLowered) -> Room:
    person = PersonId(event.person)
    floor = replace(room.floor, hands=_without(room.floor.hands, person))
    if room.stage is Stage.DISCUSSION:  # in a round the rest of a turn is still theirs
        floor = replace(floor, pinned=_but(floor.pinned, person), kept=_without(floor.kept, person))
    return replace(room, floor=floor)


def hands_carried_over(room: Room, event: e.HandsCarriedOver) -> Room:
    # One moment of the log for all of them; sorting is stable, so their order stays.
    hands = dict(room.floor.hands)
    for person in event.people:
        hands.setdefault(PersonId(person), Hand(order=room.order, carried=True))
    return replace(room, floor=replace(room.floor, hands=hands))


def floor_given(room: Room, event: e.FloorGiven) -> Room:
    person = PersonId(event.person)
    someone = replace(room.people[person], silenced=False)
    floor = replace(
        room.floor,
        called=(*_but(room.floor.called, person), person),
        pinned=_but(room.floor.pinned, person),
    )
    return replace(room, floor=floor, people=room.people.with_one(someone))


def places_pinned(room: Room, event: e.PlacesPinned) -> Room:
    pinned = tuple(PersonId(person) for person in event.pinned)
    called = _but(room.floor.called, PersonId(event.person))
    return replace(room, floor=replace(room.floor, called=called, pinned=pinned))


def volunteers_called(room: Room, event: e.VolunteersCalled) -> Room:
    assert room.floor.round is not None
    round_ = replace(room.floor.round, volunteers=True, volunteers_order=room.order)
    return replace(room, floor=replace(room.floor, round=round_))


# ── the open turn ─────────────────────────────────────────────────────────────


def _volunteered(round_: Round | None, hand: Hand | None) -> bool:
    """Was this hand raised for the round? Older ones wait for the discussion."""
    if round_ is None or hand is None:
        return False
    return round_.volunteers and hand.order >= round_.volunteers_order


def turn_offered(room: Room, event: e.TurnOffered) -> Room:
    person = PersonId(event.person)
    floor = room.floor
    hand = floor.hands.get(person)
    offer = 1
    if floor.round is not None:
        offer = floor.round.offers.get(person, 0) + 1
        offers = {**floor.round.offers, person: offer}
        floor = replace(floor, round=replace(floor.round, offers=offers))
    keeps_hand = room.stage is not Stage.DISCUSSION and not _volunteered(floor.round, hand)
    before, floor = floor, without_place(floor, person)
    if keeps_hand:
        floor, hand = replace(floor, hands=before.hands), None
    turn = Turn(
        id=TurnId(event.turn),
        number=event.number,
        person=person,
        kind=TurnKind(event.kind),
        phase="offered",
        offer=offer,
        limit_ms=event.limit_ms,
        window_ms=event.window_ms,
        used_ms=event.used_ms,
        ends_at=room.clock(event.at) + event.window_ms,
        hand=hand,
        called=person in before.called,
        waited=before.round is not None and person in before.round.waiting,
    )
    return replace(room, floor=floor, turn=turn, turns_offered=event.number)


def turn_started(room: Room, event: e.TurnStarted) -> Room:
    turn = room.turn
    assert turn is not None
    running = replace(
        turn, phase="speaking", started=True, ends_at=room.clock(event.at) + turn.limit_ms
    )
    someone = room.people[turn.person]
    floor = room.floor
    again = turn.used_ms > 0  # the rest of an interrupted turn is not another one
    if not again:
        someone = replace(someone, turns=someone.turns + 1)
    if turn.kind is TurnKind.DISCUSSION and not again:
        started = {**floor.started, turn.person: floor.started.get(turn.person, 0) + 1}
        floor = replace(floor, started=started)
    people = room.people.with_one(someone)
    return replace(
        room, turn=running, people=people, floor=floor, turns_started=room.turns_started + 1
    )


def grace_began(room: Room, event: e.GraceBegan) -> Room:
    assert room.turn is not None
    turn = replace(
        room.turn,
        phase="grace",
        grace_ms=event.grace_ms,
        ends_at=room.turn.ends_at + event.grace_ms,
    )
    return replace(room, turn=turn)


def turn_extended(room: Room, event: e.TurnExtended) -> Room:
    turn = room.turn
    assert turn is not None
    clock = room.clock(event.at)
    left = left_ms(turn, clock) + event.added_ms
    changed = replace(turn, limit_ms=turn.limit_ms + event.added_ms)
    if turn.phase == "grace" and left > turn.grace_ms:  # speaking again
        left -= turn.grace_ms
        changed = replace(changed, phase="speaking", grace_ms=0)
    return replace(room, turn=replace(changed, ends_at=clock + left, left_ms=left))


def turn_dropped(room: Room, event: e.TurnDropped) -> Room:
    turn = room.turn
    assert turn is not None
    clock = room.clock(event.at)
    held = replace(turn, left_ms=left_ms(turn, clock), dropped_until=clock + event.hold_ms)
    return replace(room, turn=held)


def turn_resumed(room: Room, event: e.TurnResumed) -> Room:
    turn = room.turn
    assert turn is not None
    return replace(
        room,
        turn=replace(
            turn, dropped_until=None, left_ms=0, ends_at=room.clock(event.at) + turn.left_ms
        ),
    )


def turn_closed(room: Room, event: e.TurnClosed) -> Room:
    turn = room.turn
    assert turn is not None
    someone = room.people[turn.person]
    if event.outcome == UNDONE:
        turns = someone.turns - (1 if turn.started and turn.used_ms == 0 else 0)
        someone = replace(someone, turns=turns)
    else:
        introduced = turn.started and turn.kind is TurnKind.INTRODUCTION
        someone = replace(
            someone,
            spoken_ms=someone.spoken_ms + event.spoken_ms,
            introduced=someone.introduced or introduced,
        )
    return replace(
        room,
        turn=None,
        last_turn=turn.id,
        quiet_since=room.clock(event.at),
        people=room.people.with_one(someone),
        floor=_after_turn(room, turn, event),
    )


def _after_turn(room: Room, turn: Turn, event: e.TurnClosed) -> Floor:
    """Find the person's place in the queue after their turn."""
    floor, person = room.floor, turn.person
    if event.outcome == GONE:
        return _left(without_place(floor, person), turn)
    if event.outcome == LATER and event.left_ms:
        used = turn.used_ms + event.spoken_ms
        floor = replace(floor, kept={**floor.kept, person: (event.left_ms, used)})
    if event.outcome == LATER and event.reason == "stage":
        return _put_back(replace(room, floor=floor), turn)
    if event.outcome == UNDONE:  # a hand raised since the advance is still up
        return (
            floor if turn.hand is None else replace(floor, hands={**floor.hands, person: turn.hand})
        )
    if turn.kind is TurnKind.DISCUSSION:
        if event.outcome == LATER:
            missed = 1 if event.reason in ("unanswered", "absent") else 0
            hand = turn.hand or Hand(order=0, carried=True)
            hand = replace(hand, order=room.order, unanswered=hand.unanswered + missed)
            return replace(floor, hands={**floor.hands, person: hand})
        if event.outcome == PASSED:  # also a hand raised since the offer
            floor = replace(floor, hands=_without(floor.hands, person))
        return replace(floor, outcomes={**floor.outcomes, person: event.outcome})
    if floor.round is None:
        return replace(floor, called=(*floor.called, person)) if event.outcome == LATER else floor
    if event.outcome != LATER:
        return replace(floor, round=settled(floor.round, person, event.outcome))
    round_ = replace(
        floor.round,
        waiting=(*_but(floor.round.waiting, person), person),
        later=floor.round.later | {person},
    )
    return replace(floor, round=round_)


def _left(floor: Floor, turn: Turn) -> Floor:
    """Count the turn of somebody who left in it: who comes back has had it."""
    if floor.round is None or turn.kind is TurnKind.DISCUSSION:
        return floor
    if turn.started:
        return replace(floor, round=settled(floor.round, turn.person, SPOKE))
    if turn.offer >= MAX_OFFERS:
        return replace(floor, round=settled(floor.round, turn.person, PASSED))
    return floor


def _put_back(room: Room, turn: Turn) -> Floor:
    """Find the place from which an offer was taken that the stage cut short.

    It comes first again and is not counted: an undo restores the stage with it.
    """
    floor, person = room.floor, turn.person
    if turn.hand is not None:
        floor = replace(floor, hands={**floor.hands, person: turn.hand})
    if floor.round is not None:
        round_ = floor.round
        round_ = replace(round_, offers={**round_.offers, person: turn.offer - 1})
        if turn.waited:
            later = round_.later | {person} if round_.volunteers else round_.later  # still owed
            round_ = replace(round_, waiting=(person, *round_.waiting), later=later)
        floor = replace(floor, round=round_)
    if turn.called:
        return replace(floor, called=(person, *floor.called))
    return replace(floor, pinned=(person, *floor.pinned))


FLOOR_EVENTS: Final[Mapping[type[e.Event], Callable[[Room, Any], Room]]] = {
    e.TurnOffered: turn_offered,
    e.TurnStarted: turn_started,
    e.GraceBegan: grace_began,
    e.TurnExtended: turn_extended,
    e.TurnDropped: turn_dropped,
    e.TurnResumed: turn_resumed,
    e.TurnClosed: turn_closed,
    e.PlaceMoved: place_moved,
    e.PlaceSettled: place_settled,
    e.HandRaised: hand_raised,
    e.HandLowered: hand_lowered,
    e.HandsCarriedOver: hands_carried_over,
    e.FloorGiven: floor_given,
    e.PlacesPinned: places_pinned,
    e.VolunteersCalled: volunteers_called,
}
