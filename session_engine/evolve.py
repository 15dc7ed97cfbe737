"""Old state + event = new state. No rule is decided here; facts only add up.

`replay(log) == room`, always: each event has exactly one function below, found
by its type. An event without one cannot be stored (a test tries them all).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from session_engine import events as e
from session_engine.evolve_floor import FLOOR_EVENTS, with_newcomer
from session_engine.evolve_people import PEOPLE_EVENTS
from session_engine.evolve_time import moments_set_back, moved_on
from session_engine.ids import AlertId, PersonId, ThemeId
from session_engine.limits import SECOND_MS, UNDO_MS
from session_engine.replacing import replace
from session_engine.room import Alert, Floor, People, Room, Round, Theme, Undo, circle
from session_engine.settings import Settings
from session_engine.stages import FLOOR_STAGES, TURN_KIND, Stage, TurnKind


def created(event: e.RoomCreated) -> Room:
    """Make the first state of a room from the first fact of its log."""
    chosen: dict[str, Any] = dict(event.settings)
    chosen["absence_s"] = tuple(chosen["absence_s"])
    settings = Settings(**chosen)
    return Room(
        session=event.session,
        log_id=event.log_id,
        settings=settings,
        last_at=event.at,
        stage_started_at=event.at,
        facilitators_gone_at=event.at,
        quiet_since=event.at,
        limits_ms={
            TurnKind.INTRODUCTION: settings.introduction_s * SECOND_MS,
            TurnKind.DISCUSSION: settings.discussion_s * SECOND_MS,
            TurnKind.CLOSING: settings.closing_s * SECOND_MS,
        },
        stepping=settings.stepping,
        doors=settings.doors,
        observers_allowed=settings.observers,
        on_call=settings.on_call,
    )


# ── stages ────────────────────────────────────────────────────────────────────


def stage_changed(room: Room, event: e.StageChanged) -> Room:
    stage = Stage(event.to_stage)
    kept = Floor(hands=room.floor.hands if stage is Stage.DISCUSSION else {})  # they waited for it
    return replace(
        room,
        undo=Undo(
            until=event.at + UNDO_MS,
            stage=room.stage,
            stage_started_at=room.stage_started_at,
            stage_lost_ms=room.stage_lost_ms,
            floor=room.floor,
        ),
        stage=stage,
        stage_started_at=event.at,
        stage_lost_ms=0,
        floor=_with_round(room, kept, stage) if stage is Stage.INTRODUCTIONS else kept,
        quiet_since=room.clock(event.at),
        # What happened in the lobby does not count: absence begins with the session.
        facilitators_gone_at=room.facilitators_gone_at
        and max(room.facilitators_gone_at, event.at if room.stage is Stage.LOBBY else 0),
    )


def _with_round(room: Room, floor: Floor, stage: Stage) -> Floor:
    everyone = tuple(person.id for person in circle(room))
    return replace(floor, round=Round(kind=TURN_KIND[stage], waiting=everyone))


def advance_undone(room: Room, event: e.AdvanceUndone) -> Room:
    undo = room.undo
    assert undo is not None
    floor = undo.floor
    raised_since = {
        p: hand
        for p, hand in room.floor.hands.items()
        if p not in floor.hands and not hand.carried and undo.stage in FLOOR_STAGES
    }
    restored = replace(
        room,
        undo=None,
        stage=undo.stage,
        stage_started_at=undo.stage_started_at,
        stage_lost_ms=undo.stage_lost_ms,
        floor=replace(floor, hands={**floor.hands, **raised_since}),
        quiet_since=room.clock(event.at),
    )
    for person in circle(room):
        restored = with_newcomer(restored, person.id)
    return _without_the_gone(restored)


def _without_the_gone(room: Room) -> Room:
    """Take those who left since the advance out of a restored queue."""
    here = {person.id for person in circle(room)}
    floor = room.floor
    if floor.round is not None:
        waiting = tuple(p for p in floor.round.waiting if p in here)
        floor = replace(floor, round=replace(floor.round, waiting=waiting))
    floor = replace(
        floor,
        hands={p: hand for p, hand in floor.hands.items() if p in here},
        called=tuple(p for p in floor.called if p in here),
        pinned=tuple(p for p in floor.pinned if p in here),
    )
    return replace(room, floor=floor)


def session_ended(room: Room, event: e.SessionEnded) -> Room:
    return replace(
        room,
        stage=Stage.ENDED,
        stage_started_at=event.at,
        stage_lost_ms=0,
        held_at=None,
        undo=None,
        calm=False,
        floor=Floor(),
    )


def room_resumed(room: Room, event: e.RoomResumed) -> Room:
    assert room.held_at is not None
    return replace(moved_on(room, event.at - room.held_at), held_at=None)


def time_given_back(room: Room, event: e.TimeGivenBack) -> Room:
    lost = event.lost_ms
    if room.held_at is None:  # held clocks stand already, until the resume moves them on
        room = moved_on(room, lost)
    gone_at = room.facilitators_gone_at
    undo = room.undo
    return replace(
        room,
        lost_until=event.at,
        stage_lost_ms=room.stage_lost_ms + lost,
        facilitators_gone_at=None if gone_at is None else gone_at + lost,
        undo=undo
        and replace(undo, until=undo.until + lost, stage_lost_ms=undo.stage_lost_ms + lost),
        people=People(
            {
                person.id: replace(
                    person,
                    absent_at=None if person.absent_at is None else person.absent_at + lost,
                    expires_at=None if person.expires_at is None else person.expires_at + lost,
                )
                for person in room.people.values()
            }
        ),
    )


def round_started(room: Room, event: e.RoundStarted) -> Room:
    floor = _with_round(room, room.floor, room.stage)
    if room.turn is not None:  # a closing word: theirs of the round, too
        holder = room.turn.person
        assert floor.round is not None
        waiting = tuple(person for person in floor.round.waiting if person != holder)
        floor = replace(floor, round=replace(floor.round, waiting=waiting, offers={holder: 1}))
    return replace(room, floor=floor, quiet_since=room.clock(event.at))


# ── the room ──────────────────────────────────────────────────────────────────


def theme_added(room: Room, event: e.ThemeAdded) -> Room:
    theme = Theme(id=ThemeId(event.theme), text=event.text)
    return replace(room, themes=(*room.themes, theme), themes_added=room.themes_added + 1)


def _with_theme(room: Room, id_: str, change: Callable[[Theme], Theme]) -> Room:
    return replace(room, themes=tuple(change(t) if t.id == id_ else t for t in room.themes))


def theme_edited(room: Room, event: e.ThemeEdited) -> Room:
    return _with_theme(room, event.theme, lambda theme: replace(theme, text=event.text))


def theme_dropped(room: Room, event: e.ThemeDropped) -> Room:
    return replace(room, themes=tuple(t for t in room.themes if t.id != event.theme))


def theme_resonated(room: Room, event: e.ThemeResonated) -> Room:
    person = PersonId(event.person)
    return _with_theme(
        room, event.theme, lambda theme: replace(theme, resonates=theme.resonates | {person})
    )


def alert_raised(room: Room, event: e.AlertRaised) -> Room:
    alert = Alert(
        id=AlertId(event.alert),
        person=PersonId(event.person),
        name=room.people[PersonId(event.person)].name,
        kind=event.kind,
        at=event.at,
    )
    return replace(room, alerts=(*room.alerts, alert))


def _with_alert(room: Room, id_: str, **changes: Any) -> Room:
    return replace(
        room, alerts=tuple(replace(a, **changes) if a.id == id_ else a for a in room.alerts)
    )


def observers_set(room: Room, event: e.ObserversSet) -> Room:
    return replace(room, observers_allowed=event.allowed)


def limit_set(room: Room, event: e.LimitSet) -> Room:
    return replace(room, limits_ms={**room.limits_ms, TurnKind(event.kind): event.limit_ms})


def script_set(room: Room, event: e.ScriptSet) -> Room:
    scripts = {stage: lines for stage, lines in room.scripts.items() if stage != event.stage}
    if event.lines:
        scripts[Stage(event.stage)] = event.lines
    return replace(room, scripts=scripts)


ROOM_EVENTS: Final[Mapping[type[e.Event], Callable[[Room, Any], Room]]] = {
    e.StageChanged: stage_changed,
    e.AdvanceUndone: advance_undone,
    e.UndoLapsed: lambda room, _: replace(room, undo=None),
    e.SessionEnded: session_ended,
    e.RoomHeld: lambda room, event: replace(room, held_at=event.at),
    e.RoomResumed: room_resumed,
    e.TimeGivenBack: time_given_back,
    e.MomentsSetBack: moments_set_back,
    e.RoundStarted: round_started,
    e.RoomCalmed: lambda room, _: replace(room, calm=True),
    e.PromptSet: lambda room, event: replace(room, prompt=event.text),
    e.LimitSet: limit_set,
    e.SteppingSet: lambda room, event: replace(room, stepping=event.stepping),
    e.ObserversSet: observers_set,
    e.DoorsSet: lambda room, event: replace(room, doors=event.doors),
    e.OnCallSet: lambda room, event: replace(room, on_call=event.text),
    e.ScriptSet: script_set,
    e.ThemeAdded: theme_added,
    e.ThemeEdited: theme_edited,
    e.ThemeDropped: theme_dropped,
    e.ThemeResonated: theme_resonated,
    e.AlertRaised: alert_raised,
    e.AlertGrewLouder: lambda room, event: _with_alert(room, event.alert, state="loud"),
    e.AlertWentOnCall: lambda room, event: _with_alert(room, event.alert, state="on_call"),
    e.AlertTaken: lambda room, event: _with_alert(
        room, event.alert, state="taken", taken_by=event.by
    ),
    e.AlertClosed: lambda room, event: _with_alert(room, event.alert, state="closed"),
}

APPLY: Final[Mapping[type[e.Event], Callable[[Room, Any], Room]]] = {
    **ROOM_EVENTS,
    **FLOOR_EVENTS,
    **PEOPLE_EVENTS,
}


def evolve(room: Room | None, event: e.Event) -> Room:
    """Add one fact to a state; None is the state before the first."""
    if room is None:
        if not isinstance(event, e.RoomCreated):
            raise TypeError("the first event of a log is RoomCreated")
        return created(event)
    after = APPLY[type(event)](room, event)
    return replace(after, last_at=event.at, order=room.order + 1)


def replay(events: Iterable[e.Event]) -> Room:
    """Add up a whole log."""
    room: Room | None = None
    for event in events:
        room = evolve(room, event)
    if room is None:
        raise ValueError("an empty log has no room")
    return room
