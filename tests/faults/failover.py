"""What happens when a server of the store dies and its replica takes over, and after it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from redis.exceptions import RedisError

from server.rooms.covering import COVERED
from server.store.room_log import log_key
from tests.faults.checker import (
    Story,
    check_acknowledged,
    check_falls,
    check_nothing_twice,
    check_screens,
    told_lost,
)
from tests.faults.clocks import check_clocks, read_outages
from tests.faults.crowd import SETTLED_SECONDS, Circle, Crowd, Outside, until
from tests.faults.crowd import seed as new_seed
from tests.faults.member import Sent
from tests.faults.stores import Replicated, Server, program_called
from tests.running_server import RunningServer
from tests.server.house import SECRET

Stores = TypeVar("Stores", bound=Replicated)

OUTAGE_SECONDS = 8.0
# A primary that stands still is replaced as quickly as a dead one, if no vote fails: of three
# the quickest. Waited for twice, as once it was, it would be 6 s.
STANDS_STILL_SECONDS = 5.5
# How long a replica is cut off while its primary goes on: what is said then is lost.
HELD_BACK_SECONDS = 2.0
ACTING_SECONDS = 3.0


async def on_both_programs(
    kind: Callable[[str, Path], Stores],
    directory: Path,
    story: Callable[[Stores, Path], Awaitable[None]],
) -> None:
    """Play a story on Debian's Redis and on Valkey at once: most of it is waiting."""
    programs = {name: program_called(name) for name in ("redis", "valkey")}

    async def play(name: str) -> None:
        home = directory / name
        home.mkdir()
        stores = await asyncio.to_thread(kind, programs[name], home / "nodes")
        try:
            await story(stores, home)
        finally:
            stores.end()

    async with asyncio.TaskGroup() as both:
        for name in programs:
            both.create_task(play(name), name=name)


@asynccontextmanager
async def crowd_on(stores: Replicated, directory: Path, rooms: int) -> AsyncIterator[Crowd]:
    """Bring people into rooms on a server with two workers."""
    options = ("--redis", stores.url)
    server = RunningServer(
        directory, *options, workers=2, gather=False, THERA_PEER_SECRET_KEY=SECRET
    )
    with server:
        crowd = Crowd(server, new_seed(), Outside(stores.url, SECRET))
        try:
            await crowd.fill(rooms, 2)
            yield crowd
        finally:
            await crowd.stop()


async def fail_over_and_check(crowd: Crowd, stores: Replicated, often: int) -> None:
    """Let so often a primary fail, once killed and once standing still in turn; check all.

    Who stands still believes for a moment afterwards that it is one yet. The replica is up to
    date only every third time.
    """
    outages = []
    for number in range(often):
        primary, outage = await fail_over(
            crowd, stores, behind=number % 3 != 2, stands_still=number % 2 == 1
        )
        outages.append(round(outage, 1))
        if number + 1 < often:
            await asyncio.to_thread(stores.return_as_replica, primary)
    done, lost = await check_after(crowd, often)
    await until(lambda: all_are_there(crowd), SETTLED_SECONDS)
    print(f"{stores.url}: {done} done, {lost} lost and told, outages {outages} s")  # noqa: T201
    assert lost > 0, "nothing was lost: the replica was not behind"
    assert max(outages) <= OUTAGE_SECONDS
    if often > 2:
        assert min(outages[1::2]) <= STANDS_STILL_SECONDS


async def fail_over(
    crowd: Crowd, stores: Replicated, *, behind: bool, stands_still: bool
) -> tuple[Server, float]:
    """Kill the primary of a room while people act; or it stands still until another is one.

    `behind`: the replica has not got the last seconds when it takes over.
    Return who it was, and for how long nothing was done in the room (seconds).
    """
    circle = crowd.dice.choice(crowd.circles)
    key = log_key(circle.session)
    acting = asyncio.create_task(crowd.act(ACTING_SECONDS, every=0.15))
    calling = asyncio.create_task(call_for_support(crowd, ACTING_SECONDS))
    await asyncio.sleep(0.5)
    primary = await asyncio.to_thread(stores.primary_of, key)
    replica = None
    if behind:
        replica = await asyncio.to_thread(stores.hold_back, key)
        await asyncio.sleep(HELD_BACK_SECONDS)
    if stands_still:
        primary.signal(signal.SIGSTOP)
    else:
        primary.kill()
    began = time.monotonic()
    if replica is not None:
        replica.signal(signal.SIGCONT)
    await answered(circle)
    outage = time.monotonic() - began
    if stands_still:
        primary.signal(signal.SIGCONT)  # while people act
    await acting
    await calling
    await until(lambda: answers(crowd), OUTAGE_SECONDS)
    return primary, outage


async def answers(crowd: Crowd) -> bool:
    """Say whether the store answers to us of every room; our own lines have broken, too.

    Who stood still says for a moment that the cluster is down, and then who is its primary.
    """
    try:
        for circle in crowd.circles:
            await crowd.store.llen(log_key(circle.session))
    except RedisError:
        return False
    return True


async def answered(circle: Circle) -> None:
    """Wait until the facilitator of a room is told that something is done."""
    async with asyncio.timeout(30):
        while True:
            answer = await circle.facilitator.do("set_prompt", text=f"after {time.monotonic()}")
            if answer["type"] == "done":
                return
            await asyncio.sleep(0.1)


async def call_for_support(crowd: Crowd, seconds: float) -> None:
    """Let participants call, and facilitators take and close the calls, again and again."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for circle in crowd.circles:
            for member in circle.members[1:]:
                if len(member.open_commands) < 5:
                    kind = member.dice.choice(["now", "after"])
                    await member.send("ask_support", kind=kind, note="")
            alerts = circle.facilitator.latest["view"]["alerts"]
            for alert in alerts[:2]:
                do = "close_alert" if alert["state"] == "taken" else "take_alert"
                await circle.facilitator.send(do, alert=alert["id"])
        await asyncio.sleep(0.2)


async def check_after(crowd: Crowd, failovers: int) -> tuple[int, int]:
    """Check every room; return how many commands stand, and how many were said to be lost."""
    # A second call of the same kind is in the log, and on nobody's screen: what is settled after
    # it is the hold.
    await until(lambda: all_answered(crowd), SETTLED_SECONDS)
    await crowd.settled()
    settled = time.monotonic()
    for circle in crowd.circles:
        await circle.facilitator.do("resume")
    await crowd.act(1.0)
    await crowd.settled()
    outages = await read_outages(crowd.store)
    done = lost = covered = 0
    for circle in crowd.circles:
        story = await Story.read(crowd.store, circle.session)
        check_nothing_twice(story)
        check_falls(story, circle.members, failovers)
        check_clocks(story, outages)
        for member in circle.members:
            done += check_acknowledged(story, member)
            lost += len(told_lost(member))
            covered += sum(map(is_covered, member.sent.values()))
            check_screens(story, member, since=settled)
    assert covered, "nothing was done that replicas had to have"
    return done, lost


def is_covered(sent: Sent) -> bool:
    """Say whether this was done, and only once replicas had it."""
    done = sent.answer is not None and sent.answer["type"] == "done"
    return done and sent.frame["do"] in COVERED


async def all_answered(crowd: Crowd) -> bool:
    """Say whether every command has a certain answer."""
    return not any(member.open_commands for member in crowd.members)


async def all_are_there(crowd: Crowd) -> bool:
    """Say whether everybody is in the room."""
    for circle in crowd.circles:
        people = circle.facilitator.latest["view"]["people"]
        if not all(person["present"] for person in people):
            return False
    return True
