"""The person on call is told by mail when nobody took a call for support."""

from __future__ import annotations

import asyncio
import logging
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

import session_engine.commands as c
from server.app import Application
from server.rooms import on_call
from server.rooms.on_call import (
    CLAIM_SECONDS,
    SMTP_SECONDS,
    MailServer,
    PasswordInTheClear,
    told_key,
)
from server.rooms.replica import encode_events
from server.settings import read_settings
from server.store.client import open_client
from server.store.position import START, Record
from server.store.redis_clock import RedisClock
from server.store.room_log import Appended, RoomLog
from session_engine import (
    Arrive,
    Command,
    ConnectionId,
    Enter,
    Event,
    PersonId,
    Role,
    Settings,
    SupportKind,
    create,
    decide,
    replay,
)
from tests.server.house import SECRET, House

ASHA = PersonId("p-asha")
LONG_AGO_MS = 120_000  # nobody took such a call within its minute


class Mailbox:
    """Keeps what a mail server was given; refuses as long as it is told to."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()  # the server has a thread of its own
        self.mails: list[Envelope] = []
        self.refuses = False
        self.refused = asyncio.Event()
        self.arrived = asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuses:
            self.loop.call_soon_threadsafe(self.refused.set)
            return "451 Not now"
        self.mails.append(envelope)
        self.loop.call_soon_threadsafe(self.arrived.set)
        return "250 Taken"

    async def wait(self, seconds: float = 15.0) -> Envelope:
        async with asyncio.timeout(seconds):
            await self.arrived.wait()
        return self.mails[0]


@pytest.fixture
async def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_url(mailbox: Mailbox) -> Iterator[str]:
    """A real mail server on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller: Any = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


async def a_call_that_waited(
    house: House, contact: str, others_ago_ms: tuple[int, ...] = ()
) -> str:
    """A session in which Asha asked for support two minutes ago, and others when they did."""
    client = open_client(house.store.url)
    clock = RedisClock(client)
    await clock.sync()
    now = clock.now_ms()
    then = now - LONG_AGO_MS
    settings = Settings(title="Exam stress", starts_at_ms=then, opens_at_ms=then, on_call=contact)
    events: list[Event] = list(create(settings, "s-call", "log", then))
    for number, ago_ms in enumerate((LONG_AGO_MS, *others_ago_ms)):
        person = PersonId(f"p-{number}") if number else ASHA
        steps: list[Command] = [
            Enter(person=person, role=Role.PARTICIPANT, name=f"Asha {number}", consent="v"),
            Arrive(person=person, connection=ConnectionId("gone.1")),
            c.AskSupport(by=person, kind=SupportKind.NOW),
        ]
        for step in steps:
            events += decide(replay(events), step, now - ago_ms)
    answer = await RoomLog(client).append(
        "s-call",
        START,
        [Record("", encode_events(events))],
        decided_at=clock.now_ms(),
        due_at=0,
        expires_at_ms=clock.now_ms() + 3_600_000,
        wake_at=then,
    )
    assert isinstance(answer, Appended)
    await client.aclose()
    return "s-call"


@asynccontextmanager
async def workers(
    house: House, smtp_url: str, count: int = 1, mail_from: str = "tests@localhost"
) -> AsyncIterator[None]:
    """Whole workers in this process, without their HTTP."""
    settings = read_settings(
        redis_url=house.store.url,
        live_redis_url=house.store.url,
        secret_key=SECRET,
        public_url="http://127.0.0.1",
        smtp_url=smtp_url,
        mail_from=mail_from,
    )
    async with AsyncExitStack() as stack:
        for _ in range(count):
            await stack.enter_async_context(Application(settings).running())
        yield


async def test_a_call_that_nobody_takes_reaches_the_person_on_call_once(
    own_house: House, mailbox: Mailbox, mail_url: str
) -> None:
    await a_call_that_waited(own_house, "Dr Rao, rao@counselling.example, 5555")
    async with workers(own_house, mail_url, count=2):
        mail = await mailbox.wait()
        await asyncio.sleep(2)
    assert mail.rcpt_tos == ["rao@counselling.example"]
    assert len(mailbox.mails) == 1


async def test_the_mail_names_the_session_and_nobody_in_it(
    own_house: House, mailbox: Mailbox, mail_url: str
) -> None:
    await a_call_that_waited(own_house, "rao@counselling.example")
    async with workers(own_house, mail_url):
        mail = await mailbox.wait()
    text = str(mail.content)
    assert "Exam stress" in text
    assert "Asha" not in text
    assert ASHA not in text


async def test_calls_that_wait_together_are_one_mail(
    own_house: House, mailbox: Mailbox, mail_url: str
) -> None:
    session = await a_call_that_waited(own_house, "rao@counselling.example", (LONG_AGO_MS,) * 4)
    client = open_client(own_house.store.url)
    await client.set(told_key(session, f"a1.{ASHA}"), b"told")  # of this one somebody knows
    await client.aclose()
    async with workers(own_house, mail_url):
        mail = await mailbox.wait()
        await asyncio.sleep(1)
    assert len(mailbox.mails) == 1
    assert "Calls that wait: 4" in str(mail.content)


async def test_a_call_that_comes_later_is_told_too(
    own_house: House, mailbox: Mailbox, mail_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_call, "AGAIN_SECONDS", 0.1)
    await a_call_that_waited(own_house, "rao@counselling.example", (57_000,))
    async with workers(own_house, mail_url):
        await mailbox.wait()
        mailbox.arrived.clear()
        await mailbox.wait()
    assert [str(mail.content).count("Calls that wait: 1") for mail in mailbox.mails] == [1, 1]


async def test_a_worker_that_died_before_it_told_leaves_the_call_to_others(
    own_house: House, mailbox: Mailbox, mail_url: str
) -> None:
    session = await a_call_that_waited(own_house, "rao@counselling.example")
    client = open_client(own_house.store.url)
    await client.set(
        told_key(session, f"a1.{ASHA}"), b"telling", px=1_000
    )  # its claim, about to lapse
    await client.aclose()
    async with workers(own_house, mail_url):
        await mailbox.wait(20)


async def test_a_mail_server_that_refuses_is_asked_again(
    own_house: House, mailbox: Mailbox, mail_url: str
) -> None:
    await a_call_that_waited(own_house, "rao@counselling.example")
    mailbox.refuses = True
    async with workers(own_house, mail_url):
        async with asyncio.timeout(20):
            await mailbox.refused.wait()
        mailbox.refuses = False
        await mailbox.wait(40)


async def test_a_defect_on_the_way_does_not_end_the_telling(
    own_house: House,
    mail_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_call, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(on_call, "CLAIM_SECONDS", 1)
    await a_call_that_waited(own_house, "rao@counselling.example")
    with caplog.at_level(logging.ERROR, logger="thera_peer"):
        async with workers(own_house, mail_url, mail_from="no\nsender"), asyncio.timeout(20):
            while caplog.text.count("defect in telling the person on call") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_without_a_mail_server_the_log_says_that_a_call_waits(
    own_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    session = await a_call_that_waited(own_house, "rao@counselling.example")
    with caplog.at_level(logging.WARNING, logger="thera_peer"):
        async with workers(own_house, ""), asyncio.timeout(20):
            while "a call for support waits" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert session in caplog.text
    assert "Asha" not in caplog.text


async def test_a_worker_that_stops_goes_on_telling_nobody(
    own_house: House, mailbox: Mailbox, mail_url: str
) -> None:
    await a_call_that_waited(own_house, "rao@counselling.example")
    mailbox.refuses = True
    before = asyncio.all_tasks()
    async with workers(own_house, mail_url), asyncio.timeout(20):
        await mailbox.refused.wait()
    for _ in range(40):  # a cancelled task takes a turn of the loop or two to end
        if asyncio.all_tasks() <= before:
            break
        await asyncio.sleep(0.05)
    assert asyncio.all_tasks() - before == set()


def test_a_claim_outlasts_the_patience_with_the_mail_server() -> None:
    assert CLAIM_SECONDS > SMTP_SECONDS


# ---- The way to the mail server ----------------------------------------------------------


class Secured:
    """A real mail server that has a certificate and wants a password."""

    def __init__(self, mailbox: Mailbox, folder: Path, *, from_the_start: bool) -> None:
        """Start it; encrypted at once, or when asked."""
        authority = trustme.CA()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        self.trusted = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.trusted)
        how: dict[str, Any] = {"ssl_context" if from_the_start else "tls_context": context}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller: Any = Controller(
            mailbox,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self._knows,
            auth_required=True,
            auth_require_tls=not from_the_start,  # it does not count what was so from the start
            **how,
        )
        self.controller.start()

    def _knows(
        self, server: SMTP, session: Session, envelope: Envelope, kind: str, given: Any
    ) -> AuthResult:
        is_right = (given.login, given.password) == (b"thera", b"p@ss word")
        return AuthResult(success=is_right, handled=is_right)


@pytest.fixture(params=["smtp", "smtps"])
def secured(
    request: pytest.FixtureRequest, mailbox: Mailbox, tmp_path: Path
) -> Iterator[tuple[str, Secured]]:
    server = Secured(mailbox, tmp_path, from_the_start=request.param == "smtps")
    yield request.param, server
    server.controller.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_mail_server_that_wants_a_password_gets_it_over_an_encrypted_line(
    secured: tuple[str, Secured], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme, server = secured
    address = f"127.0.0.1:{server.port}"
    right = MailServer(f"{scheme}://thera:p%40ss%20word@{address}", "tests@localhost")
    wrong = MailServer(f"{scheme}://thera:guess@{address}", "tests@localhost")
    mail = ("rao@counselling.example", "Urgent", "Please come.")
    with pytest.raises(ssl.SSLCertVerificationError):  # whose certificate is it?
        await asyncio.to_thread(right.send, *mail)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.trusted))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        await asyncio.to_thread(wrong.send, *mail)
    assert not mailbox.mails
    await asyncio.to_thread(right.send, *mail)
    assert (await mailbox.wait()).rcpt_tos == ["rao@counselling.example"]


async def test_a_password_never_goes_out_in_the_clear(mailbox: Mailbox, mail_url: str) -> None:
    server = MailServer(mail_url.replace("://", "://thera:secret@"), "tests@localhost")
    with pytest.raises(PasswordInTheClear):
        await asyncio.to_thread(server.send, "rao@counselling.example", "Urgent", "Come.")
    assert not mailbox.mails
