"""Workers have their heaps on pages of 2 MB, where the machine has them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from server.serving.huge_pages import ALLOWED
from tests.running_server import RunningServer, until

pytestmark = pytest.mark.skipif(
    not ALLOWED.exists() or "[never]" in ALLOWED.read_text(), reason="a machine without huge pages"
)


def heap_kb(pid: int) -> tuple[int, int]:
    """Return how much of a process' heap is in memory (KB), and on huge pages."""
    total = huge = 0
    in_heap = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, rest = line.partition(":")
        if " " in name:  # the head of the next piece
            in_heap = line.endswith("[heap]")
        elif in_heap and name == "Rss":
            total += int(rest.split()[0])
        elif in_heap and name == "AnonHugePages":
            huge += int(rest.split()[0])
    return total, huge


def is_on_huge_pages(pid: int) -> bool:
    """Tell whether most of a process' heap is on huge pages."""
    total, huge = heap_kb(pid)
    return huge > total * 0.8


def is_told(pid: int) -> bool:
    """Tell whether the C library was asked for huge pages when the process began."""
    return "glibc.malloc.hugetlb=1" in Path(f"/proc/{pid}/environ").read_text()


def test_every_worker_has_its_heap_on_huge_pages_and_no_store_is_told(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        assert is_told(server.pid)
        for pid in server.workers():
            until(partial(is_on_huge_pages, pid))
        for store in ("store", "live"):
            assert not is_told(server.store(store))


def test_who_chooses_an_allocator_is_left_alone(tmp_path: Path) -> None:
    with RunningServer(tmp_path, PYTHONMALLOC="pymalloc") as server:
        assert not is_told(server.pid)
        (worker,) = server.workers()
        total, huge = heap_kb(worker)
        assert total > 2_048
        assert huge == 0
