"""A room on stores of other people, over TLS: decisions, words and sound between workers."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from tests.faults.stores import KEPT, Clustered, Server, Tls, Watched, program_called, url_of
from tests.server.house import House
from tests.server.people import Person
from tests.server.voice.lines import Line, circle, sound


class Stores(Protocol):
    """What somebody else keeps for us."""

    url: str

    def end(self) -> None:
        """End it."""


class OneServer:
    """A single server, which is reached over IPv6 where the machine has it."""

    def __init__(self, program: str, directory: Path, tls: Tls) -> None:
        self._server = Server(program, directory, *KEPT, tls=tls)
        host = "[::1]" if has_ipv6() else "127.0.0.1"
        self.url = url_of("redis", f"{host}:{self._server.port}/1", tls)

    def end(self) -> None:
        self._server.end()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", [OneServer, Watched, Clustered])
async def test_a_room_is_whole_there(
    kind: Callable[[str, Path, Tls], Stores], tmp_path: Path
) -> None:
    stores = kind(program_called("redis"), tmp_path / "stores", Tls(tmp_path / "tls"))
    house = House(tmp_path, stores.url)
    try:
        for _ in range(2):
            house.start_worker()
        await everything_reaches_the_other_worker(house)
    finally:
        for person in tuple(Person.here):
            await person.go()
        house.close()
        stores.end()


async def everything_reaches_the_other_worker(house: House) -> None:
    here = await circle(house)  # Ana, who has the floor, is on one worker, Ben on the other.
    await here.ben.done("raise_hand")
    await here.meera.see(lambda view, you: any(one["hand"] for one in view["people"]))
    await here.ana.done("write", turn=here.turn, text="I would like")
    said = await here.ben.find(lambda frame: frame.get("kind") == "text")
    assert said["text"] == "I would like"
    await here.cai.done("say_privately", text="May I go later?")
    await here.meera.find(lambda frame: frame.get("kind") == "line")
    ana, ben = await Line.open(here.ana), await Line.open(here.ben)
    for number in range(20):
        await ana.say(sound(here.number, number))
    assert (await ben.hears(b"an opus packet")).seat == here.seat(here.ana)
    for line in (ana, ben):
        await line.go()
