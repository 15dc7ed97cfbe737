"""Many rooms at once, with people who do at random what they may.

The seed of the dice is printed with every run; THERA_PEER_SEED=n plays the same again
(the order in which processes run is the machine's, what people do is the dice's).
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from server.new_session import create_session
from server.store.client import open_client
from session_engine import Role
from tests.faults.checker import (
    Story,
    check_acknowledged,
    check_names,
    check_nothing_twice,
    check_screens,
    is_current,
    told_lost,
)
from tests.faults.clocks import (
    check_clocks,
    check_countdowns,
    read_outages,
    true_offset_ms,
)
from tests.faults.member import Member, enter
from tests.running_server import RunningServer

CHOICES: Final[dict[str, Any]] = {
    "title": "Faults",
    "on_call": "Dr Rao, 555",
    "accept_window_s": 2,
    "introduction_s": 30,
    "grace_s": 2,
    "pause_s": 0,
}
# Every third room is patient: it stays with the introductions, and turns run to their limit.
PATIENT: Final = 3
SETTLED_SECONDS: Final = 25.0


def seed() -> int:
    """Return the seed of this run, and say it."""
    chosen = int(os.environ.get("THERA_PEER_SEED", random.SystemRandom().randrange(2**31)))
    print(f"\nTHERA_PEER_SEED={chosen}")  # noqa: T201
    return chosen


@dataclass
class Circle:
    """One room: its facilitator first, then its participants."""

    session: str
    members: list[Member]
    patient: bool = False

    @property
    def facilitator(self) -> Member:
        """Who drives it."""
        return self.members[0]


@dataclass(frozen=True)
class Outside:
    """A store that is not the server's own, and the secret that the server was given."""

    url: str
    secret: str


class Crowd:
    """Rooms with people in them, on one server."""

    def __init__(self, server: RunningServer, seed_: int, outside: Outside | None = None) -> None:
        """Take a running server with its embedded store, or with one outside."""
        self.server = server
        self.dice = random.Random(seed_)
        self.circles: list[Circle] = []
        self._outside = outside
        self.store_url = outside.url if outside else f"unix://{server.directory}/store.sock"
        self.store = open_client(self.store_url)
        self._prompts = 0
        self.by_limit = 0  # turns that ended by their limit, in rooms that were checked
        self.clock_wrong_ms = 0.0  # the most by which a screen's clock was off

    async def fill(self, rooms: int, participants: int, **choices: Any) -> None:
        """Create rooms, bring people in, and go on to the discussion."""
        patient = [number % PATIENT == PATIENT - 1 for number in range(rooms)]
        await asyncio.gather(*(self._circle(participants, choices, each) for each in patient))

    async def _circle(self, participants: int, choices: dict[str, Any], patient: bool) -> None:
        outside = self._outside
        secret = (
            outside.secret
            if outside
            else (self.server.directory / "secret-key").read_text().strip()
        )
        url = self.server.url
        given = {**CHOICES, **choices}
        new = await create_session(self.store_url, secret, url, given)
        people = [(new.facilitator, Role.FACILITATOR)]
        people += [(new.participant, Role.PARTICIPANT)] * participants
        members = [
            await enter(url, link, role, f"P{number}", self.dice)
            for number, (link, role) in enumerate(people)
        ]
        for member in members:
            member.start()
            await asyncio.wait_for(member.connected.wait(), 20)
        circle = Circle(new.session, members, patient)
        facilitator = circle.facilitator
        await facilitator.do("begin")
        await facilitator.do("advance", from_="welcome")
        if not patient:
            await facilitator.do("advance", from_="introductions", confirm=True)
        self.circles.append(circle)

    @property
    def members(self) -> list[Member]:
        """Everybody."""
        return [member for circle in self.circles for member in circle.members]

    # ---- What people do ---------------------------------------------------------------

    async def act(self, seconds: float, every: float = 0.3) -> None:
        """Let everybody do something they may, again and again."""
        ends = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(
            *(
                self._live(member, circle.patient, ends, every)
                for circle in self.circles
                for member in circle.members
            )
        )

    async def _live(self, member: Member, patient: bool, ends: float, every: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < ends:
            await asyncio.sleep(member.dice.uniform(0, 2 * every))
            if member.views and len(member.open_commands) < 5:
                await self.one_act(member, patient)

    async def one_act(self, member: Member, patient: bool = False) -> None:
        """Let somebody do one thing; the patient only begin turns, and end none."""
        may, turn = member.latest["you"]["may"], member.latest["view"]["turn"]
        if patient and turn and "extend" in may and member.dice.random() < 0.05:
            await self._stretch(member, turn["id"])
        elif member.role is Role.FACILITATOR and (patient or member.dice.random() < 0.8):
            await self.set_prompt(member)
        elif member.role is Role.FACILITATOR:
            if "next" in may:
                named = turn["id"] if turn else member.latest["view"]["last_turn"]
                await member.send("next", turn=named)
        elif turn and turn["person"] == member.person:
            if not patient:
                do = member.dice.choice(["start_turn", "finish_turn", "pass"])
                more = {"kind": "later"} if do == "pass" else {}
                await member.send(do, turn=turn["id"], **more)
            elif "start_turn" in may:
                await member.send("start_turn", turn=turn["id"])
        else:
            await member.send("raise_hand" if "raise_hand" in may else "lower_hand")

    def new_prompt(self) -> str:
        """Return a prompt that no room had before."""
        self._prompts += 1
        return f"prompt {self._prompts}"

    async def set_prompt(self, facilitator: Member) -> str:
        """Ask for such a prompt; return it."""
        text = self.new_prompt()
        await facilitator.send("set_prompt", text=text)
        return text

    async def _stretch(self, facilitator: Member, turn: str) -> None:
        """Give a turn more time, or let it stand for a moment."""
        if facilitator.dice.random() < 0.5:
            await facilitator.send("extend", turn=turn)
        else:
            await facilitator.send("hold")
            await asyncio.sleep(facilitator.dice.uniform(0.1, 1))
            await facilitator.send("resume")

    # ---- What they are shown ----------------------------------------------------------

    async def stories(self) -> list[Story]:
        """Read the logs of all rooms."""
        return [await Story.read(self.store, circle.session) for circle in self.circles]

    async def are_current(self, stories: list[Story]) -> bool:
        """Say whether every screen shows the end of its log; the stories are read on."""
        for circle, story in zip(self.circles, stories, strict=True):
            await story.read_on(self.store)
            if not all(is_current(story, member) for member in circle.members):
                return False
        return True

    # ---- Afterwards -------------------------------------------------------------------

    async def check(self, *, loses: bool = False) -> int:
        """Wait until all is answered and shown, then check every room; return what was done.

        `loses`: the store has lost what was done, and people were told so.
        """
        await self.settled()
        return sum([await self._check(circle, loses) for circle in self.circles])

    async def _check(self, circle: Circle, loses: bool) -> int:
        story = await Story.read(self.store, circle.session)
        check_nothing_twice(story)
        self.by_limit += check_clocks(story, await read_outages(self.store))
        offset_ms = await true_offset_ms(self.store)
        check_names(circle.members)
        done = 0
        for member in circle.members:
            assert loses or not told_lost(member), f"{circle.session}: {told_lost(member)} lost"
            done += check_acknowledged(story, member)
            check_screens(story, member)
            self.clock_wrong_ms = max(self.clock_wrong_ms, check_countdowns(member, offset_ms))
        return done

    async def settled(self, seconds: float = SETTLED_SECONDS) -> None:
        """Wait until every command has a certain answer and every screen is current."""
        for circle in self.circles:  # nothing more happens by itself
            await circle.facilitator.do("hold", seconds=seconds)
        await until(self._is_settled, seconds)

    async def _is_settled(self) -> bool:
        if not all(member.connected.is_set() for member in self.members):
            return False  # on their way back: a killed worker's people need a second or two
        if any(member.open_commands for member in self.members):
            return False
        for circle in self.circles:
            version = await self.store.llen(f"tp:{{{circle.session}}}:log")
            if circle.facilitator.latest["position"]["version"] != version:
                return False
        await asyncio.sleep(0.3)  # frames on their way
        return True

    async def stop(self) -> None:
        """Send everybody home."""
        await asyncio.gather(*(member.stop() for member in self.members))
        await self.store.aclose()


async def stopped(task: asyncio.Task[Any]) -> None:
    """End what goes on for ever; what it failed with, it fails with here."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def until(true: Callable[[], Awaitable[bool]], seconds: float, step: float = 0.1) -> None:
    """Wait for something that happens elsewhere; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(step)
