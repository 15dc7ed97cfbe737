"""Takes the pictures of the README from a real server with a rehearsal in it.

    python web/screenshots.py            # writes docs/images/*.png; needs Debian's chromium

Nothing is posed: people come in by the door, the facilitator presses what can be pressed.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

IMAGES: Final = Path(__file__).resolve().parent.parent / "docs" / "images"
PROGRAM: Final = [sys.executable, "-m", "server.cli"]
READY: Final = re.compile(r"^Thera-Peer is ready at (http\S+)$")
PEOPLE: Final = 13
PHONE: Final = {"width": 390, "height": 780}
DESK: Final = {"width": 1280, "height": 860}
PATIENCE_MS: Final = 60_000


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the program beside us and end it afterwards."""
    process = subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def wait_until_ready(server: subprocess.Popen[str]) -> None:
    """Read what the server prints until it serves."""
    assert server.stdout
    for line in server.stdout:
        if READY.match(line):
            return
    raise SystemExit("The server did not start.")


def create_session(data: str) -> dict[str, str]:
    """Create the session of the pictures."""
    command = ["session", "create", "--data", data, "--json", "--starts", "now"]
    command += ["--title", "Exam stress", "--on-call", "Dr Sen, at the counselling centre"]
    answer = subprocess.run([*PROGRAM, *command], capture_output=True, text=True, check=True)
    links: dict[str, str] = json.loads(answer.stdout)
    return links


def enter(browser: Browser, link: str, name: str, **look: Any) -> Page:
    """Walk through the door."""
    page = browser.new_context(device_scale_factor=2, **look).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(link)
    page.locator("#consent").check()
    page.locator("#to-name").click()
    if name:
        page.locator("#name").fill(name)
    page.locator("#enter").click()
    page.wait_for_url(re.compile("/room/"))
    return page


def put_together(browser: Browser, name: str, *screens: bytes) -> None:
    """Make one picture of several, side by side and equally high."""
    page = browser.new_page(viewport={"width": 1560, "height": 748})
    pictures = [base64.b64encode(screen).decode() for screen in screens]
    page.set_content(
        "<style>body{display:flex;gap:24px;margin:0;padding:24px;background:#e9e1d4;width:max-content}"
        "img{height:700px;border-radius:14px}</style>"
        + "".join(f'<img src="data:image/png;base64,{picture}">' for picture in pictures)
    )
    page.locator("body").screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


def hold_session(browser: Browser, links: dict[str, str]) -> None:
    """Drive a session as far as the pictures need."""
    meera = enter(browser, links["facilitator"], "Meera Rao", viewport=DESK)
    priya = enter(browser, links["participant"], "Priya", viewport=PHONE)
    night = enter(browser, links["participant"], "Nandini", viewport=PHONE, color_scheme="dark")
    hall = enter(browser, links["observer"], "", viewport=DESK)
    with running("rehearse", links["participant"], "--participants", str(PEOPLE)):
        here = meera.get_by_text(f"{PEOPLE + 2} participants here")
        expect(here).to_be_visible(timeout=PATIENCE_MS)
        lobby = priya.screenshot()
        meera.get_by_role("button", name="Begin the session").click()
        meera.get_by_role("button", name="Move to introductions").click()
        priya.get_by_role("button", name="Start").wait_for()
        offer = priya.screenshot()
        priya.get_by_role("button", name="Not this round").click()
        night.get_by_role("button", name="Later").click()
        meera.locator(".words-text", has_text=re.compile(".{60}")).wait_for()
        put_together(browser, "circle", priya.screenshot(), meera.screenshot())
        put_together(browser, "moments", lobby, offer, night.screenshot(), hall.screenshot())


def main() -> None:
    """Start everything, take the pictures, stop everything."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with running("serve", "--port", "0", "--data", data) as server:
            wait_until_ready(server)
            hold_session(browser, create_session(data))
        browser.close()


if __name__ == "__main__":
    main()
