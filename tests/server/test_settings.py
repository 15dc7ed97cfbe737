"""Where settings come from: options, then the environment, then defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.settings import Settings, WrongSetting, read_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "WEB_CONCURRENCY", *map(str.upper, Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"THERA_PEER_{name}", raising=False)


def test_without_any_word_the_defaults_count() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.gather_rooms


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "PORT": "9000",
        "WEB_CONCURRENCY": "3",
        "THERA_PEER_DATA_DIR": "/srv/circle",
        "THERA_PEER_GATHER_ROOMS": "false",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert (settings.port, settings.workers) == (9000, 3)
    assert settings.data_dir == Path("/srv/circle")
    assert not settings.gather_rooms


def test_an_option_counts_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    assert read_settings(port=9001).port == 9001
    assert read_settings(port=None).port == 9000


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "")
    assert read_settings().workers == 1


def test_a_variable_of_others_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "example.org")
    monkeypatch.setenv("THERA_PEER_PORT", "9000")
    settings = read_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "high")
    with pytest.raises(WrongSetting, match=r"^--port \(PORT\): "):
        read_settings()
