"""How one installation runs: from options first, then from the environment.

The parent process completes what is missing (the embedded store's URL, the kept
secret, the address) before it starts workers, so a worker finds all of it filled in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

STORE_URL = r"^((unix|rediss?|sentinels?|clusters?)://.+)?$"

# A signature with less behind it could be guessed.
SECRET_MIN_CHARACTERS = 16

# Variables that hosts set for every program; the others are THERA_PEER_ and the setting's name.
EVERYBODYS = {"port": "PORT", "workers": "WEB_CONCURRENCY"}

# How a person names each setting: the option, or the variable where there is no option.
NAMES = {
    "host": "--host",
    "port": "--port (PORT)",
    "workers": "--workers (WEB_CONCURRENCY)",
    "redis_url": "--redis (THERA_PEER_REDIS_URL)",
    "live_redis_url": "--live-redis (THERA_PEER_LIVE_REDIS_URL)",
    "data_dir": "--data (THERA_PEER_DATA_DIR)",
    "secret_key": "THERA_PEER_SECRET_KEY",
    "public_url": "THERA_PEER_PUBLIC_URL",
    "tls_cert": "--tls-cert",
    "tls_key": "--tls-key",
}

# What an address must look like.
STORE_ADDRESS = "an address like redis://host:6379/0, or one of docs/running.md"
ADDRESSES = {
    "redis_url": STORE_ADDRESS,
    "live_redis_url": STORE_ADDRESS,
    "public_url": "the address that people type, like https://circle.example.org",
    "quick_exit_url": "a whole address, like https://example.org, or a path here, like /timetable",
    "smtp_url": "an address like smtps://user:password@mail.example.org",
}


class WrongSetting(ValueError):  # noqa: N818
    """A setting that cannot be used; the text is one line that names it."""


class Settings(BaseModel):
    """The settings of one installation."""

    model_config = ConfigDict(frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=64)

    # Whether the workers of one machine bring the people of a room together.
    gather_rooms: bool = True

    # The store that keeps the logs; "" = embedded, in data_dir.
    redis_url: str = Field("", pattern=STORE_URL, repr=False)
    # The store that relays what is never kept; "" = the same, or, for one worker on an
    # embedded store, none: there is nobody to relay to.
    live_redis_url: str = Field("", pattern=STORE_URL, repr=False)
    data_dir: Path = Path("data")

    # Signs links and passes; "" = the one kept in data_dir.
    secret_key: str = Field("", repr=False)
    # Where browsers reach the server; "" = from host and port.
    public_url: str = Field("", pattern=r"^(https?://[^/#?\s]+[^#?\s]*)?$")
    tls_cert: Path | None = None
    tls_key: Path | None = None

    # A programme's own: its helplines (JSON), where quick exit leads, whom to ask for a link.
    helplines_file: Path | None = None
    quick_exit_url: str = Field("", pattern=r"^(https?://[^/\s]+\S*|/([^/\s]\S*)?)?$")
    contact: str = ""

    # Mail to the person on call, when a call for support stays unanswered; "" = none.
    smtp_url: str = Field("", pattern=r"^(smtps?://.+)?$", repr=False)
    mail_from: str = "thera-peer@localhost"

    @property
    def embedded(self) -> bool:
        """Whether the store is ours, in the data directory."""
        return self.redis_url in ("", f"unix://{self.data_dir.resolve() / 'store.sock'}")

    def with_changes(self, **changes: Any) -> Settings:
        """Return a copy with some settings filled in."""
        return self.model_copy(update=changes)


def read_settings(**options: Any) -> Settings:
    """Read the settings; an option that is None was not given.

    Raises:
        WrongSetting: with one line that names the option or variable.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings.model_validate(_of_the_environment() | given)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        wrong = first["type"] == "string_pattern_mismatch"
        what = f"this must be {ADDRESSES[field]}" if wrong else first["msg"]
        raise WrongSetting(f"{NAMES.get(field, _variable(field))}: {what}.") from None
    _check(settings)
    return settings.with_changes(public_url=settings.public_url.rstrip("/"))


def _of_the_environment() -> dict[str, str]:
    """Return what the environment says; an empty variable says nothing."""
    found = {name: os.environ.get(_variable(name)) for name in Settings.model_fields}
    return {name: value for name, value in found.items() if value}


def _variable(name: str) -> str:
    return EVERYBODYS.get(name, f"THERA_PEER_{name.upper()}")


def _check(settings: Settings) -> None:
    """Refuse what only makes sense together."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise WrongSetting("--tls-cert and --tls-key belong together: give both or none.")
    if settings.redis_url and not settings.secret_key:
        raise WrongSetting(
            "With --redis a secret must be given: set THERA_PEER_SECRET_KEY to at least"
            f" {SECRET_MIN_CHARACTERS} random characters, the same on every machine."
        )
    if 0 < len(settings.secret_key) < SECRET_MIN_CHARACTERS:
        raise WrongSetting(
            f"THERA_PEER_SECRET_KEY: at least {SECRET_MIN_CHARACTERS} random characters."
        )
