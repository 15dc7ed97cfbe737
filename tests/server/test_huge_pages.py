"""Workers have their heaps on pages of 2 MB, where the machine has them."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import pytest

from server.serving import huge_pages
from tests.running_server import RunningServer, until

# Collapsing a heap is known since Linux 6.1.
LINUX = tuple(int(part) for part in os.uname().release.split(".")[:2])
needs_huge_pages = pytest.mark.skipif(
    not huge_pages.are_to_be_had() or LINUX < (6, 1), reason="a machine without huge pages"
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


@needs_huge_pages
def test_every_worker_has_its_heap_on_huge_pages_and_no_store_is_told(tmp_path: Path) -> None:
    with RunningServer(tmp_path, workers=2) as server:
        assert is_told(server.pid)
        for pid in server.workers():
            until(partial(is_on_huge_pages, pid))
        for store in ("store", "live"):
            assert not is_told(server.store(store))


@needs_huge_pages
@pytest.mark.parametrize("allocator", ["pymalloc", "malloc"])
def test_who_chooses_an_allocator_is_left_alone(tmp_path: Path, allocator: str) -> None:
    with RunningServer(tmp_path, PYTHONMALLOC=allocator) as server:
        assert not is_told(server.pid)
        (worker,) = server.workers()
        total, huge = heap_kb(worker)
        assert total > 2_048
        if "[madvise]" in huge_pages.ALLOWED.read_text():  # else the kernel does as it likes
            assert huge == 0


Begun = list[tuple[str, list[str], dict[str, str]]]


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    """Note how the program would begin again, on a machine that has huge pages."""
    calls: Begun = []
    monkeypatch.setattr(os, "execve", lambda *how: calls.append(how))
    monkeypatch.setattr(huge_pages, "are_to_be_had", lambda: True)
    for name in huge_pages.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    return calls


def test_the_program_begins_again_as_it_was_called(begun: Begun) -> None:
    huge_pages.start_again_on_huge_pages()
    ((program, arguments, environment),) = begun
    assert program == arguments[0] == sys.executable
    assert arguments[1:] == sys.orig_argv[1:]
    assert environment == {**os.environ, **huge_pages.ENVIRONMENT}


@pytest.mark.parametrize("chosen", [["PYTHONMALLOC"], ["GLIBC_TUNABLES"]])
def test_it_does_not_begin_again_for_who_has_chosen(
    begun: Begun, monkeypatch: pytest.MonkeyPatch, chosen: list[str]
) -> None:
    for name in chosen:
        monkeypatch.setenv(name, huge_pages.ENVIRONMENT[name])
    huge_pages.start_again_on_huge_pages()
    assert begun == []
    assert chosen[0] in os.environ


def test_it_begins_again_once(begun: Begun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huge_pages, "_begun_again", False)
    for name, value in huge_pages.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for _ in range(2):
        huge_pages.start_again_on_huge_pages()
    assert begun == []
    assert "GLIBC_TUNABLES" not in os.environ


def test_who_cannot_begin_again_serves_as_it_is(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "execve", refuse)
    huge_pages.start_again_on_huge_pages()


@pytest.mark.parametrize("program", ["", "/bin/sh"])
def test_a_program_under_another_name_does_not_begin_again(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sys, "executable", program)
    assert not huge_pages.are_to_be_had()
