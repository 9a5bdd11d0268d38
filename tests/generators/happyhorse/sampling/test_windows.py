from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from generators.happyhorse.sampling.windows import in_windows, window_starts
from tests.factories_codecs import hashed

Seen = list[tuple[int, int]]


def identity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
    return video, audio


@given(length=st.integers(1, 200), window=st.integers(2, 60), overlap=st.integers(1, 59))
def test_windows_cover_every_frame_and_overlap_enough(length: int, window: int, overlap: int) -> None:
    overlap = min(overlap, window - 1)
    starts = window_starts(length, window, overlap)
    covered = {frame for start in starts for frame in range(start, min(start + window, length))}
    assert covered == set(range(length))
    assert all(start + window - after >= overlap for start, after in pairwise(starts))
    assert length <= window or starts[-1] + window == length


@pytest.mark.parametrize("overlap", [0, 8, 9])
def test_refuses_an_overlap_that_leaves_no_way_on(overlap: int) -> None:
    with pytest.raises(ValueError, match=rf"must be from 1 to 7 latent frames; got {overlap}"):
        window_starts(20, 8, overlap)


@given(length=st.integers(1, 40), extra=st.integers(0, 3))
def test_windows_that_agree_give_what_they_agree_on(length: int, extra: int) -> None:
    video, audio = hashed(1, 1, 2, length, 2, 2), hashed(2, 1, 4 * length - 3 + extra, 3)
    v, a = in_windows(identity, window=8, overlap=3)(video, audio)
    torch.testing.assert_close(v, video)
    torch.testing.assert_close(a, audio)


def test_a_clip_that_fits_is_seen_whole() -> None:
    video = hashed(1, 1, 2, 8, 2, 2)
    v, a = in_windows(identity, window=8, overlap=3)(video, None)
    assert v is video
    assert a is None


def test_sound_goes_with_the_frames_of_its_window() -> None:
    seen: Seen = []

    def velocity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        assert audio is not None
        seen.append((int(video[0, 0, 0, 0, 0]), int(audio[0, 0, 0])))
        assert video.shape[2] == 8
        assert audio.shape[1] in (29, 30)
        return video, audio

    video = torch.arange(18.0).reshape(1, 1, 18, 1, 1)
    audio = torch.arange(70.0).reshape(1, 70, 1)
    in_windows(velocity, window=8, overlap=3)(video, audio)
    assert seen == [(0, 0), (5, 20), (10, 40)]


def test_neighbours_fade_into_each_other() -> None:
    def velocity(video: Tensor, audio: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return torch.full_like(video, float(video[0, 0, 0, 0, 0])), audio

    video = torch.arange(12.0).reshape(1, 1, 12, 1, 1)
    v, _ = in_windows(velocity, window=8, overlap=4)(video, None)
    blended = v.flatten().tolist()
    assert blended[:4] == [0.0] * 4
    assert blended[8:] == [4.0] * 4
    assert blended[4:8] == sorted(blended[4:8])
    assert 0 < blended[4] < blended[7] < 4
