from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from generators.happyhorse.codecs import linear_video, spectral_audio
from generators.happyhorse.codecs.linear_video import LinearVideoCodec
from generators.happyhorse.codecs.spectral_audio import SpectralAudioCodec
from generators.happyhorse.training import cache
from generators.happyhorse.training.cache import Recipe, encode_clips, fill_cache

RECIPE = Recipe("train", seed=4, count=12, objects=1, codecs="shipped")
VIDEO = LinearVideoCodec.load(linear_video.TOY_WORLD)
AUDIO = SpectralAudioCodec.load(spectral_audio.TOY_WORLD)


class _Stopped(Exception):
    pass


def _stop(done: int) -> None:
    raise _Stopped


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the few clips of a test make two chunks."""
    monkeypatch.setattr(cache, "_CHUNK", 8)


def test_it_holds_what_encoding_gives(tmp_path: Path) -> None:
    filled = fill_cache(tmp_path, RECIPE, VIDEO, AUDIO)
    fresh = encode_clips(range(9, 11), RECIPE, VIDEO, AUDIO)
    kept = filled.batch(np.array([9, 10]))
    assert len(filled) == 12
    assert torch.allclose(kept.video, fresh.video, rtol=1e-3, atol=1e-3)
    assert torch.allclose(kept.audio, fresh.audio, rtol=1e-3, atol=1e-3)
    assert (kept.words == fresh.words).all()
    assert kept.video.dtype == torch.float32


def test_broken_off_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(_Stopped):
        fill_cache(tmp_path / "broken", RECIPE, VIDEO, AUDIO, _stop)
    told: list[int] = []
    resumed = fill_cache(tmp_path / "broken", RECIPE, VIDEO, AUDIO, told.append)
    whole = fill_cache(tmp_path / "whole", RECIPE, VIDEO, AUDIO)
    assert told == [12]
    everything = np.arange(12)
    for one, other in zip(resumed.batch(everything), whole.batch(everything), strict=True):
        assert isinstance(one, Tensor)
        assert torch.equal(one, other)


def test_a_cache_of_another_recipe_is_refused(tmp_path: Path) -> None:
    small = replace(RECIPE, count=2)
    fill_cache(tmp_path, small, VIDEO, AUDIO)
    with pytest.raises(ValueError, match="Use another folder"):
        fill_cache(tmp_path, replace(small, codecs="others"), VIDEO, AUDIO)


def test_a_cache_of_no_clips_is_refused() -> None:
    with pytest.raises(ValueError, match="clips must be a whole number from 1 to 1000000000; got 0"):
        Recipe("train", seed=0, count=0, objects=1, codecs="none")
