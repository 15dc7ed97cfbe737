"""How a task is ended for certain."""

from __future__ import annotations

import asyncio
from typing import Final

# What ends at all ends within milliseconds.
CANCEL_AGAIN_SECONDS: Final = 0.5


async def end_all(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks until all have ended, also when this is cancelled itself meanwhile.

    A cancellation may be lost: one of redis-py's waits takes one that comes with its
    own time-out for that time-out, and a loop goes on after it.
    """
    cancelled: asyncio.CancelledError | None = None
    while tasks:
        for task in tasks:
            task.cancel()
        try:
            _, tasks = await asyncio.wait(tasks, timeout=CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError as error:
            cancelled, tasks = error, {task for task in tasks if not task.done()}
    if cancelled is not None:
        raise cancelled
