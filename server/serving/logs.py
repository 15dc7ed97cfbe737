"""What the processes say: warnings and errors, never who asked for what."""

from __future__ import annotations

import logging


class NoSocketAddresses(logging.Filter):
    """Drops uvicorn's lines about accepted and refused sockets: they hold addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep everything else."""
        return "WebSocket" not in str(record.msg) or record.levelno >= logging.ERROR


def set_up_logs() -> None:
    """Send warnings and errors to stderr, one line each."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").addFilter(NoSocketAddresses())
    access = logging.getLogger("uvicorn.access")
    access.handlers.clear()
    access.propagate = False
