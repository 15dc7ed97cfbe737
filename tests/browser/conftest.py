"""Fixtures of the browser tests: Chromium, and two real workers on one store.

Most tests run in Chromium's headless shell: the same engine without the windows that nobody
sees here, for half of the processor. Those of voice have the whole browser.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from session_engine import Role
from tests.browser.visitor import Visitor
from tests.server.house import House

Newcomer = Callable[..., Visitor]


# Playwright's event loop has to end with these tests: others bring loops of their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Start the shell of Debian's Chromium once."""
    program = shutil.which("chromium-headless-shell")
    assert program, "the browser tests need Debian's package chromium-headless-shell"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two server processes on one store, each on a port of its own."""
    house = House(tmp_path_factory.mktemp("browser"))
    try:
        house.start_worker()
        house.start_worker()
        yield house
    finally:
        house.close()


class OpenSession:
    """A session that is open now, reached through either worker."""

    def __init__(self, house: House, **choices: Any) -> None:
        """Create it; playwright keeps this thread's event loop, so another thread does."""
        self.house = house
        with ThreadPoolExecutor(1) as other:
            self.id = other.submit(asyncio.run, house.create(**choices)).result()

    def link(self, role: Role, worker: int) -> str:
        """Return a whole link, as it is given to people."""
        return f"{self.house.workers[worker].url}/join#{self.house.link(self.id, role)}"


@pytest.fixture
def newcomer(chromium: Browser) -> Iterator[Newcomer]:
    """Give browsers to people; at the end none of them may have said anything to its console."""
    visitors: list[Visitor] = []

    def come(size: dict[str, int] | None = None, **more: Any) -> Visitor:
        visitors.append(Visitor(chromium, size, **more))
        return visitors[-1]

    yield come
    noise = [line for visitor in visitors for line in visitor.noise]
    for visitor in visitors:
        visitor.close()
    assert noise == []
