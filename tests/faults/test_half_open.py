"""People whose network vanishes without a word: their sockets look open, and nobody is there."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from server.sockets.close_codes import CloseCode
from tests.faults.conftest import times
from tests.faults.crowd import Crowd, seed, until
from tests.faults.member import Member
from tests.faults.network import Network, NoNetwork
from tests.running_server import RunningServer

# A network that comes and goes is news for every browser on the machine.
pytestmark = pytest.mark.alone

# A ping goes every 5 s and is waited for 10 s; then the cut, the drop and the room's own patience.
AWAY_SECONDS = 25.0
# Somebody who comes by another way is here as soon as anybody who comes.
BACK_SECONDS = 1.0
ROOMS, GUESTS = times(3, 20), times(4, 10)


@pytest.fixture
def wifi() -> Iterator[Network]:
    """Make the network that will vanish."""
    try:
        with Network() as network:
            yield network
    except NoNetwork as why:
        pytest.skip(f"half-open clients need a network of their own: {why}")


@pytest.fixture
async def crowd(wifi: Network, tmp_path: Path) -> AsyncIterator[Crowd]:
    """Fill rooms; all but the facilitators are then on the network that will vanish."""
    with RunningServer(tmp_path, "--host", "0.0.0.0", workers=2, gather=False) as server:
        crowd = Crowd(server, seed())
        await crowd.fill(ROOMS, GUESTS)
        guests = [member for circle in crowd.circles for member in circle.members[1:]]
        await asyncio.gather(*(move(guest, wifi, server.port) for guest in guests))
        yield crowd
        for guest in guests:
            guest.drop()  # a goodbye would be waited for
        await crowd.stop()


async def move(member: Member, network: Network, port: int) -> None:
    """Let somebody come from another network from now on."""
    member.dial = partial(network.dial, port)
    member.connected.clear()
    member.drop()
    await asyncio.wait_for(member.connected.wait(), 20)
    member.closes.clear()


def again(member: Member) -> Member:
    """Return the same person on another device, not connected yet."""
    return replace(member, dial=None, sent={}, views=[], told=[], closes=[], lost=[],
                   dice=random.Random(0), connected=asyncio.Event())  # fmt: skip


def here(crowd: Crowd) -> list[set[str]]:
    """Return for every room who is shown as present, as its facilitator sees it."""
    people = [circle.facilitator.latest["view"]["people"] for circle in crowd.circles]
    return [{one["id"] for one in room if one["present"]} for room in people]


@pytest.mark.timeout(300)
async def test_whose_network_vanished_is_shown_away_within_25_s(
    crowd: Crowd, wifi: Network
) -> None:
    assert all(len(room) == 1 + GUESTS for room in here(crowd))
    wifi.pull()
    pulled = time.monotonic()

    async def all_away() -> bool:
        return all(len(room) == 1 for room in here(crowd))

    await until(all_away, AWAY_SECONDS)
    print(f"\nthe last of {ROOMS * GUESTS} away after {time.monotonic() - pulled:.1f} s")  # noqa: T201


@pytest.mark.timeout(300)
async def test_the_same_person_is_back_at_once_while_the_old_line_looks_open(
    crowd: Crowd, wifi: Network
) -> None:
    guests = [member for circle in crowd.circles for member in circle.members[1:]]
    wifi.pull()
    took = []
    phones = [again(guest) for guest in guests]
    try:
        for guest, phone in zip(guests, phones, strict=True):
            began = time.monotonic()
            phone.start()
            await asyncio.wait_for(phone.connected.wait(), BACK_SECONDS)
            took.append(time.monotonic() - began)
            assert guest.connected.is_set()
            assert not guest.closes, "the old line was to look open"
        print(f"\nthe slowest of {len(took)} back after {max(took):.2f} s")  # noqa: T201
        assert all(len(room) == 1 + GUESTS for room in here(crowd)), "somebody was shown away"
        await check_replaced(wifi, guests[-1])
    finally:
        await asyncio.gather(*(phone.stop() for phone in phones))


async def check_replaced(wifi: Network, guest: Member) -> None:
    """Check that an old line, when the network comes back, learns that it was replaced."""
    wifi.plug_in()

    async def told() -> bool:
        return CloseCode.REPLACED in guest.closes

    await until(told, AWAY_SECONDS)
