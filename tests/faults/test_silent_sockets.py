"""Sockets that never come to the point: all closed within 12 s, and nobody waits for them."""

from __future__ import annotations

import pytest

from tests.faults.conftest import LONG, times
from tests.faults.others import Others
from tests.faults.strangers import CLOSED_SECONDS, Strangers

pytestmark = [pytest.mark.alone, pytest.mark.every_core]

# A short run, on a machine that may be busy, sees disasters: a worker that stands still.
MOST_SLOWER = 1.1 if LONG else 4.0


@pytest.mark.timeout(1800)
async def test_a_thousand_silent_sockets_are_closed_and_make_nobody_wait(others: Others) -> None:
    await others.fill(rooms=8, people=20)
    strangers = Strangers([worker.port for worker in others.house.workers])
    await others.check(strangers, MOST_SLOWER, pairs=times(3, 16), seconds=times(5, 9))
    for kind, seconds in strangers.seconds.items():
        print(f"{len(seconds)} {kind}: closed after {max(seconds):.1f} s at most")  # noqa: T201
        assert max(seconds) <= CLOSED_SECONDS
        assert min(seconds) > 4, "closed at once: this is not what was to be tried"
