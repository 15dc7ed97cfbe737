"""A rehearsal: simulated participants who sit in a real session over real sockets.

Facilitators train with it: the people come in by the participant link like
anybody, have different tempers, write a few words when they have the floor, and go
when the session ends. They know nothing that the server did not send them.
"""

from __future__ import annotations

import asyncio
import random

from server.rehearsal.door import RehearsalError, look, read_link
from server.rehearsal.participant import Participant
from server.rehearsal.tempers import NAMES, TEMPERS

__all__ = ["RehearsalError", "run"]


async def run(link: str, participants: int = 8, seed: int | None = None) -> None:
    """Sit `participants` people in the session of a participant link until it ends.

    Raises: RehearsalError.
    """
    base, secret = read_link(link)
    door = await look(base, secret)
    first = random.randrange(2**31) if seed is None else seed
    tempers = list(TEMPERS.values())
    people = [
        Participant(
            base,
            secret,
            NAMES[number % len(NAMES)],
            tempers[number % len(tempers)],
            first + number,
        )
        for number in range(participants)
    ]
    await asyncio.gather(*(person.attend(door["guidelines"]) for person in people))
