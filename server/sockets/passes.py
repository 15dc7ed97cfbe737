"""Links to a session and passes into it: signed, never stored.

A link names a session and a role and is given to many people; a pass names one
person of one session. Neither is readable by its length alone as the other: they
are signed under different salts, so a link never works as a pass.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadData, URLSafeSerializer

from session_engine import Role

# A token of ours has about 90 characters; more is not worth checking a signature.
TOKEN_MAX_CHARS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link's secret says: come into this session in this role."""

    session: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a pass says: the bearer is this person of this session."""

    session: str
    person: str
    role: Role


class Passes:
    """Signs and reads links and passes with the installation's secret."""

    def __init__(self, secret: str) -> None:
        """Take the installation's secret; a new one voids every link and pass."""
        self._key = secret.encode()
        self._links = _serializer(secret, "thera-peer link")
        self._passes = _serializer(secret, "thera-peer pass")

    @property
    def mark(self) -> str:
        """What tells two secrets apart and gives none away."""
        return hmac.new(self._key, b"mark of the secret", hashlib.sha256).hexdigest()[:32]

    def link_secret(self, session: str, role: Role) -> str:
        """Return the part of a link that stands behind the #."""
        return _text(self._links.dumps([session, str(role.value)]))

    def link(self, public_url: str, session: str, role: Role) -> str:
        """Return a whole link; its secret is in the fragment, which no log sees."""
        return f"{public_url.rstrip('/')}/join#{self.link_secret(session, role)}"

    def read_link(self, secret: str) -> Link | None:
        """Return what the secret says, or None if this server did not sign it."""
        match _load(self._links, secret):
            case [str(session), str(role)] if role in _ROLES:
                return Link(session=session, role=Role(role))
        return None

    def issue(self, session: str, person: str, role: Role) -> str:
        """Return the pass of one person of one session."""
        return _text(self._passes.dumps([session, person, str(role.value)]))

    def read_pass(self, token: str) -> Pass | None:
        """Return what the pass says, or None if this server did not sign it."""
        match _load(self._passes, token):
            case [str(session), str(person), str(role)] if role in _ROLES:
                return Pass(session=session, person=person, role=Role(role))
        return None

    def browser_mark(self, session: str, browser: str) -> str:
        """Return what stands in the log for a browser: useless in another session."""
        if not browser:
            return ""
        words = f"browser {session} {browser}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, words, hashlib.sha256).hexdigest()[:32]


_ROLES: Final = frozenset(role.value for role in Role)


def _serializer(secret: str, salt: str) -> URLSafeSerializer:
    # SHA-256 instead of the library's default: it is what a reviewer expects.
    return URLSafeSerializer(
        secret,
        salt=salt,
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode("ascii")


def _load(serializer: URLSafeSerializer, token: str) -> object:
    if not token.isascii() or len(token) > TOKEN_MAX_CHARS:
        return None
    try:
        return serializer.loads(token)
    except BadData:
        return None
