"""Fixtures that every test may use: the event loop and a real store."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run coroutine tests on asyncio with uvloop, like the server itself."""
    return "asyncio", {"use_uvloop": True}
