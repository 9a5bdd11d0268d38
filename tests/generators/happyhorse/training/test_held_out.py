from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from generators.happyhorse.toy.codecs import shipped_codecs
from generators.happyhorse.training.cache import Recipe, encode_clips
from generators.happyhorse.training.flow import learning_curve
from generators.happyhorse.training.flow_step import begin_flow
from generators.happyhorse.training.held_out import HELD_OUT_SEED, HeldOut
from generators.happyhorse.training.run import Run, Settings
from tests.factories_training import SMALL

CODECS = shipped_codecs()


@pytest.fixture
def run() -> Run:
    return begin_flow(Settings(samples=16, batch=8), CODECS.variances, config=SMALL)


def test_it_returns_the_learning_curves_of_the_mean_weights_on_held_out_clips(
    run: Run, tmp_path: Path
) -> None:
    recipe = Recipe("held-out", HELD_OUT_SEED, 4, 1, CODECS.digest)
    clean = encode_clips(range(4), recipe, CODECS.video, CODECS.audio)
    with torch.no_grad():
        for weight in run.weights():
            weight.add_(1.0)  # the mean stays behind

    found = HeldOut(CODECS, "cpu", sheets=False, clips=4)(run, tmp_path)

    expected = learning_curve(run.mean_model(), clean)
    assert found == {"held_out_video": expected["video"], "held_out_audio": expected["audio"]}
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_is_named_for_the_samples_seen(run: Run, tmp_path: Path) -> None:
    run.steps = 1

    HeldOut(CODECS, "cpu", clips=2)(run, tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["sheet-00000008.png"]
    with Image.open(tmp_path / "sheet-00000008.png") as sheet:
        assert min(sheet.size) > 64
