"""A server that dies in the middle of being asked is a store that is away, and no defect."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
import uvloop

from server.store.client import HangsUp, open_client
from server.store.errors import LogUnavailable, translated


def test_a_line_that_closes_under_the_librarys_hands_is_no_defect(store_url: str) -> None:
    async def ask() -> None:
        client = open_client(store_url)
        connection: Any = await cast(Any, client.connection_pool).get_connection()
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(LogUnavailable), translated():
            await connection.send_command("PING")
        await client.aclose()

    loop = uvloop.new_event_loop()
    loop.run_until_complete(ask())
    loop.close()


def test_lines_of_all_kinds_may_close_so() -> None:
    cluster: Any = open_client("clusters://a.example")
    master: Any = open_client("sentinel://a.example/rooms")
    (sentinel,) = master.connection_pool.sentinel_manager.sentinels
    for client in (*cluster.nodes.values(), master, sentinel):
        assert issubclass(client.connection_pool.connection_class, HangsUp)
