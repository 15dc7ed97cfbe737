"""What a connection leaves behind: nothing that only a collection of garbage would find."""

from __future__ import annotations

import asyncio
import os
import re
import signal

from session_engine import Role
from tests.faults.strangers import HEAD
from tests.server.house import House, Worker
from tests.server.people import Person

TIMES = 20
# A collection of the garbage of thousands of connections took 26 ms, and everybody waited. A
# circle of a connection's own is some 60 objects; what else goes on in a worker leaves 10 to 50.
LEFT_MAX = 10 * TIMES


async def garbage(worker: Worker) -> int:
    """Ask a worker how much garbage there has been since it was asked last."""
    asked = len([line for line in worker.said if "garbage" in line])
    os.kill(worker.process.pid, signal.SIGUSR2)
    async with asyncio.timeout(10):
        while len(said := re.findall(r"garbage (\d+)", "\n".join(worker.said))) <= asked:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return int(said[-1])


async def test_what_comes_and_goes_leaves_no_garbage(own_house: House) -> None:
    worker = own_house.start_worker()
    session = await own_house.create()
    fay = await Person.enter(own_house, session, Role.FACILITATOR, "Fay", 0)
    await garbage(worker)
    for number in range(TIMES):
        for head, answer in ((b"", b""), (HEAD, b"\r\n\r\n")):
            reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
            writer.write(head)
            if answer:
                await reader.readuntil(answer)
            writer.close()
        someone = await Person.enter(own_house, session, Role.OBSERVER, f"O{number}", 0)
        await someone.go()
    await fay.done("set_prompt", text="What would help?")
    await asyncio.sleep(0.5)
    assert await garbage(worker) < LEFT_MAX
