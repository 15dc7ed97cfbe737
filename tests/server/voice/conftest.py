"""Fixtures of the voice tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.voice.lines import Line


@pytest.fixture(autouse=True)
async def _all_lines_close() -> AsyncIterator[None]:
    yield
    for line in tuple(Line.here):
        await line.go()
