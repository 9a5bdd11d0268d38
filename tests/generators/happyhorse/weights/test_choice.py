from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from generators.base import InvalidInput, Unavailable, file_sha256
from generators.happyhorse.codecs.turbo import TurboDecoder
from generators.happyhorse.codecs.wan import WanCodec
from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.facts import Precision
from generators.happyhorse.network.memory import holdings
from generators.happyhorse.network.quantised import Codes
from generators.happyhorse.toy.checkpoints import weights_file
from generators.happyhorse.weights.choice import ModelChoice, Weights
from tests.factories_codecs import one_thread

quick = pytest.fixture(autouse=True)(one_thread)


def test_the_toy_models_own_weights_are_those_of_the_steps() -> None:
    choice = ModelChoice("shipped", size="toy", steps=4, cascade=True, device="cpu")
    parts = choice.parts()
    assert (parts.kind.sampler, parts.kind.steps, parts.cascade) == ("distilled", 4, True)
    assert (parts.limits.fps, parts.limits.only_size) == (16, (64, 64))
    assert choice.origin() == {"checkpoints": {"distilled": file_sha256(weights_file("distilled", 4))}}


def test_random_weights_say_so() -> None:
    choice = ModelChoice("random", size="tiny", kind="base", steps=3, decoder="wan", device="cpu")
    parts = choice.parts()
    assert (parts.kind.name, parts.kind.steps, parts.device) == ("base", 3, torch.device("cpu"))
    assert isinstance(parts.video_decoder(), WanCodec)
    assert isinstance(ModelChoice("random", size="tiny", device="cpu").parts().video_decoder(), TurboDecoder)
    assert choice.origin() == {"checkpoints": "random"}


def test_released_weights_are_looked_for_in_the_folders(tmp_path: Path) -> None:
    choice = ModelChoice("released", size="tiny", folders={"transformer": tmp_path / "gone"}, device="cpu")
    with pytest.raises(Unavailable, match="gone must be a file or folder"):
        choice.parts()
    with pytest.raises(Unavailable, match="gone must be a file or folder"):
        choice.origin()


@pytest.mark.parametrize("weights", ["released", "random"])
def test_only_the_toy_models_own_weights_make_cascades(weights: Weights) -> None:
    with pytest.raises(InvalidInput, match=r"Only the toy model's own weights make cascades\."):
        ModelChoice(weights, cascade=True)


@pytest.mark.parametrize("steps", [0, -1, 1001, True, 2.0])
def test_steps_out_of_range_are_refused(steps: int) -> None:
    with pytest.raises(InvalidInput, match=f"steps must be a whole number from 1 to 1000; got {steps}"):
        ModelChoice("shipped", steps=steps)


def test_a_device_that_is_not_there_is_refused_before_weights_are_looked_for() -> None:
    with pytest.raises(InvalidInput, match="device must be one that PyTorch"):
        ModelChoice("released", device="foo").parts()


@pytest.mark.parametrize("precision", ["fp8", "int8", "int4"])
def test_weights_of_fewer_bits_are_loaded_and_counted(precision: Precision) -> None:
    parts = ModelChoice("random", size="tiny", device="cpu", precision=precision).parts()

    products = [module for module in parts.transformer().modules() if isinstance(module, Codes)]
    assert {module.precision for module in products} == {precision}
    assert parts.plan.precision == precision
    assert holdings(SIZES["15b"], precision).size_bytes < 0.53 * holdings(SIZES["15b"]).size_bytes


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(InvalidInput, match="precision must be one of bf16, fp8, int8, int4; got 'fp4'"):
        ModelChoice("random", precision="fp4")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=r"The toy model's own weights stay in float32\."):
        ModelChoice("shipped", size="toy", precision="int8")


def test_choosing_imports_no_torch() -> None:
    code = (
        "import sys; from generators.happyhorse.weights.choice import ModelChoice; "
        "ModelChoice('released'); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
