"""Tells the person on call, when nobody in the room has taken a call for support.

The rules say when (60 s after the call); this says it by e-mail, if the on-call
contact names an address and the installation has a mail server. The facilitators'
screens ask for a phone call in any case. The mail names no person and says nothing
that was said.

Told at least once, by whichever worker comes first: a worker claims the call in the
store for a while, and what was claimed and not told is taken up by the others.
"""

from __future__ import annotations

import asyncio
import logging
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis

from server.rooms.defects import note_defect
from server.rooms.replica import Replica
from server.rooms.rooms import Rooms
from server.store.errors import StoreError, translated
from session_engine import Room

log: Final = logging.getLogger("thera_peer")

ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*")
# A pair: a mail server that does not answer is given up before the claim lapses.
SMTP_SECONDS: Final = 20.0
CLAIM_SECONDS: Final = 30
AGAIN_SECONDS: Final = 10.0
TOLD_SECONDS: Final = 24 * 3600

SUBJECT: Final = "Urgent support: nobody has answered yet"
TEXT: Final = """\
Somebody in the session "{title}" asked for urgent support more than a minute ago,
and no facilitator has taken the call yet.

Please reach the facilitators, or open the session with the facilitator link.
"""


class PasswordInTheClear(smtplib.SMTPException):
    """The mail server offers no encryption: it gets no password."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes out: `smtp://[user:password@]host[:port]`, or `smtps://`."""

    url: str
    sender: str

    def send(self, to: str, subject: str, text: str) -> None:
        """Send one mail; encrypted where the server offers it, and else without a password.

        It blocks. Raises OSError and smtplib.SMTPException.
        """
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.sender, to, subject
        mail.set_content(text)
        with self._connected() as server:
            server.send_message(mail)

    def _connected(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, context = parts.hostname or "localhost", ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=SMTP_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=SMTP_SECONDS)
        try:
            if parts.scheme != "smtps":
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=context)
                elif parts.username:
                    raise PasswordInTheClear
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server


def told_key(session: str, alert: str) -> str:
    """Return the key that says who tells, or that it was told."""
    return f"tp:{{{session}}}:on_call:{alert}"


class OnCall:
    """Watches every room in memory for calls that went to the person on call."""

    def __init__(self, rooms: Rooms, store: Redis, mail: MailServer | None) -> None:
        """`mail` None: the screens of the facilitators are all there is."""
        self._rooms = rooms
        self._store = store
        self._mail = mail
        self._warned: set[tuple[str, str]] = set()
        self._telling: dict[tuple[str, str], asyncio.Task[None]] = {}
        rooms.on_open.append(self._opened)
        rooms.on_close.append(self._closed)

    def _opened(self, replica: Replica) -> None:
        replica.watchers.append(self._look)
        self._look(replica)

    def _closed(self, replica: Replica) -> None:
        replica.watchers.remove(self._look)
        for key in [key for key in self._telling if key[0] == replica.session]:
            self._telling.pop(key).cancel()
        self._warned = {key for key in self._warned if key[0] != replica.session}

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """What is under way: it ends with this worker, and others take the calls up."""
        return {telling for telling in self._telling.values() if not telling.done()}

    def _look(self, replica: Replica) -> None:
        room = replica.room
        for alert in waiting_alerts(room):
            key = (replica.session, alert)
            if key not in self._telling:
                self._telling[key] = asyncio.create_task(self._tell(replica, alert))

    async def _tell(self, replica: Replica, alert: str) -> None:
        self._rooms.keep(replica)
        try:
            while alert in waiting_alerts(replica.room):
                try:
                    if await self._told(replica, alert):
                        return
                except Exception as error:  # even then nobody else may be there to tell
                    note_defect("telling the person on call", error)
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._rooms.release(replica)

    async def _told(self, replica: Replica, alert: str) -> bool:
        """Tell, unless somebody else does; say whether it is done with."""
        room, session = replica.room, replica.session
        address = ADDRESS.search(room.on_call) if room is not None else None
        if room is None or self._mail is None or address is None:
            if (session, alert) not in self._warned:  # an address may still be named
                self._warned.add((session, alert))
                log.warning("session %s: a call for support waits, no mail can be sent", session)
            return False
        key = told_key(session, alert)
        try:
            state = await self._claim(key)
            if state is not None:  # Somebody else has told, or is about to.
                return state == b"told"
            told = await self._mailed(self._mail, address[0], room.settings.title)
            with translated():
                if told:
                    await self._store.set(key, b"told", ex=TOLD_SECONDS)
                else:
                    await self._store.delete(key)
        except StoreError:
            return False
        return told

    async def _mailed(self, mail: MailServer, to: str, title: str) -> bool:
        try:
            await asyncio.to_thread(mail.send, to, SUBJECT, TEXT.format(title=title))
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail to the person on call failed: %s", type(error).__name__)
            return False
        return True

    async def _claim(self, key: str) -> bytes | None:
        """Take the call on; what stands there already comes back instead."""
        with translated():
            held = await self._store.set(key, b"telling", nx=True, get=True, ex=CLAIM_SECONDS)
        return held if isinstance(held, bytes) else None


def waiting_alerts(room: Room | None) -> list[str]:
    """List the calls that nobody took and that are for the person on call now."""
    return [alert.id for alert in room.alerts if alert.state == "on_call"] if room else []
