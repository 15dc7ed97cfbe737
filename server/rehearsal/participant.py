"""One simulated person at a real socket, who knows only what the server sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from server.rehearsal.door import RehearsalError, ask
from server.rehearsal.tempers import SENTENCES, Temper
from server.sockets.close_codes import comes_back

# Coming back: doubled after every failure, times 0.5 to 1.5, so that people who lost
# the same worker do not return at the same moment.
BACK_OFF_SECONDS: Final = 0.5
BACK_OFF_MAX_SECONDS: Final = 8.0

# A pair: a word or two at a time, faster than speech, slow enough to be read.
WRITE_SECONDS: Final = 1.2
WORDS_AT_A_TIME: Final = 3

MOOD_SECONDS: Final = (6.0, 15.0)


class Participant:
    """One simulated person: sits at a socket and does what their temper says."""

    def __init__(self, base: str, secret: str, name: str, temper: Temper, seed: int) -> None:
        """Take where to go, who to be, and the seed of every choice."""
        self._base = base
        self._secret = secret
        self._name = name
        self._temper = temper
        self._dice = random.Random(seed)
        self._browser = uuid.UUID(int=self._dice.getrandbits(128)).hex
        self._view: dict[str, Any] = {}
        self._you: dict[str, Any] = {}
        self._acting: asyncio.Task[None] | None = None
        self._acted_on: tuple[str, str] | None = None
        self._dropped = False

    async def attend(self, guidelines: str) -> None:
        """Come in, stay, come back after every break, go when the session ends."""
        entry = await self._enter(guidelines)
        url = self._base.replace("http", "ws", 1) + f"/ws/rooms/{entry['session']}"
        failures = 0
        while True:
            code: int | None = None
            try:
                async with connect(url, compression=None) as socket:
                    code = await self._sit(socket, str(entry["pass"]))
                    failures = 0
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                pass
            if code is not None and not comes_back(code):
                return
            failures += 1
            await asyncio.sleep(self._back_off(failures))

    def _back_off(self, failures: int) -> float:
        if self._dropped:
            return self._dice.uniform(4.0, 8.0)
        wait: float = min(BACK_OFF_MAX_SECONDS, BACK_OFF_SECONDS * 2 ** (failures - 1))
        return wait * self._dice.uniform(0.5, 1.5)

    async def _enter(self, guidelines: str) -> dict[str, Any]:
        body = {
            "link": self._secret,
            "name": self._name,
            "consent": guidelines,
            "browser": self._browser,
        }
        while True:
            status, entry = await ask(self._base, "/api/enter", body)
            if status in (200, 202):
                return entry
            if status != 503:
                raise RehearsalError(f"{self._name} cannot come in: {entry.get('message', status)}")
            await asyncio.sleep(1.0)

    async def _sit(self, socket: ClientConnection, token: str) -> int | None:
        """Be connected until the socket closes; return its close code."""
        await socket.send(json.dumps({"pass": token}))
        self._acted_on = None
        mood = asyncio.create_task(self._live(socket))
        try:
            async for message in socket:
                frame = json.loads(message)
                if frame["type"] == "view":
                    self._view, self._you = frame["view"], frame.get("you", {})
                    self._notice(socket)
        except ConnectionClosed:
            pass  # The code says whether to come back.
        finally:
            for task in (mood, self._acting):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                        await task
            self._acting = None
        return socket.close_code

    async def _do(self, socket: ClientConnection, do: str, **fields: Any) -> None:
        await socket.send(json.dumps({"id": uuid.uuid4().hex, "do": do, **fields}))

    # ---- My moment ----------------------------------------------------------------

    def _notice(self, socket: ClientConnection) -> None:
        """Begin to act when an offer, or the rest of a turn, is mine."""
        turn = self._view.get("turn")
        if not turn or turn.get("person") != self._you.get("person"):
            self._acted_on = None
            return
        if "start_turn" not in self._you.get("may", ()):
            return
        moment = (turn["id"], turn["state"])
        if moment == self._acted_on or (self._acting and not self._acting.done()):
            return
        self._acted_on = moment
        self._acting = asyncio.create_task(self._take_turn(socket, turn["id"]))

    async def _take_turn(self, socket: ClientConnection, turn: str) -> None:
        with contextlib.suppress(ConnectionClosed):
            await asyncio.sleep(self._dice.uniform(*self._temper.thinks_s))
            if self._dice.random() < self._temper.passes:
                await self._do(socket, "pass", turn=turn, kind="not_this_round")
            elif self._dice.random() < self._temper.says_later:
                await self._do(socket, "pass", turn=turn, kind="later")
            else:
                await self._do(socket, "start_turn", turn=turn)
                await self._speak(socket, turn)

    async def _speak(self, socket: ClientConnection, turn: str) -> None:
        """Write until enough is said or the floor is gone; perhaps lose the line."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._dice.uniform(*self._temper.speaks_s)
        drops_at = loop.time() + 8.0 if self._temper.drops and not self._dropped else None
        text = ""
        for words in self._words():
            await asyncio.sleep(WRITE_SECONDS)
            if not self._holds(turn) or loop.time() > ends:
                break
            text = f"{text} {words}".strip()[-1_900:]
            await self._do(socket, "write", turn=turn, text=text)
            if drops_at is not None and loop.time() > drops_at:
                self._dropped = True
                socket.transport.abort()
                return
        self._dropped = False
        if self._holds(turn):
            await self._do(socket, "finish_turn", turn=turn)

    def _words(self) -> Iterator[str]:
        while True:
            words = self._dice.choice(SENTENCES).split()
            for start in range(0, len(words), WORDS_AT_A_TIME):
                yield " ".join(words[start : start + WORDS_AT_A_TIME])

    def _holds(self, turn: str) -> bool:
        now: dict[str, Any] | None = self._view.get("turn")
        return now is not None and now["id"] == turn and now["state"] != "held"

    # ---- In between ---------------------------------------------------------------

    async def _live(self, socket: ClientConnection) -> None:
        """Ask to speak, send a gesture, or find that a theme is mine too, now and then."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self._dice.uniform(*MOOD_SECONDS))
                may = self._you.get("may", ())
                if "raise_hand" in may and self._dice.random() < self._temper.asks:
                    await self._do(socket, "raise_hand")
                elif "gesture" in may and self._dice.random() < self._temper.gestures:
                    kind = self._dice.choice(("with_you", "thank_you", "resonates"))
                    await self._do(socket, "gesture", kind=kind)
                elif "resonate" in may and self._dice.random() < self._temper.gestures:
                    await self._resonate(socket)

    async def _resonate(self, socket: ClientConnection) -> None:
        done = self._you.get("resonated", ())
        left = [one["id"] for one in self._view.get("themes", ()) if one["id"] not in done]
        if left:
            await self._do(socket, "resonate", theme=self._dice.choice(left))
