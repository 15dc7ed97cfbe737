"""A forked process: what the system does while it is made."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing

import pytest

from server.serving.child import Child
from server.serving.exchange import Exchange
from server.serving.relief import Relief
from tests.running_server import until


def sleep() -> None:
    time.sleep(30)


def runs(child: Child) -> bool:
    return child.pid is not None


def refuse() -> int:
    raise OSError(12, "Cannot allocate memory")


def test_a_process_that_cannot_be_made_is_made_a_moment_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Exchange(1)) as exchange:
        child = Child(sleep, exchange)
        with monkeypatch.context() as full:
            full.setattr(os, "fork", refuse)
            child.start()
        assert not runs(child)
        assert child.ended() is None
        assert 0.5 < child.start_from - time.monotonic() <= 1
        assert "Cannot allocate memory" in caplog.text
        child.start()  # with the line that was given back
        assert runs(child)
        child.signal(signal.SIGKILL)
        until(lambda: child.ended() == -signal.SIGKILL)


def test_a_restart_for_which_there_is_no_process_leaves_the_old_ones(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    old = Child(sleep)
    relief = Relief([old], lambda: Child(sleep))
    relief.ask()
    monkeypatch.setattr(os, "fork", refuse)
    relief.go_on(time.monotonic())
    relief.go_on(time.monotonic())
    assert not relief.children
    assert "A new worker could not start" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_a_child_that_is_just_made_ends_it(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fork = os.fork

    def slowly() -> int:
        pid = fork()
        if not pid:
            time.sleep(0.3)
        return pid

    taken: list[int] = []
    before = signal.signal(number, lambda number, _: taken.append(number))
    try:
        monkeypatch.setattr(os, "fork", slowly)
        child = Child(sleep)
        child.start()
        child.signal(number)
        until(lambda: child.ended() == -number, seconds=3)
    finally:
        signal.signal(number, before)
