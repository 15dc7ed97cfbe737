"""A script that runs inside the store, in one step, on whichever node holds its keys."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from server.store.trips import Trips


class Script:
    """One Lua file beside this one, called by its hash.

    A node that does not know it says so and has done nothing (it is new, or has taken over
    from another): then it gets the whole text, and knows it from then on.
    """

    def __init__(self, client: Redis | Trips, name: str) -> None:
        """Read the file."""
        self._client = client
        self._text = (Path(__file__).parent / name).read_bytes()
        self._hash = hashlib.sha1(self._text, usedforsecurity=False).hexdigest()

    def call(self, keys: Sequence[str], args: Sequence[Any] = ()) -> tuple[Any, ...]:
        """Return the words that call it by its hash."""
        return ("EVALSHA", self._hash, len(keys), *keys, *args)

    async def __call__(self, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run it; raises what the client raises."""
        try:
            return await self._client.execute_command(*self.call(keys, args))
        except NoScriptError:
            words = ("EVAL", self._text, len(keys), *keys, *args)
            return await self._client.execute_command(*words)
