"""The heap on pages of 2 MB: a change touches what lies all over it.

Where each page of 4 KB lies has to be looked up in tables that do not fit into the processor's
caches; in a virtual machine that was up to 40 % of a change (docs/decisions.md, "Speed").
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path
from typing import Final

# Python's own allocator takes its memory in pieces that are too small for such pages. The C
# library takes it in one, if one arena is all it may have, and asks for them when it is told to.
# Both look only when a program starts.
ENVIRONMENT: Final = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1",
}
KNOWS_HUGE_PAGES: Final = (2, 35)  # glibc
ALLOWED: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")

HUGE_PAGE: Final = 2 << 20
MADV_COLLAPSE: Final = 25  # since Linux 6.1; older ones refuse it, and nothing is lost
TRIES: Final = 3

_begun_again = False


def start_again_on_huge_pages() -> None:
    """Begin this program again with such a heap, unless it has one or the machine has none.

    Whoever sets one of the variables chooses otherwise, and is left alone.
    """
    global _begun_again
    if ENVIRONMENT.items() <= os.environ.items():
        del os.environ["GLIBC_TUNABLES"]  # the store that we start has its own wishes
        _begun_again = True
    elif are_to_be_had() and not ENVIRONMENT.keys() & os.environ.keys():
        arguments = [sys.executable, *sys.orig_argv[1:]]
        with contextlib.suppress(OSError):  # it serves without them
            os.execve(sys.executable, arguments, {**os.environ, **ENVIRONMENT})


def are_to_be_had() -> bool:
    """Tell whether this machine has huge pages, and a way to ask for them."""
    if sys.platform != "linux":
        return False
    try:
        library, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        known = tuple(int(part) for part in version.split(".")) >= KNOWS_HUGE_PAGES
        # Who starts a program under another name leaves it no way to know what to start.
        ourselves = os.path.samefile(sys.executable, "/proc/self/exe")
        return library == "glibc" and known and ourselves and "[never]" not in ALLOWED.read_text()
    except (OSError, ValueError):  # another C library, a kernel without them
        return False


def own_heap_on_huge_pages() -> None:
    """Give a forked process a heap of its own; written bit by bit, it would be on small pages."""
    if not _begun_again:
        return
    madvise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_bytes().splitlines():  # names may be any bytes
        if line.endswith(b"[heap]"):  # it is made of several pieces
            start, end = (int(edge, 16) for edge in line.split(b" ")[0].split(b"-"))
            first = -(-start // HUGE_PAGE) * HUGE_PAGE
            for page in range(first, end - HUGE_PAGE + 1, HUGE_PAGE):  # one refusal ends a call
                how = ctypes.c_void_p(page), ctypes.c_size_t(HUGE_PAGE), MADV_COLLAPSE
                # Refused for a moment while another worker gathers the same page.
                any(madvise(*how) == 0 for _ in range(TRIES))
