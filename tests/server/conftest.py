"""Fixtures of the server tests: a house of its own, and one that is shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.house import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two workers on one store, for tests that harm neither."""
    house = House(tmp_path_factory.mktemp("house"))
    try:
        house.start_worker()
        house.start_worker()
        yield house
    finally:
        house.close()


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """A store without workers yet, for tests that stop and kill."""
    house = House(tmp_path)
    try:
        yield house
    finally:
        house.close()
