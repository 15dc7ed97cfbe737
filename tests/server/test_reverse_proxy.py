"""Behind the reverse proxy of docs/running.md, with the very lines that stand there."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from server.pages.guidelines import GUIDELINES_VERSION
from tests.faults.stores import free_port
from tests.running_server import RunningServer, until
from tests.server.test_rolling_restart import new_certificate

RUNNING = Path(__file__).resolve().parent.parent.parent / "docs" / "running.md"
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        {location}
    }}
}}
"""


@contextmanager
def proxy(folder: Path, port: int, server: int) -> Iterator[ssl.SSLContext]:
    """Run nginx as the documentation configures it; give who trusts its certificate."""
    location = re.search(r"^location / \{.*?^\}", RUNNING.read_text(), re.DOTALL | re.MULTILINE)
    assert location
    authority = trustme.CA()
    new_certificate(authority, folder)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    configuration = folder / "nginx.conf"
    lines = location[0].replace("127.0.0.1:8000", f"127.0.0.1:{server}")
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, location=lines))
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", str(folder), "-c", str(configuration)])
    try:
        until((folder / "nginx.pid").exists)
        yield ssl.create_default_context(cafile=folder / "authority.pem")
    finally:
        process.terminate()
        process.wait(10)


async def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Read on until a frame of this kind."""
    async with asyncio.timeout(10):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == kind:
                return frame


async def test_people_meet_behind_the_proxy_of_the_documentation(tmp_path: Path) -> None:
    port, inner = free_port(), free_port()
    public = f"https://127.0.0.1:{port}"
    data = tmp_path / "data"
    with RunningServer(data, workers=2, port=inner, THERA_PEER_PUBLIC_URL=public) as server:
        links = server.create("--on-call", "Dr. Rao, 1234")
        with proxy(tmp_path, port, inner) as trust:

            async def come(role: str) -> ClientConnection:
                assert links[role].startswith(f"{public}/join#")
                secret = links[role].partition("#")[2]
                body = {"link": secret, "name": "Asha", "consent": GUIDELINES_VERSION}
                async with httpx.AsyncClient(verify=trust) as client:
                    entry = (await client.post(f"{public}/api/enter", json=body)).json()
                address = f"wss://127.0.0.1:{port}/ws/rooms/{entry['session']}"
                socket = await connect(address, ssl=trust, origin=Origin(public), compression=None)
                await socket.send(json.dumps({"pass": entry["pass"]}))
                return socket

            participant = await come("participant")
            assert (await hear(participant, "view"))["view"]["stage"] == "lobby"
            facilitator = await come("facilitator")
            await facilitator.send(json.dumps({"id": "b", "do": "begin"}))
            assert (await hear(facilitator, "done"))["id"] == "b"
            while (await hear(participant, "view"))["view"]["stage"] != "welcome":
                pass
            foreign = Origin("https://example.org")
            with pytest.raises(InvalidStatus, match="403"):
                await connect(f"wss://127.0.0.1:{port}/ws/rooms/x", ssl=trust, origin=foreign)
            await participant.close()
            await facilitator.close()
