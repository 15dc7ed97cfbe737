"""What must be true after every step of any random session.

`make test` plays short sessions; THERA_PEER_EXAMPLES=2000 plays many long ones.
"""

import os
from dataclasses import replace
from itertools import pairwise

from hypothesis import Phase, settings
from hypothesis.stateful import invariant

from session_engine import (
    Refused,
    Role,
    Room,
    Stage,
    Tick,
    decide,
    evolve,
    from_dict,
    from_stance,
    ground,
    may,
    next_deadline,
    replay,
    stances,
    to_dict,
    view,
    you,
)
from session_engine import events as e
from session_engine.queue import waiting
from session_engine.room import People
from session_engine.turns import spoken_ms
from tests.engine.random_session import RandomSession
from tests.engine.test_permissions import command_for
from tests.engine.world import BEN, FAY, SECOND

HURRY = int(os.environ.get("THERA_PEER_EXAMPLES", "100"))

PRIVATE = ("ask_support", "say_privately", "set_prompt", "add_theme", "set_on_call", "set_script")


class Session(RandomSession):
    """One room, looked at after every step."""

    @invariant()
    def nobody_waits_twice(self) -> None:
        room = self.world.room
        queue = waiting(room)
        assert len(set(queue)) == len(queue)
        if room.turn is not None:
            assert room.turn.person not in queue or room.turn.kind.value == "discussion"
        assert all(room.people[someone].state == "seated" for someone in queue)

    @invariant()
    def one_holder_at_most_and_only_somebody_seated(self) -> None:
        room = self.world.room
        if room.turn is not None:
            assert room.people[room.turn.person].state == "seated"
            assert not room.people[room.turn.person].silenced
            assert room.stage in (Stage.INTRODUCTIONS, Stage.DISCUSSION, Stage.CLOSE)

    @invariant()
    def no_turn_is_longer_than_120_s_and_grace(self) -> None:
        room = self.world.room
        most = 120 * SECOND + room.settings.grace_s * SECOND
        turn = room.turn
        if turn is not None:
            assert turn.used_ms + turn.limit_ms <= 120 * SECOND
            due = min(turn.ends_at, self.world.now)
            assert turn.used_ms + spoken_ms(turn, room.clock(due)) <= most
        for event in self.world.log[-5:]:
            if isinstance(event, e.TurnClosed):
                assert 0 <= event.spoken_ms <= most

    @invariant()
    def nobody_has_more_than_two_offers_in_a_round_by_itself(self) -> None:
        round_ = self.world.room.floor.round
        if round_ is not None:
            for someone in round_.waiting:
                assert round_.offers.get(someone, 0) < 2 or someone in round_.settled

    @invariant()
    def who_waits_in_a_round_and_is_done_with_it_was_called_once_more(self) -> None:
        """They said *later* then, which is told from spoken turns by nobody."""
        round_ = self.world.room.floor.round
        if round_ is not None:
            again = round_.settled.keys() & {*round_.waiting, *round_.later}
            assert not again or any(isinstance(x, e.FloorGiven) for x in self.world.log)

    @invariant()
    def the_count_of_who_is_done_falls_for_nobody(self) -> None:
        room = self.world.room
        floor = room.floor
        period = room.stage, room.stage_started_at, floor.round is None
        done = set(floor.round.settled if floor.round else {*floor.outcomes, *floor.started})
        if period == self.period:
            assert done >= self.done & room.people.keys()
        self.period, self.done = period, done

    @invariant()
    def at_most_as_many_sit_as_there_are_seats(self) -> None:
        room = self.world.room
        seated = [p for p in room.people.values() if p.state == "seated" and p.seat]
        assert len(seated) <= room.settings.seats
        assert len({p.seat for p in seated}) == len(seated)

    @invariant()
    def ended_is_final(self) -> None:
        ended = self.world.room.stage is Stage.ENDED
        assert ended or not self.was_ended
        self.was_ended = ended

    @invariant()
    def the_log_adds_up_to_the_room(self) -> None:
        log = self.world.log
        assert replay(from_dict(to_dict(event)) for event in log) == self.world.room
        for before, event in pairwise(log):
            assert event.at >= before.at or isinstance(event, e.MomentsSetBack)

    @invariant()
    def what_is_kept_by_a_part_of_a_room_is_right(self) -> None:
        """A room that shares no part with this one is shown the same."""
        room, now = self.world.room, self.world.now
        other = replay(self.world.log)
        assert other is not None
        for role in Role:
            assert view(other, role) == view(room, role)
        for someone in room.people:
            assert you(other, someone, now) == you(room, someone, now)

    @invariant()
    def who_stands_alike_on_equal_ground_is_shown_the_same(self) -> None:
        """What the server keeps of it from change to change is right."""
        on = ground(self.world.room)
        for stance in set(stances(self.world.room).values()):
            shown = from_stance(self.world.room, stance)
            if stance in self.shown_on and self.shown_on[stance][0] == on:
                assert self.shown_on[stance][1] == shown
            self.shown_on[stance] = on, shown

    @invariant()
    def every_view_can_be_shown(self) -> None:
        room = self.world.room
        for role in Role:
            view(room, role)
        for someone in room.people:
            tail = you(room, someone, self.world.now)
            assert tail["may"] == may(room, room.people[someone])

    @invariant()
    def nobody_but_facilitators_reads_pass(self) -> None:
        """Not in the view of the role; the person's own standing is theirs."""
        for role in (Role.PARTICIPANT, Role.OBSERVER):
            shown = repr(view(self.world.room, role))
            assert "pass" not in shown
            assert "later" not in shown
            assert "silenced" not in shown

    @invariant()
    def an_observer_sees_nothing_of_private_content(self) -> None:
        room, now = self.world.room, self.world.now
        before = view(_settled(room, now), Role.OBSERVER)
        for do in PRIVATE:
            who = BEN if do == "ask_support" else FAY
            after = _settled(room, now)
            try:
                for event in decide(after, command_for(self.world, do, who), now):
                    after = evolve(after, event)
            except Refused:
                continue
            assert view(after, Role.OBSERVER) == before
        unnamed = replace(
            room,
            people=People({p.id: replace(p, name="Somebody else") for p in room.people.values()}),
        )
        assert view(unnamed, Role.OBSERVER) == view(room, Role.OBSERVER)

    @invariant()
    def the_clock_always_goes_on(self) -> None:
        """After a tick nothing that was due is left: a reader never spins."""
        room = _settled(self.world.room, self.world.now)
        due = next_deadline(room)
        assert due is None or due > self.world.now or self.world.room.settings.pause_s == 0


def _settled(room: Room, now: int) -> Room:
    for event in decide(room, Tick(), now):
        room = evolve(room, event)
    return room


# Shrinking a session takes minutes; a failure is printed as it was found, unless
# many examples are asked for.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
Session.TestCase.settings = settings(
    max_examples=HURRY,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    phases=PHASES if HURRY < 1000 else [*PHASES, Phase.shrink],
)
TestRandomSessions = Session.TestCase
