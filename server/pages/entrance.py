"""Coming in: what a link leads to, and a pass for who agrees to the guidelines."""

from __future__ import annotations

import json
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.pages.context import Context
from server.rooms.outcomes import NotDone, Outcome, Unknown
from server.rooms.rooms import Rooms
from server.sockets.flood import NEWCOMERS, Allowances
from server.sockets.passes import Link, Passes
from server.store.errors import LogUnavailable
from session_engine import Enter, Person, PersonId, Role, Room, circle, find_person, is_closed

# A link has about 90 characters, a name 40: more is not an honest request.
BODY_MAX_BYTES: Final = 8 * 1024
BROWSER_MAX_CHARS: Final = 200
NAME_MAX_CHARS: Final = 200
# Letters by their kind, and nothing to see: the fillers of Hangul, the empty cell of Braille.
BLANK_LETTERS: Final = "\u115f\u1160\u3164\uffa0\u2800"

HEADERS: Final[Mapping[str, str]] = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

# Refusals at the door and their HTTP status.
STATUS: Final[Mapping[str, int]] = {
    "removed": 403,
    "full": 409,
    "not_open": 409,
    "observers_off": 409,
    "ended": 410,
    "bad_command": 422,
}


class DoorError(Exception):
    """The request is answered with this error."""

    def __init__(self, status: int, code: str, **more: Any) -> None:
        """Take the HTTP status, the code, and further fields of the answer."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the door needs of the application."""

    rooms: Rooms
    passes: Passes
    allowances: Allowances
    context: Context
    store: Redis
    bus: Redis | None = None  # the live store, if there is one


async def look(door: Door, request: Request) -> Response:
    """Say what a link leads to, before anybody has agreed to anything: no names."""
    body = await _read_body(request)
    link = _read_link(door, body)
    replica = await door.rooms.open(link.session)
    try:
        room = replica.room
        if room is None:
            raise DoorError(410, "ended")
        return JSONResponse(_door_view(door, room, link), headers=dict(HEADERS))
    finally:
        door.rooms.release(replica)


def _door_view(door: Door, room: Room, link: Link) -> dict[str, Any]:
    people = room.people.values()
    observers = sum(1 for one in people if one.role is Role.OBSERVER and one.present)
    return {
        "session": link.session,
        "title": room.settings.title,
        "role": link.role.value,
        "starts_at": room.settings.starts_at_ms,
        "opens_at": room.opens_at,
        "stage": room.stage.value,
        "closed": is_closed(room, link.role),
        "doors": room.doors,
        "observers": observers,
        "observers_allowed": room.observers_allowed,
        "mode": room.settings.mode,
        "guidelines": door.context.guidelines,
        "full": len(circle(room)) >= room.settings.seats,
        "now": door.rooms.clock.now_ms(),
    }


async def enter(door: Door, request: Request) -> Response:
    """Let somebody in, or let them wait at the door."""
    body = await _read_body(request)
    link = _read_link(door, body)
    replica = await door.rooms.open(link.session)
    try:
        room = replica.room
        if room is None or is_closed(room, link.role):
            raise DoorError(410, "ended")
        enter = _read_entry(door, body, link)
        known = find_person(room, enter.role, enter.browser)
        with door.allowances.of(link.session, known.id if known else NEWCOMERS) as allowance:
            if allowance.is_spent:
                raise DoorError(429, "too_fast")
            outcome = await door.rooms.submit(replica, enter)
            person = _person_who_entered(replica.room, enter, outcome)
            allowance.owe()  # who is refused stores nothing, and costs the others nothing
        return _pass(door, link, person)
    finally:
        door.rooms.release(replica)


def _person_who_entered(room: Room | None, enter: Enter, outcome: Outcome) -> Person:
    if isinstance(outcome, NotDone):
        more: dict[str, Any] = {}
        if outcome.code == "bad_command":
            raise DoorError(422, "invalid", field=outcome.field or "name")
        if outcome.code == "not_open" and room is not None:
            more["opens_at"] = room.opens_at
        raise DoorError(STATUS.get(outcome.code, 503), outcome.code, **more)
    person = None
    if room is not None and not isinstance(outcome, Unknown):
        person = find_person(room, enter.role, enter.browser) or room.people.get(enter.person)
    if person is None:  # Nobody knows whether they are in: asking again finds out.
        raise LogUnavailable("unknown")
    return person


def _pass(door: Door, link: Link, person: Person) -> Response:
    waiting = person.state == "knocking"
    body: dict[str, Any] = {
        "pass": door.passes.issue(link.session, person.id, link.role),
        "session": link.session,
        "person": person.id,
        "role": link.role.value,
        "guidelines": door.context.guidelines,
    }
    if waiting:
        body["waiting"] = True
    return JSONResponse(body, 202 if waiting else 200, headers=dict(HEADERS))


# ---- What comes in -------------------------------------------------------------------


async def _read_body(request: Request) -> dict[str, Any]:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_MAX_BYTES:
            raise DoorError(413, "too_large")
    try:
        body = json.loads(data.decode("utf-8"))
        json.dumps(body, ensure_ascii=False).encode("utf-8")  # No halves of characters.
    except (ValueError, RecursionError):
        raise DoorError(422, "invalid", field="body") from None
    if not isinstance(body, dict):
        raise DoorError(422, "invalid", field="body")
    return body


def _read_link(door: Door, body: Mapping[str, Any]) -> Link:
    secret = body.get("link")
    if not isinstance(secret, str):
        raise DoorError(422, "invalid", field="link")
    link = door.passes.read_link(secret)
    if link is None:
        raise DoorError(403, "link_invalid")
    return link


def is_name(name: str) -> bool:
    """Whether a name can be seen, and has nothing else but the joiners of Devanagari."""
    letters = name.replace("\u200c", "").replace("\u200d", "")
    seen = any(
        unicodedata.category(one)[0] in "LNPS" and one not in BLANK_LETTERS for one in letters
    )
    # Nothing at all is the engine's to refuse.
    return letters.isprintable() and (seen or not name.strip())


def _read_entry(door: Door, body: Mapping[str, Any], link: Link) -> Enter:
    guidelines = door.context.guidelines
    if body.get("consent") != guidelines:
        raise DoorError(400, "consent_required", guidelines=guidelines)
    name = body.get("name")
    # Observers are never shown by name, so they need none.
    if link.role is Role.OBSERVER and not name:
        name = "Observer"
    if not isinstance(name, str) or len(name) > NAME_MAX_CHARS or not is_name(name):
        raise DoorError(422, "invalid", field="name")
    browser = body.get("browser") or ""
    if not isinstance(browser, str) or len(browser) > BROWSER_MAX_CHARS:
        raise DoorError(422, "invalid", field="browser")
    return Enter(
        person=PersonId("p" + secrets.token_hex(8)),
        role=link.role,
        name=name,
        browser=door.passes.browser_mark(link.session, browser),
        consent=guidelines,
    )
