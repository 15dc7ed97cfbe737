"""What the processes say: warnings and errors, never who asked for what."""

from __future__ import annotations

import logging


def set_up_logs() -> None:
    """Send warnings and errors to stderr, one line each."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
