"""The store breaks, stands still, forgets its tail, fills its disk: nobody is told a lie."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from server.store.life import BEAT_SECONDS, Outage
from server.store.room_log import log_key
from session_engine import Room
from session_engine.events import PersonAbsent
from tests.faults.checker import Story, is_current, told_lost
from tests.faults.clocks import WRONG_MS, read_outages
from tests.faults.conftest import LONG, NewCrowd, Note, times
from tests.faults.crowd import Circle, Crowd, until
from tests.faults.member import Member

pytestmark = pytest.mark.alone

STANDSTILL_SECONDS = 60 if LONG else 5


def heard_of(members: list[Member], away: bool) -> bool:
    """Say whether everybody's last word about the store is this."""
    return all(
        [frame["away"] for frame in member.told if frame["type"] == "store"][-1:] == [away]
        for member in members
    )


@pytest.mark.timeout(180)
async def test_a_store_that_stands_still_is_noticed_and_costs_nobody_anything(
    new_crowd: NewCrowd,
) -> None:
    crowd = await new_crowd(rooms=4, participants=3, accept_window_s=90)
    await crowd.act(1)
    await crowd.settled()  # else a turn that is shown may be over
    for circle in crowd.circles:
        await circle.facilitator.do("resume")
        await offer_a_turn(crowd, circle)
    holders = [holder(circle) for circle in crowd.circles]
    before = [await Story.read(crowd.store, circle.session) for circle in crowd.circles]
    lines = [len(member.lost) for member in crowd.members]
    stood_at = await now_ms(crowd)
    store = crowd.server.store()
    on_their_way = [await crowd.set_prompt(circle.facilitator) for circle in crowd.circles]
    os.kill(store, signal.SIGSTOP)
    try:
        await until(lambda: _holds(heard_of(crowd.members, away=True)), 5.0)
        unsure = [circle.facilitator.open_commands for circle in crowd.circles]
        frozen = [await crowd.set_prompt(circle.facilitator) for circle in crowd.circles]
        await asyncio.sleep(STANDSTILL_SECONDS)
        for circle, names in zip(crowd.circles, unsure, strict=True):
            assert circle.facilitator.open_commands[: len(names)] == names, "a false answer"
            assert len(circle.facilitator.open_commands) == len(names) + 1, "a false answer"
    finally:
        os.kill(store, signal.SIGCONT)
    went_on_at = await now_ms(crowd)
    # Who waits asks again a second later, as a page does.
    await until(lambda: _holds(heard_of(crowd.members, away=False)), 5.0)
    await until(lambda: _holds(not any(one.open_commands for one in crowd.members)), 5.0)
    assert [len(member.lost) for member in crowd.members] == lines, "somebody lost the line"
    outage = (await read_outages(crowd.store))[-1]
    assert stood_at - 1000 * BEAT_SECONDS - WRONG_MS <= outage.since <= stood_at + WRONG_MS
    assert went_on_at - WRONG_MS <= outage.until <= went_on_at + 5000
    together = zip(crowd.circles, holders, before, strict=True)
    for number, (circle, person, old) in enumerate(together):
        new = await Story.read(crowd.store, circle.session)
        check_nothing_spent(new.states[-1], old.states[-1], outage)
        absent = [event for event in new.events if isinstance(event, PersonAbsent)]
        assert not absent, "somebody was away"
        assert new.prompts[on_their_way[number]] == new.prompts[frozen[number]] == 1
        assert holder(circle) is person
    await crowd.check()


def check_nothing_spent(room: Room, was: Room, outage: Outage) -> None:
    """Check that everybody is here, and the same turn has the same time left."""
    assert all(person.present for person in room.people.values())
    assert room.turns_offered == was.turns_offered, "an offer was spent"
    assert was.turn is not None
    assert room.turn is not None
    given_ms = room.turn.ends_at - was.turn.ends_at
    # From the last sign of life, or event, on; and until the holder's worker was back too.
    assert given_ms >= outage.until - max(outage.since, was.last_at) - WRONG_MS
    assert given_ms <= outage.until - outage.since + 1000 * BEAT_SECONDS + WRONG_MS


async def offer_a_turn(crowd: Crowd, circle: Circle) -> None:
    """Let a room have a turn open, offered or begun."""
    await circle.members[-1].do("raise_hand")
    await until(lambda: _holds(circle.facilitator.latest["view"]["turn"] is not None), 5.0)
    if crowd.dice.random() < 0.5:
        turn = circle.facilitator.latest["view"]["turn"]
        await holder(circle).do("start_turn", turn=turn["id"])


def holder(circle: Circle) -> Member:
    """Return who has the floor."""
    turn = circle.facilitator.latest["view"]["turn"]
    (member,) = [one for one in circle.members if one.person == turn["person"]]
    return member


async def now_ms(crowd: Crowd) -> int:
    """Return the store's time."""
    seconds, microseconds = await crowd.store.time()
    return int(1000 * seconds + microseconds // 1000)


async def _holds(true: bool) -> bool:
    return true


@pytest.mark.timeout(1800)
async def test_a_log_that_lost_its_tail_is_noticed_and_shown(
    new_crowd: NewCrowd, note: Note
) -> None:
    crowd = await new_crowd(rooms=times(5, 10), participants=2)
    cuts = lost = 0
    while cuts < times(5, 200):
        await crowd.act(1.5)
        await crowd.check(loses=True)
        told = await asyncio.gather(*(cut_the_tail(crowd, circle) for circle in crowd.circles))
        cuts, lost = cuts + len(told), lost + sum(told)
        for circle in crowd.circles:
            await circle.facilitator.do("resume")
    assert lost > cuts / 2
    note("tails cut off", cuts)
    note("commands told as lost", lost)


async def cut_the_tail(crowd: Crowd, circle: Circle) -> int:
    """Cut up to five elements off a log; every screen then shows what the log holds.

    What was shown until here has been checked. From now on each screen may show the
    moment it is at, and then the other history only. Returns how many commands were lost.
    """
    old = await Story.read(crowd.store, circle.session)
    kept = old.version - crowd.dice.randint(1, 5)
    for member in circle.members:
        del member.views[:-1]
        member.told.clear()
    await crowd.store.ltrim(log_key(circle.session), 0, kept - 1)
    lost = {member.person: lost_of(old, member, kept) for member in circle.members}

    async def shown_and_told() -> bool:
        new = await Story.read(crowd.store, circle.session)
        assert new.heads[kept] == old.heads[kept]
        return all(
            is_current(new, member) and told_lost(member) == lost[member.person]
            for member in circle.members
        )

    await until(shown_and_told, 5.0)
    for member in circle.members:
        if len(member.views) > 1:
            del member.views[0]  # of the history that is gone
        member.sent.clear()
    return sum(map(len, lost.values()))


def lost_of(story: Story, member: Member, kept: int) -> set[str]:
    """Return which commands were called done, and were later in the log than what is kept."""
    return {
        name
        for name, sent in member.sent.items()
        if sent.answer is not None
        and sent.answer["type"] == "done"
        and int(story.ids[f"{member.person}:{name}"][0]) > kept
    }
