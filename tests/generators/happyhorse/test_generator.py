from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import av
import pytest
from PIL import Image

from generators import registry
from generators.base import GenerationError, InvalidInput, Request, Track, Unavailable, file_sha256
from generators.choices import SettingsError
from generators.happyhorse.generator import HappyHorse, ToyHappyHorse
from generators.resident_model import RESIDENT
from tests.factories_codecs import one_thread
from tests.factories_generators import make_request as make_toy_request

RANDOM = {"weights": "random", "size": "tiny", "steps": 1, "device": "cpu"}


quick = pytest.fixture(autouse=True)(one_thread)


def make_request(**changes: object) -> Request:
    return make_toy_request(**{"prompt": "a ball", "duration_s": 0.32, "height": 32, "fps": 25.0} | changes)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("RGB", (64, 32), "orange").save(tmp_path / "image.png")
    return tmp_path / "image.png"


def test_is_in_the_registry() -> None:
    assert isinstance(registry.create("happyhorse", {}), HappyHorse)
    assert "happyhorse" in registry.names()


@pytest.mark.slow
@pytest.mark.parametrize("track", list(Track))
def test_makes_a_clip_on_each_track(tmp_path: Path, image: Path, track: Track) -> None:
    reference = image if track.startswith("i2v") else None
    result = HappyHorse(RANDOM).generate(
        make_request(track=track, reference_image=reference), tmp_path / "out"
    )
    assert list((tmp_path / "out").iterdir()) == [result.path]
    with av.open(str(result.path)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 8
        assert len(clip.streams.audio) == track.endswith("audio")


def test_provenance_says_what_was_used(tmp_path: Path, image: Path) -> None:
    request = make_request(track="i2v-audio", reference_image=image, seed=5)
    result = HappyHorse(RANDOM).generate(request, tmp_path)
    origin = result.provenance
    assert origin.sha256 == file_sha256(result.path)
    assert (origin.generator, origin.seed, origin.cost_usd) == ("happyhorse", 5, 0.0)
    assert origin.settings["steps"] == 1
    assert origin.settings["decoder"] == "turbo"
    assert origin.resolved["checkpoints"] == "random"
    assert origin.resolved["device"] == "cpu"
    assert origin.resolved["reference_image_sha256"] == file_sha256(image)
    assert origin.resolved["not_honoured"] == []
    assert {"torch", "diffusers", "transformers"} <= set(origin.library_versions)
    json.dumps(origin.as_dict())


def test_says_what_it_could_not_honour(tmp_path: Path) -> None:
    settings = {**RANDOM, "pixels": "64x32"}
    request = make_request(width=640, height=360, fps=24.0, duration_s=0.4)
    resolved = HappyHorse(settings).generate(request, tmp_path).provenance.resolved
    assert resolved["not_honoured"] == ["duration_s", "fps", "height", "width"]
    assert (resolved["width"], resolved["height"], resolved["fps"], resolved["duration_s"]) == (
        64,
        32,
        25.0,
        0.36,
    )


def test_equal_requests_give_equal_files(tmp_path: Path) -> None:
    paths = [
        HappyHorse(RANDOM).generate(make_request(seed=seed), tmp_path / str(n)).path
        for n, seed in enumerate((1, 1, 2))
    ]
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again
    assert first != other


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "settings", "load"),
    [
        (HappyHorse, RANDOM, "generators.happyhorse.weights.random.random_parts"),
        (ToyHappyHorse, {}, "generators.happyhorse.toy.components.toy_parts"),
    ],
)
def test_the_model_is_loaded_once_for_many_clips(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[HappyHorse] | type[ToyHappyHorse],
    settings: dict[str, object],
    load: str,
) -> None:
    RESIDENT.release()
    module, _, name = load.rpartition(".")
    make_parts = getattr(importlib.import_module(module), name)
    loads: list[str] = []

    def counting(*given: object, **more: object) -> object:
        loads.append(name)
        return make_parts(*given, **more)

    monkeypatch.setattr(load, counting)
    generator = kind(settings)
    prompt = "a large red circle gliding up-left quickly on a grey background"
    for seed in (1, 2, 3):
        generator.generate(make_request(prompt=prompt, seed=seed), tmp_path)
    assert loads == [name]


def test_without_weights_it_is_unavailable_and_names_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(Unavailable, match=r"hf download .*hf download .*'distill/"):
        HappyHorse({}).generate(make_request(), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_without_the_packages_it_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(
        Unavailable, match=r"needs diffusers\. Get it by: pip install '\.\[generators,codecs\]'"
    ):
        HappyHorse(RANDOM).generate(make_request(), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 50}, "The width must be a multiple of 32 pixels; got 50"),
        ({"prompt": ""}, "The prompt is empty"),
        ({"prompt": "a" * 700}, "The prompt has 700 tokens"),
        ({"track": "i2v", "reference_image": Path("nowhere.png")}, "Can't read the image nowhere.png"),
    ],
)
def test_a_request_that_it_can_not_fulfil_leaves_no_file(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        HappyHorse(RANDOM).generate(make_request(**changes), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flavour": "sweet"}, "happyhorse has no setting 'flavour'. Its settings: "),
        ({"kind": "540p"}, "happyhorse: 'kind' can't be '540p'. Allowed: distilled, base."),
        ({"size": "99b"}, "happyhorse: 'size' can't be '99b'. Allowed: 15b, tiny"),
        ({"steps": 0}, "happyhorse: steps must be a whole number from 1 to 1000; got 0."),
        ({"steps": True}, "happyhorse: steps must be a whole number from 1 to 1000; got True."),
        ({"pixels": "448"}, "happyhorse: 'pixels' must be 'asked' or like '448x256'; got '448'."),
        ({"wan_folder": 3}, "happyhorse: 'wan_folder' must be a non-empty text; got 3."),
        ({"device": None}, "happyhorse: 'device' must be a non-empty text; got None."),
    ],
)
def test_refuses_a_wrong_setting(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        registry.create("happyhorse", settings)
    assert str(raised.value).startswith(message)


def test_every_error_is_one_that_the_arena_knows() -> None:
    from generators.happyhorse.codecs.weights import WeightsError
    from generators.happyhorse.hub import MissingModel
    from generators.happyhorse.pipeline.checks import TooLittleMemory
    from generators.happyhorse.weights.checkpoint import CheckpointError

    for error in (CheckpointError, TooLittleMemory, WeightsError, MissingModel):
        assert issubclass(error, GenerationError)
