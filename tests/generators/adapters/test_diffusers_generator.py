from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
import torch
from PIL import Image

from generators import registry
from generators.adapters import (
    diffusers_generator,
    diffusers_loading,
    diffusers_memory,
    diffusers_offload,
)
from generators.adapters.diffusers_checkpoint import find_checkpoint
from generators.adapters.diffusers_fitting import fit_local
from generators.adapters.diffusers_footage import Footage
from generators.adapters.diffusers_generator import Diffusers
from generators.adapters.diffusers_models import read_local_models
from generators.adapters.diffusers_wan import Wan
from generators.base import GenerationError, InvalidInput, Request, Result, Unavailable, file_sha256
from generators.resident_model import RESIDENT
from tests.factories_diffusers import save_checkpoint
from tests.factories_generators import make_request as make_any_request

pytestmark = [
    pytest.mark.slow,  # real pipelines with random weights
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of diffusers and transformers themselves
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
SEND = "diffusers.hooks.group_offloading.send_to_device"
QUICK = ("WanPipeline", "wan2.1-t2v-1.3b", "t2v", 16)
FAMILIES = (
    QUICK,
    ("WanImageToVideoPipeline", "wan2.2-i2v-a14b", "i2v", 16),
    ("LTX2Pipeline", "ltx-2", "t2v-audio", 32),
    ("LTX2ImageToVideoPipeline", "ltx-2", "i2v-audio", 32),
    ("HunyuanVideo15Pipeline", "hunyuanvideo-1.5-t2v-480p", "t2v", 16),
    ("HunyuanVideo15ImageToVideoPipeline", "hunyuanvideo-1.5-i2v-480p", "i2v", 16),
    ("CogVideoXPipeline", "cogvideox-2b", "t2v", 16),
    ("CogVideoXImageToVideoPipeline", "cogvideox-5b-i2v", "i2v", 16),
    ("HeliosPipeline", "helios-base", "t2v", 16),
    ("HeliosPipeline", "helios-base", "i2v", 16),
    ("HeliosPyramidPipeline", "helios-mid", "t2v", 64),
    ("HeliosPyramidPipeline", "helios-distilled", "i2v", 64),
)
OFFLOADED = [QUICK, *(pytest.param(*each, marks=pytest.mark.slow) for each in FAMILIES[1:])]


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for tiny checkpoints, each named after its pipeline's class."""
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin and end without a loaded pipeline, and let LTX-2's guidance leave out a layer of the tiny one."""
    rows = read_local_models()
    row = rows["ltx-2"]
    monkeypatch.setitem(
        rows, "ltx-2", replace(row, call={**row.call, "spatio_temporal_guidance_blocks": [1]})
    )
    RESIDENT.release()
    yield
    RESIDENT.release()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.new("RGB", (80, 60), "orange").save(tmp_path / "image.png")
    return tmp_path / "image.png"


def make(
    checkpoints: Path,
    kind: str = QUICK[0],
    model: str = QUICK[1],
    side: int = 16,
    **more: Any,  # noqa: ANN401 - settings
) -> Diffusers:
    """Make a generator whose checkpoint is a tiny one of this pipeline class."""
    folder = checkpoints / kind
    if not folder.is_dir():
        save_checkpoint(kind, folder)
    given = {"folder": str(folder), "device": "cpu", "steps": 2, "pixels": f"{side}x{side}"}
    return Diffusers({"model": model, **given, **more})


def make_request(generator: Diffusers, side: object = 16, **changes: object) -> Request:
    fps = read_local_models()[str(generator.settings["model"])].fps
    shape = {"width": side, "height": side, "fps": fps, "duration_s": 8 / fps}
    return make_any_request(**{"track": "t2v", "prompt": "a cat on a piano", **shape, **changes})


def hashes(generator: Diffusers, out: Path, *seeds: int, **changes: object) -> list[str]:
    results = [
        generator.generate(make_request(generator, seed=seed, **changes), out / str(n))
        for n, seed in enumerate(seeds)
    ]
    return [file_sha256(each.path) for each in results]


@pytest.mark.parametrize(("kind", "model", "track", "side"), FAMILIES)
def test_each_family_makes_clips_that_only_the_seed_decides(
    checkpoints: Path, tmp_path: Path, image: Path, kind: str, model: str, track: str, side: int
) -> None:
    generator = make(checkpoints, kind, model, side)
    changes = {"track": track, "side": side, "reference_image": image if "i2v" in track else None}
    first, again, other = hashes(generator, tmp_path, 1, 1, 2, **changes)
    assert first == again
    assert first != other
    RESIDENT.release()
    (anew,) = hashes(generator, tmp_path / "anew", 1, **changes)
    assert anew == first
    with av.open(str(next((tmp_path / "0").iterdir()))) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 8
        assert bool(clip.streams.audio) == track.endswith("audio")


def test_equal_seeds_give_equal_bytes_and_others_differ(checkpoints: Path, tmp_path: Path) -> None:
    first, again, other = hashes(make(checkpoints), tmp_path, 1, 1, 2**53 - 1)
    assert first == again
    assert first != other


def test_the_pipeline_is_loaded_once_for_many_clips_and_contenders(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = _count_loads(monkeypatch)
    hashes(make(checkpoints), tmp_path / "a", 1, 2, 3)
    hashes(make(checkpoints, guidance=3.0), tmp_path / "b", 1)
    assert loads == ["wan2.1-t2v-1.3b"]
    hashes(make(checkpoints, dtype="float32"), tmp_path / "c", 1)
    assert len(loads) == 2


def _count_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    loads: list[str] = []
    load = diffusers_loading.load_pipeline

    def counting(terms: Any, *rest: Any) -> Any:  # noqa: ANN401
        loads.append(terms.model.id)
        return load(terms, *rest)

    monkeypatch.setattr(diffusers_generator, "load_pipeline", counting)
    return loads


def test_provenance_says_what_was_used(checkpoints: Path, tmp_path: Path) -> None:
    generator = make(checkpoints, negative_prompt="blur")
    result = generator.generate(make_request(generator, seed=7), tmp_path)
    origin = result.provenance
    assert (origin.generator, origin.seed, origin.cost_usd) == ("diffusers", 7, 0.0)
    assert origin.settings["negative_prompt"] == "blur"
    resolved = origin.resolved
    assert (resolved["frames_made"], resolved["steps"], resolved["guidance"]) == (9, 2, 5.0)
    assert resolved["sound"] == "none: the model makes none"
    assert (resolved["device"], resolved["seeds_drawn_on"]) == ("cpu", "cpu")
    assert resolved["repo"] == "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"
    assert resolved["not_honoured"] == []
    assert {"torch", "diffusers", "transformers"} <= set(origin.library_versions)
    json.dumps(origin.as_dict())


def test_a_silent_track_leaves_the_sound_out(checkpoints: Path, tmp_path: Path) -> None:
    generator = make(checkpoints, "LTX2Pipeline", "ltx-2", 32)
    silent = generator.generate(make_request(generator, 32), tmp_path)
    assert silent.provenance.resolved["sound"] == "left out: the track is silent"
    with av.open(str(silent.path)) as clip:
        assert not clip.streams.audio
    loud = generator.generate(make_request(generator, 32, track="t2v-audio"), tmp_path)
    assert loud.provenance.resolved["sound"] == "made with the video"
    assert _sound_s(loud) == pytest.approx(8 / 24, abs=0.1)


def _sound_s(result: Result) -> float:
    with av.open(str(result.path)) as clip:
        return sum(frame.samples for frame in clip.decode(audio=0)) / clip.streams.audio[0].rate


def test_the_first_frame_and_the_prompts_change_the_clip(
    checkpoints: Path, tmp_path: Path, image: Path
) -> None:
    generator = make(checkpoints, "WanImageToVideoPipeline", "wan2.2-i2v-a14b")
    (plain,) = hashes(generator, tmp_path / "a", 1, track="i2v", reference_image=image)
    Image.new("RGB", (80, 60), "navy").save(image)
    (navy,) = hashes(generator, tmp_path / "b", 1, track="i2v", reference_image=image)
    negative = make(checkpoints, "WanImageToVideoPipeline", "wan2.2-i2v-a14b", negative_prompt="blur")
    (without,) = hashes(negative, tmp_path / "c", 1, track="i2v", reference_image=image)
    assert len({plain, navy, without}) == 3


def test_what_a_clip_is_not_is_recorded(checkpoints: Path, tmp_path: Path) -> None:
    generator = make(checkpoints, refuse=[])
    request = make_request(generator, width=640, height=360, fps=24.0, duration_s=0.45)
    resolved = generator.generate(request, tmp_path).provenance.resolved
    assert resolved["not_honoured"] == ["fps", "height", "width"]


def test_dtype_and_quantisation_change_the_clip_and_repeat(checkpoints: Path, tmp_path: Path) -> None:
    settings: list[dict[str, Any]] = [{}, {"dtype": "float32"}, {"quantisation": "float8"}]
    first, again = (
        [hashes(make(checkpoints, **each), tmp_path / f"{turn}{n}", 1)[0] for n, each in enumerate(settings)]
        for turn in "ab"
    )
    assert first == again
    assert len(set(first)) == len(settings)


def test_tiling_is_switched_for_each_clip(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiled, run = [], Wan.run

    def noting(self: Wan, pipeline: Any, *rest: Any) -> Footage:  # noqa: ANN401 - as the family's
        tiled.append(pipeline.vae.use_tiling)
        return run(self, pipeline, *rest)

    monkeypatch.setattr(Wan, "run", noting)
    for n, tiling in enumerate((True, False)):
        hashes(make(checkpoints, tiling=tiling), tmp_path / str(n), 1)
    assert tiled == [True, False]


@pytest.mark.parametrize("how", ["blocks", "leaves"])
def test_offloading_covers_every_component(checkpoints: Path, how: str) -> None:
    from diffusers.hooks.group_offloading import _is_group_offload_enabled

    pipeline = _load(checkpoints)
    diffusers_offload.offload(pipeline, how, torch.device("cpu"))
    modules = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    assert len(modules) == 3
    assert all(map(_is_group_offload_enabled, modules))


def _load(checkpoints: Path) -> Any:  # noqa: ANN401
    generator = make(checkpoints, dtype="float32")
    request = make_request(generator)
    ask = fit_local(generator._terms, request)
    checkpoint = find_checkpoint(ask.terms.model, ask.terms.folder, frozenset({"WanPipeline"}))
    return diffusers_loading.load_pipeline(ask.terms, ask.mode, checkpoint, torch.device("cpu"))


def test_offloading_is_refused_on_the_cpu(checkpoints: Path, tmp_path: Path) -> None:
    generator = make(checkpoints, offload="leaves")
    with pytest.raises(InvalidInput, match=r"offload must be 'none' on the CPU; got 'leaves'\."):
        generator.generate(make_request(generator), tmp_path)


@pytest.mark.parametrize("how", ["blocks", "leaves"])
@pytest.mark.parametrize(("kind", "model", "track", "side"), OFFLOADED)
def test_offloaded_weights_give_the_same_clip_without_accelerate(
    checkpoints: Path, tmp_path: Path, image: Path, monkeypatch: pytest.MonkeyPatch,
    kind: str, model: str, track: str, side: int, how: str,
) -> None:  # fmt: skip
    changes = {"track": track, "side": side, "reference_image": image if "i2v" in track else None}
    (whole,) = hashes(make(checkpoints, kind, model, side), tmp_path / "whole", 1, **changes)
    monkeypatch.delattr(SEND, raising=False)
    cpu = torch.device("cpu")  # the hooks are the same there, and no test machine has an accelerator
    monkeypatch.setattr(diffusers_generator, "_find_device", lambda ask: cpu)
    offloaded = make(checkpoints, kind, model, side, offload=how)
    assert hashes(offloaded, tmp_path / how, 1, 1, **changes) == [whole, whole]


def test_offloading_hooks_run_for_every_component(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(SEND, raising=False)
    devices = []

    def noting(value: Any, device: torch.device, non_blocking: bool = False) -> Any:  # noqa: ANN401
        devices.append(device.type)
        return diffusers_offload.send_to_device(value, device, non_blocking)

    monkeypatch.setattr(SEND, noting, raising=False)
    monkeypatch.setattr(diffusers_generator, "_find_device", lambda ask: torch.device("cpu"))
    hashes(make(checkpoints, offload="leaves"), tmp_path, 1)
    assert len(devices) > 100
    assert set(devices) == {"cpu"}


class _Pair(NamedTuple):
    left: torch.Tensor
    right: int


def test_all_tensors_among_arguments_are_sent() -> None:
    tensor = torch.ones(2)
    moved = diffusers_offload.send_to_device(
        ((tensor, 1), [tensor], {"a": tensor}, _Pair(tensor, 2), None, "text"), torch.device("meta")
    )
    (first, one), (second,), mapping, pair, nothing, text = moved
    assert {each.device.type for each in (first, second, mapping["a"], pair.left)} == {"meta"}
    assert (one, type(pair), pair.right, nothing, text) == (1, _Pair, 2, None, "text")


@pytest.mark.parametrize("package", ["torch", "diffusers", "transformers"])
def test_a_missing_package_is_named_with_its_command(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    generator = make(checkpoints)  # its checkpoint is written with all packages
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        Unavailable, match=rf"needs {package}\. Get it by: pip install '\.\[generators,local\]'"
    ):
        generator.generate(make_request(generator), tmp_path)


def test_a_missing_checkpoint_is_named_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    generator = Diffusers({"model": "helios-base", "refuse": []})
    with pytest.raises(
        Unavailable,
        match=r"helios-base: model_index.json not found in the hub's cache\. "
        r"Get the checkpoint by: hf download BestWishYsh/Helios-Base$",
    ):
        generator.generate(make_request(generator), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_too_little_memory_is_named_with_what_would_fit(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = make(checkpoints, dtype="float32")
    monkeypatch.setattr(diffusers_memory, "free_bytes", lambda device: 250_000)
    with pytest.raises(
        InvalidInput,
        match=r"wan2\.1-t2v-1\.3b at 16×16, 9 frames takes about 0\.0 GiB; cpu has 0\.0 GiB free\.",
    ):
        generator.generate(make_request(generator), tmp_path)


def test_running_out_of_memory_lets_the_pipeline_go_and_says_what_helps(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*rest: object) -> None:
        raise torch.OutOfMemoryError("tried to allocate 20 GiB")

    loads = _count_loads(monkeypatch)
    generator = make(checkpoints)
    with monkeypatch.context() as patched:
        patched.setattr(Wan, "run", exhausted)
        with pytest.raises(InvalidInput, match=r"Memory ran out: tried .*'tiling: true'"):
            generator.generate(make_request(generator), tmp_path)
    generator.generate(make_request(generator), tmp_path)
    assert len(loads) == 2


def test_a_damaged_checkpoint_is_one_error(checkpoints: Path, tmp_path: Path) -> None:
    folder = save_checkpoint("WanPipeline", tmp_path / "wan")
    config = folder / "transformer" / "config.json"
    config.write_text(config.read_text().replace('"num_layers": 2', '"num_layers": 3'))
    generator = Diffusers({"model": QUICK[1], "folder": str(folder), "device": "cpu", "pixels": "16x16"})
    with pytest.raises(Unavailable, match=r"a whole checkpoint of Wan-AI/.*Missing key.*…. Fetch it again"):
        generator.generate(make_request(generator), tmp_path)


def test_numbers_that_are_none_are_an_error(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Footage(np.full((9, 16, 16, 3), np.nan, np.float32))
    monkeypatch.setattr(Wan, "run", lambda *rest: broken)
    generator = make(checkpoints)
    with pytest.raises(GenerationError, match=r"that are not numbers\. Choose another dtype"):
        generator.generate(make_request(generator), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_the_packages_settings_are_read_and_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\n"
        "for name in ('torch', 'diffusers', 'transformers', 'safetensors'): sys.modules[name] = None\n"
        "import pkgutil, importlib, generators.adapters\n"
        "for found in pkgutil.iter_modules(generators.adapters.__path__, 'generators.adapters.'):\n"
        "    importlib.import_module(found.name)\n"
        "from generators import registry\n"
        "print(sorted(registry.create('diffusers', {'model': 'ltx-2'}).tracks))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "t2v-audio" in done.stdout


def test_is_in_the_registry() -> None:
    assert isinstance(registry.create("diffusers", {"model": "helios-base"}), Diffusers)
    assert registry.path_settings("diffusers") == {"folder"}
