"""Every socket is an open file, and many systems begin with 1,024 of them for a process."""

from __future__ import annotations

import resource
from contextlib import suppress


def raise_file_limit() -> int:
    """Allow ourselves and our children as many open files as we may have; return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # unlimited, and the kernel has a limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
