"""A random session: everything that can happen to a room, in any order.

People enter, talk, pass, drop, return, leave; facilitators press everything;
time passes noticed or unnoticed; the service goes away, and its clock is set back.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import session_engine.commands as c
from session_engine import (
    Arrive,
    ClockSetBack,
    Drop,
    Enter,
    PassKind,
    Refused,
    Role,
    Stage,
    Stance,
    SupportKind,
    Tick,
    TimeLost,
    decide,
    next_deadline,
)
from session_engine import events as e
from session_engine.ids import AlertId, ConnectionId, PersonId, ThemeId, TurnId
from tests.engine.test_permissions import command_for
from tests.engine.world import BEN, FAY, GIL, OLI, World

PEOPLE = [PersonId(name) for name in ("ana", "ben", "cai", "dev", "eva", "fin")]

person = st.sampled_from(PEOPLE)
facilitator = st.sampled_from([FAY, GIL])
anybody = st.sampled_from([*PEOPLE, FAY, GIL, OLI])
moments = st.sampled_from([0, 1, 400, 3_000, 5_000, 15_000, 20_000, 61_000, 200_000])


class RandomSession(RuleBasedStateMachine):
    """One room and everything that can happen to it, in any order."""

    @initialize(
        window=st.sampled_from([0, 15]),
        grace=st.sampled_from([0, 10, 15]),
        pause=st.sampled_from([0, 3]),
        queue=st.sampled_from(["fair", "first_come"]),
        stepping=st.sampled_from(["auto", "by-hand"]),
    )
    def open(self, window: int, grace: int, pause: int, queue: str, stepping: str) -> None:
        self.world = World(
            accept_window_s=window,
            grace_s=grace,
            pause_s=pause,
            queue=queue,
            stepping=stepping,
            seats=5,
        )
        self.offers: dict[tuple[int, PersonId], int] = {}
        self.was_ended = False
        self.period: tuple[Stage, int, bool] | None = None
        self.done: set[PersonId] = set()
        self.shown_on: dict[Stance, tuple[object, object]] = {}
        self.world.enter(FAY, Role.FACILITATOR)
        for someone in PEOPLE[:3]:
            self.world.enter(someone)

    def _try(self, command: Any, after: int = 0) -> None:
        world = self.world
        world.now += after
        before = world.room
        try:
            world.do(command)
        except Refused:
            assert world.room is before

    # ── what people do ────────────────────────────────────────────────────────

    @rule(who=person)
    def enters(self, who: PersonId) -> None:
        self._try(Enter(person=who, role=Role.PARTICIPANT, name=who, browser=f"browser-of-{who}"))

    @rule(who=st.sampled_from([GIL, OLI]))
    def enters_as_facilitator_or_observer(self, who: PersonId) -> None:
        role = Role.FACILITATOR if who == GIL else Role.OBSERVER
        self._try(Enter(person=who, role=role, name=who, browser=f"browser-of-{who}"))

    @rule(who=anybody)
    def connects(self, who: PersonId) -> None:
        self.world.connections += 1
        connection = ConnectionId(f"w{self.world.connections}")
        self._try(Arrive(person=who, connection=connection))

    @rule(who=anybody, stale=st.booleans())
    def drops(self, who: PersonId, stale: bool) -> None:
        someone = self.world.room.people.get(who)
        connection = someone.connection if someone is not None else None
        self._try(
            Drop(
                person=who,
                connection=ConnectionId("old") if stale else connection or ConnectionId("none"),
            )
        )

    @rule(after=moments)
    def the_holder_starts_or_goes_on(self, after: int) -> None:
        turn = self.world.room.turn
        if turn is not None:
            self._try(c.StartTurn(by=turn.person, turn=turn.id), after)

    @rule(after=moments)
    def the_holder_finishes(self, after: int) -> None:
        turn = self.world.room.turn
        if turn is not None:
            self._try(c.FinishTurn(by=turn.person, turn=turn.id), after)

    @rule(kind=st.sampled_from(PassKind), after=moments)
    def the_holder_passes(self, kind: PassKind, after: int) -> None:
        turn = self.world.room.turn
        if turn is not None:
            self._try(c.Pass(by=turn.person, kind=kind, turn=turn.id), after)

    @rule(who=person, kind=st.sampled_from(PassKind), number=st.none() | st.integers(1, 9))
    def somebody_passes(self, who: PersonId, kind: PassKind, number: int | None) -> None:
        turn = TurnId(f"t{number}") if number is not None else None
        self._try(c.Pass(by=who, kind=kind, turn=turn))

    @rule(who=person, up=st.booleans())
    def hands_go_up_and_down(self, who: PersonId, up: bool) -> None:
        self._try(c.RaiseHand(by=who) if up else c.LowerHand(by=who))

    @rule(who=person, kind=st.sampled_from(SupportKind))
    def somebody_asks_for_support(self, who: PersonId, kind: SupportKind) -> None:
        self._try(c.AskSupport(by=who, kind=kind))

    @rule(who=anybody)
    def somebody_leaves(self, who: PersonId) -> None:
        self._try(c.Leave(by=who))

    # ── what facilitators do ──────────────────────────────────────────────────

    @rule(who=facilitator, confirm=st.booleans())
    def the_session_moves_on(self, who: PersonId, confirm: bool) -> None:
        stage = self.world.room.stage
        if stage is Stage.LOBBY:
            self._try(c.Begin(by=who))
        elif stage is not Stage.CLOSE:
            self._try(c.Advance(by=who, from_=stage.value, confirm=confirm))

    @precondition(lambda self: self.world.room.turns_offered > 6)
    @rule(who=facilitator)
    def the_session_is_ended(self, who: PersonId) -> None:
        self._try(c.EndSession(by=who, confirm=True))

    @rule(who=facilitator)
    def next_is_pressed(self, who: PersonId) -> None:
        turn = self.world.room.turn
        self._try(c.Next(by=who, turn=turn.id if turn is not None else self.world.room.last_turn))

    @rule(who=facilitator, to=person, place=st.integers(-1, 7))
    def somebody_is_moved(self, who: PersonId, to: PersonId, place: int) -> None:
        self._try(c.Move(by=who, person=to, to=place))

    @rule(
        who=facilitator,
        to=person,
        command=st.sampled_from([c.GiveFloor, c.Silence, c.Remove, c.Admit, c.TurnAway]),
    )
    def something_is_done_about_somebody(self, who: PersonId, to: PersonId, command: Any) -> None:
        self._try(command(by=who, person=to))

    @rule(who=anybody, do=st.sampled_from(sorted(set(c.COMMANDS) - {"end_session", "advance"})))
    def anybody_tries_anything(self, who: PersonId, do: str) -> None:
        self._try(command_for(self.world, do, who))

    @rule(who=facilitator, theme=st.integers(0, 3), alert=st.integers(0, 3))
    def themes_and_alerts(self, who: PersonId, theme: int, alert: int) -> None:
        self._try(c.Resonate(by=BEN, theme=ThemeId(f"th{theme}")))
        self._try(c.TakeAlert(by=who, alert=AlertId(f"a{alert}.ben")))

    # ── time ──────────────────────────────────────────────────────────────────

    @rule(ms=moments)
    def time_passes(self, ms: int) -> None:
        self.world.wait(ms)

    @rule(ms=moments)
    def nobody_looks_at_the_clock(self, ms: int) -> None:
        """A late tick ends turns when they were due, and spends no offer."""
        world = self.world
        punctual = World()
        punctual.room, punctual.now = world.room, world.now
        open_now = world.room.turn.id if world.room.turn is not None else None
        ends = [x for x in punctual.wait(ms) if isinstance(x, (e.TurnClosed, e.GraceBegan))]
        due = [x for x in ends if x.turn == open_now]
        late = world.oversleep(ms)
        assert [x for x in late if isinstance(x, (e.TurnClosed, e.GraceBegan))] == due
        offers = [x for x in late if isinstance(x, e.TurnOffered)]
        assert len(offers) <= 1
        assert all(x.at == world.now for x in offers)

    @rule(ms=st.sampled_from([500, 4_000, 600_000]))
    def the_service_is_away(self, ms: int) -> None:
        """No turn, offer or person is lost to an outage."""
        world = self.world
        world.do(Tick())
        before = world.room
        since = world.now
        world.do(TimeLost(since=since, until=since + ms), after=ms)
        after = world.room
        assert after.people.keys() == before.people.keys()
        if before.stage is not Stage.ENDED:
            assert after.turn == before.turn or after.turn is not None
            events = decide(after, Tick(), world.now)
            assert not any(isinstance(x, (e.TurnClosed, e.PersonAbsent)) for x in events)

    @rule(ms=st.sampled_from([6_000, 19_800_000]))
    def the_clock_is_set_back(self, ms: int) -> None:
        """What has passed and what is left stay as they were."""
        world = self.world
        world.do(Tick())
        due = next_deadline(world.room)
        ms = world.room.last_at - (world.now - ms)
        world.now = world.room.last_at - ms
        if ms <= 0:
            return
        world.do(ClockSetBack(to=world.now))
        later = next_deadline(world.room)
        assert world.room.last_at == world.now
        if world.room.stage is not Stage.LOBBY:  # which ends by the calendar
            assert later == (None if due is None else due - ms)
