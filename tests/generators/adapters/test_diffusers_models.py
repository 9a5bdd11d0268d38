from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from generators.adapters import diffusers_models
from generators.adapters.diffusers_families import FAMILIES
from generators.adapters.diffusers_models import FrameRule, LocalModel, find_local_model, read_local_models
from generators.base import Track
from generators.choices import SettingsError

GUIDE = (Path(__file__).parents[3] / "docs" / "comparison-models.md").read_text(encoding="utf-8")
ROWS = sorted(read_local_models().values(), key=lambda row: row.id)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_can_be_made(row: LocalModel) -> None:
    assert set(row.modes) <= set(FAMILIES[row.family].pipelines)
    assert all(side % row.side_multiple == 0 for size in row.sizes for side in size)
    assert (row.frames.longest - row.frames.offset) % row.frames.step == 0
    assert {"transformer", "text_encoder", "vae"} <= set(row.parameters_b)


def test_the_families_that_people_compare_have_rows() -> None:
    assert {row.family for row in ROWS} == set(FAMILIES)
    assert find_local_model("ltx-2").tracks == frozenset(Track)
    assert find_local_model("helios-base").tracks == {Track.T2V, Track.I2V}
    assert find_local_model("wan2.2-i2v-a14b").tracks == {Track.I2V}


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'model' must be one of .*helios-base, .*; got 'wan9'\."):
        find_local_model("wan9")


@pytest.mark.parametrize(
    ("wanted", "made"), [(1, 5), (5, 5), (6, 9), (80, 81), (81, 81), (82, 81), (1000, 81)]
)
def test_frames_hold_what_is_wanted_up_to_the_longest(wanted: int, made: int) -> None:
    assert FrameRule(step=4, offset=1, longest=81).at_least(wanted) == made


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("modes", ["v2v"], "'v2v' is not a valid Mode"),
        ("sizes", ["832"], "a size such as 832x480 is needed; got '832'"),
        ("frames", {"step": 4}, "missing"),
        ("checked", "yesterday", "checked must be a date; got 'yesterday'"),
    ],
)
def test_a_wrong_row_names_its_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, value: object, message: str
) -> None:  # fmt: skip
    document = yaml.safe_load(diffusers_models.PATH.read_text(encoding="utf-8"))
    document["models"] = {"mine": document["models"]["ltx-2"] | {field: value}}
    (tmp_path / "rows.yaml").write_text(yaml.safe_dump(document))
    monkeypatch.setattr(diffusers_models, "PATH", tmp_path / "rows.yaml")
    with pytest.raises(SettingsError, match=rf"rows\.yaml, model 'mine': .*{message}"):
        read_local_models.__wrapped__()


def _bfloat16_gib(row: LocalModel) -> int:
    """Return the GiB of a row's weights, with the autoencoder in float32 where its family keeps it so."""
    kept = FAMILIES[row.family].float32_parts
    total = sum(count * (4 if part in kept else 2) for part, count in row.parameters_b.items())
    return round(total * 1e9 / 2**30)


def test_the_guide_has_every_model_with_its_facts() -> None:
    found = re.findall(
        r"^\| `([\w.-]+)` \| (\S+) \| (.+?) \| ([\d, x]+) \| (\d+) \| ([\d.]+) s \| (\d+) GiB \|", GUIDE, re.M
    )
    assert sorted(found) == [
        (
            row.id,
            ",".join(row.modes),
            row.licence,
            ", ".join(f"{width}x{height}" for width, height in row.sizes),
            f"{row.fps:g}",
            f"{row.frames.longest / row.fps:.1f}",
            str(_bfloat16_gib(row)),
        )
        for row in ROWS
    ]  # fmt: skip
