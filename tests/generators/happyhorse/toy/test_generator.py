from __future__ import annotations

import json
import sys
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import av
import pytest
from PIL import Image

from generators import registry
from generators.base import InvalidInput, Request, Track, file_sha256
from generators.choices import SettingsError
from generators.happyhorse.toy.checkpoints import weights_file
from generators.happyhorse.toy.generator import ToyHappyHorse
from tests.factories_codecs import one_thread
from tests.factories_generators import make_request as make_any_request

QUICK = {"steps": 2}

quick = pytest.fixture(autouse=True)(one_thread)


def make_request(**changes: object) -> Request:
    usual = {"width": 192, "height": 128, "duration_s": 2.0, "fps": 16.0}
    return make_any_request(
        **{"prompt": "a small blue square gliding up slowly on a navy background"} | usual | changes
    )


def test_is_in_the_registry() -> None:
    assert isinstance(registry.create("happyhorse-toy", {}), ToyHappyHorse)


@pytest.mark.parametrize("track", list(Track))
def test_makes_a_clip_on_each_track(tmp_path: Path, track: Track) -> None:
    Image.new("RGB", (64, 64), "navy").save(tmp_path / "image.png")
    reference = tmp_path / "image.png" if track.startswith("i2v") else None
    result = ToyHappyHorse(QUICK).generate(
        make_request(track=track, reference_image=reference), tmp_path / "out"
    )
    with av.open(str(result.path)) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
        assert len(frames) == 32
        assert frames[0].shape == (128, 128, 3)
        assert len(clip.streams.audio) == track.endswith("audio")


def test_provenance_says_which_weights_and_what_was_not_honoured(tmp_path: Path) -> None:
    result = ToyHappyHorse({"steps": 4, "cascade": True}).generate(make_request(duration_s=3.0), tmp_path)
    said = json.loads(json.dumps(result.provenance.as_dict()))
    assert said["generator"] == "happyhorse-toy"
    assert said["settings"] == {"kind": "distilled", "steps": 4, "cascade": True, "device": "cpu"}
    assert said["resolved"]["checkpoints"] == {"distilled": file_sha256(weights_file("distilled", 4))}
    assert said["resolved"]["not_honoured"] == ["duration_s", "width"]
    assert (said["resolved"]["width"], said["resolved"]["duration_s"]) == (128, 2.0)


def test_needs_none_of_the_large_models_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("diffusers", "transformers", "zstandard", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("generators.delivery.version", _version_of_the_demo)
    provenance = ToyHappyHorse(QUICK).generate(make_request(), tmp_path).provenance
    assert set(provenance.library_versions) == {"av", "numpy", "pillow", "safetensors", "torch"}


def _version_of_the_demo(name: str) -> str:
    if name in {"diffusers", "transformers"}:
        raise PackageNotFoundError(name)
    return metadata.version(name)


@pytest.mark.slow
def test_equal_requests_give_equal_files_and_other_seeds_others(tmp_path: Path) -> None:
    hashes = [
        ToyHappyHorse(QUICK).generate(make_request(seed=seed), tmp_path / name).provenance.sha256
        for seed, name in ((1, "a"), (1, "b"), (2, "c"))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_prompt_beyond_the_toy_world_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="doesn't know: 'dog'"):
        ToyHappyHorse(QUICK).generate(make_request(prompt="a dog"), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "tuned"}, "'kind' can't be 'tuned'"),
        ({"steps": 0}, "steps must be a whole number from 1 to 1000; got 0"),
        ({"cascade": "yes"}, "'cascade' must be true or false; got 'yes'"),
        ({"device": ""}, "'device' must be a non-empty text"),
        ({"size": "toy"}, "happyhorse-toy"),
    ],
)
def test_refuses_a_wrong_setting(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ToyHappyHorse(settings)
