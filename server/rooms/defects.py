"""How a defect is logged: what broke and where, never what anybody said.

The text of an exception may hold a name, a sentence or a pass, so only its type
and the places in the code are written.
"""

from __future__ import annotations

import logging
import traceback
from typing import Final

log: Final = logging.getLogger("thera_peer")


def note_defect(what: str, error: BaseException) -> None:
    """Log that `what` failed: the error's type and the last places, without content."""
    places = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-8:]
    ]
    log.error("defect in %s: %s at %s", what, type(error).__name__, " < ".join(reversed(places)))
