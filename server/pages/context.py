"""What the pages have to be told by the application that serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.pages.guidelines import GUIDELINES_VERSION
from server.pages.helplines import HELPLINES, Helpline

# Our own page that says nothing: it answers at once, and works without the outside world.
# A programme may name another address, one that looks like anybody's reading.
NEUTRAL_PAGE: Final = "/timetable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Configuration of the pages.

    `public_url` is the address that people open; `contact` says whom to ask for a new link.
    """

    public_url: str
    helplines: tuple[Helpline, ...] = HELPLINES
    exit_url: str = NEUTRAL_PAGE
    contact: str = ""
    guidelines: str = GUIDELINES_VERSION

    @property
    def secure(self) -> bool:
        """Whether people come by HTTPS."""
        return self.public_url.startswith("https://")
