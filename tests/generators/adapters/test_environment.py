from __future__ import annotations

from pathlib import Path

import pytest

from generators.adapters.environment import read_account, read_journal_folder, read_patience
from generators.base import Unavailable
from generators.choices import SettingsError


def _read() -> object:
    return read_account("model-studio", "Alibaba Model Studio", "SOME_KEY", "https://example.com/v1")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_is_named(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(Unavailable) as caught:
        _read()
    assert str(caught.value) == (
        "SOME_KEY must hold the API key of Alibaba Model Studio; it is not set. Export it and run again."
    )


@pytest.mark.parametrize("value", ["two words", "ключ", "line\nbreak"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(Unavailable, match="SOME_KEY must be printable ASCII without spaces") as caught:
        _read()
    assert value not in str(caught.value)


def test_an_account_does_not_show_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", " secret \n")
    monkeypatch.setenv("MODEL_STUDIO_BASE_URL", "https://other.example/")
    monkeypatch.setenv("MODEL_STUDIO_DOWNLOAD_DOMAINS", "a.example, b.example")
    account = _read()
    assert repr(account) == (
        "Account(base_url='https://other.example', is_overridden=True, "
        "extra_domains=('a.example', 'b.example'))"
    )


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon", ""])
def test_times_must_be_positive_numbers(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_POLL_S", value)
    with pytest.raises(SettingsError, match="HOSTED_POLL_S must be a positive number of seconds; got"):
        read_patience()


def test_jobs_are_recorded_with_the_other_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_JOBS_DIR", "/jobs")
    assert read_journal_folder() == Path("/jobs")
    monkeypatch.delenv("HOSTED_JOBS_DIR")
    monkeypatch.setenv("DATA_DIR", "/data")
    assert read_journal_folder() == Path("/data/hosted-jobs")
    monkeypatch.delenv("DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/data")
    assert read_journal_folder() == Path("/home/data/paddock/hosted-jobs")
