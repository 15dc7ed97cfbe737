"""What is privately said waits for half a minute, is little, and nobody's crowds out another's."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import orjson
import pytest

from server.sockets import recent_words
from server.sockets.recent_words import RECENT_BYTES, RECENT_MS, RecentWords

NOW = 1_000_000


def line(sender: str, text: str, at: int = NOW) -> dict[str, Any]:
    return {"kind": "line", "from": sender, "to": None, "text": text, "at": at}


def note(person: str, at: int = NOW) -> dict[str, Any]:
    return {"kind": "alert", "person": person, "note": "please", "at": at}


async def test_words_are_news_once_and_not_when_they_are_old() -> None:
    recent = RecentWords(lambda: NOW)
    assert recent.keep(line("ana", "once"))
    assert not recent.keep(line("ana", "once"))
    assert not recent.keep(line("ana", "of a worker that still had it", NOW - RECENT_MS))
    assert recent.said() == [line("ana", "once")]
    recent.clear()


async def test_who_says_most_loses_their_own_oldest_line() -> None:
    recent = RecentWords(lambda: NOW)
    recent.keep(note("ben"))
    recent.keep(line("ben", "are you there"))
    recent.keep(note("ana"))
    for number in range(100):
        recent.keep(line("ana", f"{number} " + "अ" * 900))
    said = recent.said()
    assert [one for one in said if one != note("ana") and one.get("from") != "ana"] == [
        note("ben"),
        line("ben", "are you there"),
    ]
    assert note("ana") in said
    assert said[-1]["text"].startswith("99 ")
    assert RECENT_BYTES / 2 < sum(len(orjson.dumps(one)) for one in said) <= RECENT_BYTES
    recent.clear()


async def test_words_are_forgotten_each_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_words, "RECENT_MS", 100)
    loop = asyncio.get_running_loop()
    recent = RecentWords(lambda: int(1000 * loop.time()))
    for text in ("first", "second"):
        recent.keep(line("ana", text, int(1000 * loop.time())))
        await asyncio.sleep(0.06)
    assert [one["text"] for one in recent.said()] == ["second"]
    await asyncio.sleep(0.1)
    assert recent.said() == []


async def test_a_room_that_has_gone_is_kept_by_no_timer() -> None:
    recent = RecentWords(lambda: NOW)
    recent.keep(line("ana", "once"))
    recent.clear()
    gone = weakref.ref(recent)
    del recent
    gc.collect()
    assert gone() is None
