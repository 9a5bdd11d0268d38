from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from generators.base import InvalidInput, file_sha256
from generators.toyworld import generator
from generators.toyworld.world.flaws import FLAWS, is_mistaken
from generators.toyworld.world.grammar import parse
from generators.toyworld.world.reference import draw_reference
from tests.factories_generators import ONE, make_clip, make_request

RIGHT_SEED, WRONG_SEED = (
    next(seed for seed in range(3) if is_mistaken(parse(ONE), seed) is wrong) for wrong in (False, True)
)


def _frames(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]


def _sound(path: Path) -> np.ndarray:
    with av.open(path) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)


def _loud_from_s(path: Path) -> float:
    loud = np.abs(_sound(path)).max(axis=0) > 0.02
    return float(np.argmax(loud)) / 48_000


def test_a_prompt_outside_the_grammar_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'horse'"):
        make_clip(tmp_path, prompt="a horse")
    assert not list(tmp_path.iterdir())


def test_a_failure_while_encoding_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(clip: object, path: Path, width: int, height: int) -> None:
        path.write_bytes(b"half a clip")
        raise OSError("disk full")

    monkeypatch.setattr(generator, "encode", fail)
    with pytest.raises(OSError, match="disk full"):
        make_clip(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_image_without_the_colour_is_refused(tmp_path: Path) -> None:
    draw_reference(parse(ONE), 1, 64).save(tmp_path / "start.png")
    with pytest.raises(InvalidInput, match="nothing purple"):
        make_clip(
            tmp_path, track="i2v", prompt=ONE.replace("red", "purple"), reference_image=tmp_path / "start.png"
        )


@pytest.mark.parametrize("flaw", FLAWS)
def test_the_same_request_gives_the_same_bytes(tmp_path: Path, flaw: str) -> None:
    first, second = (make_clip(tmp_path / name, flaw) for name in ("a", "b"))
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.provenance.sha256 == file_sha256(second.path)


def test_another_seed_gives_another_clip(tmp_path: Path) -> None:
    assert make_clip(tmp_path).provenance.sha256 != make_clip(tmp_path, seed=2).provenance.sha256


def test_frame_rate_and_size_change_nothing_that_happens(tmp_path: Path) -> None:
    usual = make_clip(tmp_path, duration_s=2.0)
    finer = make_clip(tmp_path, duration_s=2.0, fps=24.0, width=96, height=96)
    assert (_sound(usual.path) == _sound(finer.path)).all()
    coarse, fine = _frames(usual.path), _frames(finer.path)
    assert (len(coarse), len(fine)) == (24, 48)
    red = [np.argwhere(frame[..., 0] - frame[..., 1] > 100).mean(axis=0) for frame in (coarse[10], fine[20])]
    assert red[0] / 64 == pytest.approx(red[1] / 96, abs=0.01)


@pytest.mark.parametrize(("track", "sounds"), [("t2v", False), ("t2v-audio", True)])
def test_only_audio_tracks_have_sound(tmp_path: Path, track: str, sounds: bool) -> None:
    with av.open(make_clip(tmp_path, track=track).path) as container:
        assert bool(container.streams.audio) is sounds


def test_an_image_sets_where_objects_start(tmp_path: Path) -> None:
    image = tmp_path / "start.png"
    draw_reference(parse(ONE), 5, 128).save(image)
    result = make_clip(tmp_path, track="i2v", reference_image=image, seed=1)
    expected = np.asarray(draw_reference(parse(ONE), 5, 64)).astype(int)
    assert np.abs(_frames(result.path)[0] - expected).mean() < 3
    assert result.provenance.resolved["reference_image_sha256"] == file_sha256(image)


def test_late_sound_is_late_and_nothing_else(tmp_path: Path) -> None:
    right, late = (make_clip(tmp_path, flaw, duration_s=3.0).path for flaw in ("none", "late-sound"))
    assert _loud_from_s(late) - _loud_from_s(right) == pytest.approx(0.18, abs=0.005)
    assert all((a == b).all() for a, b in zip(_frames(right), _frames(late), strict=True))


def test_stutter_repeats_frames_and_nothing_else(tmp_path: Path) -> None:
    right, held = (make_clip(tmp_path, flaw, width=128, height=128).path for flaw in ("none", "stutter"))
    changes = [np.abs(after - before).max() > 40 for before, after in pairwise(_frames(held))]
    assert changes == [index % 2 == 1 for index in range(len(changes))]
    assert all(np.abs(after - before).max() > 40 for before, after in pairwise(_frames(right)))
    assert (_sound(right) == _sound(held)).all()


def test_wrong_attributes_look_wrong_when_it_is_their_turn(tmp_path: Path) -> None:
    right, wrong = (make_clip(tmp_path, flaw, seed=WRONG_SEED) for flaw in ("none", "wrong-attributes"))
    assert right.provenance.resolved["shown"] == ONE
    assert wrong.provenance.resolved["shown"] != ONE
    assert any(
        np.abs(a - b).max() > 40 for a, b in zip(_frames(right.path), _frames(wrong.path), strict=True)
    )
    assert (_sound(right.path) == _sound(wrong.path)).all()


def test_wrong_attributes_are_right_otherwise(tmp_path: Path) -> None:
    right, other = (make_clip(tmp_path, flaw, seed=RIGHT_SEED) for flaw in ("none", "wrong-attributes"))
    assert right.path.read_bytes() == other.path.read_bytes()


def test_provenance_is_complete(tmp_path: Path) -> None:
    result = make_clip(tmp_path, "late-sound", seed=9)
    read = json.loads(json.dumps(result.provenance.as_dict()))
    assert (read["generator"], read["settings"], read["seed"]) == ("toy-world", {"flaw": "late-sound"}, 9)
    assert read["request"] == make_request(seed=9).as_dict()
    assert read["sha256"] == file_sha256(result.path)
    assert set(read["library_versions"]) == {"av", "numpy", "pillow", "scipy"}
    assert read["wall_time_s"] > 0
