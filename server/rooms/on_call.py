"""Tells the person on call, when nobody in the room has taken a call for support.

The rules say when (60 s after the call); this says it by e-mail, if the on-call
contact names an address and the installation has a mail server. The facilitators'
screens ask for a phone call in any case. The mail names no person and says nothing
that was said.

Each call is told at least once, by whichever worker comes first: a worker claims calls in the
store for a while, and what was claimed and not told is taken up by the others. Calls that
come close together go into one mail, so that a whole room is not a whole mailbox.
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

log: Final = logging.getLogger("thera_peer")

ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*")
# A pair: a mail server that does not answer is given up before the claim lapses.
SMTP_SECONDS: Final = 20.0
CLAIM_SECONDS: Final = 30
# Between two mails about a room, and between two attempts.
AGAIN_SECONDS: Final = 10.0
TOLD_SECONDS: Final = 24 * 3600

SUBJECT: Final = "Urgent support: nobody has answered yet"
TEXT: Final = """\
Somebody in the session "{title}" asked for urgent support more than a minute ago,
and no facilitator has taken the call yet. Calls that wait: {calls}

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
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, set[str]] = {}
        rooms.on_open.append(self._opened)
        rooms.on_close.append(self._closed)

    def _opened(self, replica: Replica) -> None:
        self._told[replica.session] = set()
        replica.watchers.append(self._look)
        self._look(replica)

    def _closed(self, replica: Replica) -> None:
        replica.watchers.remove(self._look)
        del self._told[replica.session]
        if telling := self._telling.pop(replica.session, None):
            telling.cancel()

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """What is under way: it ends with this worker, and others take the calls up."""
        return {telling for telling in self._telling.values() if not telling.done()}

    def _look(self, replica: Replica) -> None:
        telling = self._telling.get(replica.session)
        if (telling is None or telling.done()) and self._untold(replica):
            self._telling[replica.session] = asyncio.create_task(self._tell(replica))

    def _untold(self, replica: Replica) -> list[str]:
        """List the calls that nobody took and that are for the person on call now."""
        told = self._told[replica.session]
        alerts = replica.room.alerts if replica.room else ()
        return [each.id for each in alerts if each.state == "on_call" and each.id not in told]

    async def _tell(self, replica: Replica) -> None:
        self._rooms.keep(replica)
        try:
            if self._mail is None or not self._address(replica):  # one may still be named
                log.warning(
                    "session %s: a call for support waits, no mail can be sent", replica.session
                )
            while calls := self._untold(replica):
                try:
                    await self._tell_of(replica, calls)
                except StoreError:
                    pass  # what was claimed lapses
                except Exception as error:  # even then nobody else may be there to tell
                    note_defect("telling the person on call", error)
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._rooms.release(replica)

    def _address(self, replica: Replica) -> str:
        found = ADDRESS.search(replica.room.on_call) if replica.room else None
        return found[0] if found else ""

    async def _tell_of(self, replica: Replica, calls: list[str]) -> None:
        """Tell of those of these calls that nobody else has told of, or is about to."""
        room, address, session = replica.room, self._address(replica), replica.session
        if room is None or self._mail is None or not address:
            return
        ours = [call for call in calls if await self._claimed(session, call)]
        if not ours:
            return
        if await self._mailed(self._mail, address, room.settings.title, len(ours)):
            self._told[session].update(ours)
            with translated():
                for call in ours:
                    await self._store.set(told_key(session, call), b"told", ex=TOLD_SECONDS)
        else:
            with translated():
                await self._store.delete(*(told_key(session, call) for call in ours))

    async def _claimed(self, session: str, call: str) -> bool:
        with translated():
            held = await self._store.set(
                told_key(session, call), b"telling", nx=True, get=True, ex=CLAIM_SECONDS
            )
        if held == b"told":
            self._told[session].add(call)
        return held is None

    async def _mailed(self, mail: MailServer, to: str, title: str, calls: int) -> bool:
        text = TEXT.format(title=title, calls=calls)
        try:
            await asyncio.to_thread(mail.send, to, SUBJECT, text)
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail to the person on call failed: %s", type(error).__name__)
            return False
        return True
