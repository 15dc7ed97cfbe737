"""Fixtures of the server tests: a house that is shared, and one of a test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.server.house import House
from tests.server.people import Person


@pytest.fixture(scope="session")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two workers on one store."""
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.start_worker()
        house.start_worker()
        yield house
    finally:
        house.close()


@pytest.fixture
async def house(shared_house: House) -> AsyncIterator[House]:
    """Two workers on one store, for tests that harm neither; everybody goes home after it."""
    yield shared_house
    await _all_go_home()


@pytest.fixture
async def own_house(tmp_path: Path) -> AsyncIterator[House]:
    """A store without workers yet, for tests that stop and kill."""
    house = House(tmp_path)
    try:
        yield house
        await _all_go_home()
    finally:
        house.close()


async def _all_go_home() -> None:
    for person in tuple(Person.here):
        await person.go()
