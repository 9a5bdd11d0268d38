from __future__ import annotations

import inspect
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml

from generators.adapters import models
from generators.adapters.models import Model, find_model, read_download_domains, read_models
from generators.base import Track
from generators.choices import SettingsError
from tests.providers.contract import MODELS

ROW = """
download_domains: [example.com]
models:
  one:
    checked: 2026-11-22
    names: {t2v: one-t2v}
    durations_s: [5, 10]
    resolutions: {720p: 720}
    ratios: ["16:9"]
    fps: 24
    largest_seed: null
    sound: none
    negative_prompt: false
    rewriting: {default: true, without: {extend: false}}
    watermark: {default: false, without: null}
    link_lifetime_h: 24
    concurrency: 2
    cancellation: none
    price: {per: clip, usd: {720p: 0.5}, checked: 2026-11-22, source: list}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Read rows from a folder of the test's own."""
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    monkeypatch.setattr(models, "read_models", inspect.unwrap(read_models))
    return tmp_path


def _every_row() -> list[Model]:
    return [row for provider in MODELS for row in read_models(provider).values()]


def test_a_new_model_is_a_row(folder: Path) -> None:
    (folder / "new.yaml").write_text(ROW)
    row = find_model("new", "one")
    assert row.durations_s == (5, 10)
    assert row.tracks == frozenset({Track.T2V})
    assert row.switched_off == {"extend": False}
    assert row.price is not None
    assert row.price.price_of("720p", 5.0, with_sound=True) == 0.5
    assert read_download_domains("new") == ("example.com",)


@pytest.mark.parametrize(
    ("was", "is_now", "message"),
    [
        ("sound: none", "sound: loud", "model 'one': a field is missing or wrong: 'loud' must be one of"),
        ("fps: 24", "", "new.yaml, model 'one': a field is missing or wrong: 'fps'."),
        ("checked: 2026-11-22\n    names", "checked: soon\n    names", "a date such as 2026-11-22 is needed"),
        ("[5, 10]", "[]", "durations_s must be a list or a range such as 3-15; got []"),
        ("t2v: one-t2v", "v2v: one", "'v2v' is not a valid Mode"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_file(was: str, is_now: str, message: str, folder: Path) -> None:
    assert was in ROW
    (folder / "new.yaml").write_text(ROW.replace(was, is_now))
    with pytest.raises(SettingsError) as caught:
        find_model("new", "one")
    assert message in str(caught.value)


def test_an_unknown_provider_is_named_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"provider must be one of fal, gemini, .*; got 'sora'\."):
        read_models("sora")


def test_every_row_can_be_asked_for() -> None:
    for row in _every_row():
        assert row.checked <= datetime.now(UTC).date()
        assert row.checked >= date(2026, 11, 22)
        assert row.names
        assert all(":" in ratio for ratio in row.ratios)
        assert row.price is None or set(row.price.usd) <= set(row.resolutions)


def test_no_data_file_has_a_field_that_nothing_reads() -> None:
    known = {
        "checked", "names", "durations_s", "resolutions", "ratios", "fps", "largest_seed", "sound",
        "negative_prompt", "rewriting", "watermark", "link_lifetime_h", "concurrency", "cancellation",
        "price", "fields",
    }  # fmt: skip
    for path in models.FOLDER.glob("*.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert document.keys() <= {"download_domains", "defaults", "models"}
        assert all(row.keys() <= known for row in [document["defaults"], *document["models"].values()])


def test_the_systems_of_the_first_arena_have_rows() -> None:
    wanted = {
        ("fal", "happyhorse-1.0"), ("model-studio", "happyhorse-1.0"), ("modelark", "seedance-2.0"),
        ("fal", "seedance-2.0"), ("kling", "kling-3.0"), ("fal", "kling-3.0-pro"),
    }  # fmt: skip
    assert wanted <= {(provider, row) for provider in MODELS for row in read_models(provider)}
