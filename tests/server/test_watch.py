"""The watch over the store outlives what those do whom it tells."""

from __future__ import annotations

import asyncio
import logging

import pytest

from server.app import Application
from server.settings import read_settings
from tests.server.house import SECRET, House


async def test_a_defect_of_who_is_told_does_not_end_the_watch(
    own_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    settings = read_settings(
        redis_url=own_house.store.url, secret_key=SECRET, public_url="http://127.0.0.1"
    )
    parts = Application(settings)
    changes: asyncio.Queue[bool] = asyncio.Queue()

    def breaks(away: bool) -> None:
        raise KeyError("a name")

    parts.watch.on_change += [breaks, changes.put_nowait]
    with caplog.at_level(logging.ERROR, logger="thera_peer"):
        async with parts.running(), asyncio.timeout(20):
            assert not await changes.get()
            own_house.freeze_store()
            try:
                assert await changes.get()
            finally:
                own_house.thaw_store()
            assert not await changes.get()
            assert parts.watch.may_decide
    assert caplog.text.count("defect in telling of the store: KeyError") == 3
    assert "a name" not in caplog.text


async def test_a_store_that_refuses_for_a_while_is_said_to_be_away_once(
    own_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "thera_peer")
    settings = read_settings(
        redis_url=own_house.store.url, secret_key=SECRET, public_url="http://127.0.0.1"
    )
    parts = Application(settings)
    told: asyncio.Queue[bool] = asyncio.Queue()
    parts.watch.on_change.append(told.put_nowait)
    async with own_house.client() as client, parts.running(), asyncio.timeout(20):
        assert not await told.get()
        await client.execute_command("ACL", "SETUSER", "default", "-publish")  # type: ignore[no-untyped-call]
        assert await told.get()
        await asyncio.sleep(1.5)  # six more pulses are refused
        await client.execute_command("ACL", "SETUSER", "default", "+publish")  # type: ignore[no-untyped-call]
        assert not await told.get()
    refused, back = (record.getMessage() for record in caplog.records)
    assert refused.startswith("The store refuses: User default has no permissions")
    assert back == "The store is back: the rooms go on."
