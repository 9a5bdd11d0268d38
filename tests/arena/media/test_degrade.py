from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from arena.media.degrade import Degradation, degrade
from arena.media.probe import Probe, probe
from tests.factories_media import drumming, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", sound=drumming(1.0))


@pytest.fixture(scope="module")
def facts(clip: Path) -> Probe:
    return probe(clip)


def _made(clip: Path, facts: Probe, path: Path, degradation: Degradation, seed: str = "s") -> Path:
    degrade(clip, path, degradation, seed=seed, facts=facts)
    return path


def _pictures(path: Path) -> np.ndarray:
    with av.open(path) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return np.array(frames, dtype=float)


def _samples(path: Path) -> np.ndarray:
    with av.open(path) as container:
        blocks = [frame.to_ndarray()[:1].ravel() for frame in container.decode(audio=0)]
    return np.concatenate(blocks).astype(float)


@pytest.mark.parametrize("degradation", Degradation)
def test_the_same_clip_and_seed_give_the_same_bytes_and_another_seed_gives_others(
    clip: Path, facts: Probe, tmp_path: Path, degradation: Degradation
) -> None:
    copies = [
        _made(clip, facts, tmp_path / f"{name}.mkv", degradation, seed=name[0]) for name in ("s1", "s2", "t")
    ]
    first, again, other = (hashlib.sha256(copy.read_bytes()).hexdigest() for copy in copies)
    assert first == again != other


def test_late_sound_comes_over_half_a_second_later_and_leaves_the_picture(
    clip: Path, facts: Probe, tmp_path: Path
) -> None:
    late = _samples(_made(clip, facts, tmp_path / "late.mkv", Degradation.LATE_SOUND))
    assert np.abs(late[:26_000]).max() < 1e-6 < np.abs(_samples(clip)[:26_000]).max()
    kept = _pictures(clip) - _pictures(tmp_path / "late.mkv")
    assert np.abs(kept).mean() < 1.5


def test_dropped_frames_hold_each_picture_for_a_quarter_of_a_second(
    clip: Path, facts: Probe, tmp_path: Path
) -> None:
    moves = np.abs(
        np.diff(_pictures(_made(clip, facts, tmp_path / "d.mkv", Degradation.DROPPED_FRAMES)), axis=0)
    )
    assert (moves.mean(axis=(1, 2)) > 1).sum() <= 4
    assert (np.abs(np.diff(_pictures(clip), axis=0)).mean(axis=(1, 2)) > 1).all()


def test_blur_removes_edges_and_noise_adds_them(clip: Path, facts: Probe, tmp_path: Path) -> None:
    edges = {
        name: np.abs(np.diff(_pictures(path), axis=1)).mean()
        for name, path in {
            "clip": clip,
            "blur": _made(clip, facts, tmp_path / "b.mkv", Degradation.BLUR),
            "noise": _made(clip, facts, tmp_path / "n.mkv", Degradation.NOISE),
        }.items()
    }
    assert edges["blur"] < edges["clip"] < edges["noise"]


def test_muffled_sound_has_lost_its_high_tones(clip: Path, facts: Probe, tmp_path: Path) -> None:
    muffled = _samples(_made(clip, facts, tmp_path / "m.mkv", Degradation.MUFFLED_SOUND))
    shares = [
        float(
            (np.abs(np.fft.rfft(sound))[len(sound) // 20 :] ** 2).sum()
            / (np.abs(np.fft.rfft(sound)) ** 2).sum()
        )
        for sound in (_samples(clip), muffled)
    ]
    assert shares[1] < 0.02 < 0.3 < shares[0]


def test_a_clip_without_sound_has_none_to_degrade(tmp_path: Path) -> None:
    silent = write_clip(tmp_path / "silent.mp4")
    with pytest.raises(
        ValueError, match="degradation must be of the picture for a clip without sound; got late-sound"
    ):
        degrade(silent, tmp_path / "x.mkv", Degradation.LATE_SOUND, seed="s", facts=probe(silent))
