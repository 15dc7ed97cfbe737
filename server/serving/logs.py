"""What the processes say: what broke and what is well again, never who asked for what."""

from __future__ import annotations

import logging
from typing import Final

log: Final = logging.getLogger("thera_peer")


def set_up_logs() -> None:
    """Send it to stderr, a line each, with its time and its process.

    Our own lines from INFO on; of everybody else warnings and errors.
    """
    said = "%(asctime)s %(levelname)s [%(process)d] %(name)s: %(message)s"
    logging.basicConfig(level=logging.WARNING, format=said)
    log.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Anybody could fill a disk with it, and nobody can do anything about it.
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: record.msg != "Invalid HTTP request received."
    )
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
