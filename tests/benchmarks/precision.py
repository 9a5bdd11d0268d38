"""`python -m tests.benchmarks.precision`: what fewer bits cost on the recorded case, beside bfloat16.

Each figure is the root mean square of the difference from the float32 run that the public code recorded, as a
share of that run's own. It says how far velocities move, not how clips look.
"""

from __future__ import annotations

import json

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from torch import Tensor

from generators.happyhorse.network.config import SIZES
from generators.happyhorse.network.facts import PRECISIONS, Precision
from generators.happyhorse.network.memory import holdings
from generators.happyhorse.weights.checkpoint import load_transformer
from tests.factories_happyhorse import FIXTURES


def main() -> None:
    """Print the table."""
    exact = load_file(FIXTURES / "t2v.fp32.safetensors")
    table = Table("", "video", "sound", "weights of the 15B network, GB")
    for precision in PRECISIONS:
        errors = [
            _rms(found - exact[name]) / _rms(exact[name])
            for found, name in zip(_velocities(precision), ("video_velocity", "audio_velocity"), strict=True)
        ]
        size = holdings(SIZES["15b"], precision).size_bytes / 1e9
        table.add_row(precision, *(f"{error:.4f}" for error in errors), f"{size:.1f}")
    Console().print(table)


@torch.no_grad()
def _velocities(precision: Precision) -> tuple[Tensor, Tensor]:
    recipe, given = (
        json.loads((FIXTURES / "t2v.json").read_text()),
        load_file(FIXTURES / "t2v.bf16.safetensors"),
    )
    model = load_transformer(FIXTURES / "t2v.weights.safetensors", recipe["config"], precision=precision)
    tokens = given["video_tokens"], given["audio_tokens"], given["text_features"]
    video, audio = model.from_tokens(*tokens, latent_shape=tuple(recipe["latent"]))
    assert audio is not None
    return video, audio


def _rms(x: Tensor) -> float:
    return x.float().square().mean().sqrt().item()


if __name__ == "__main__":
    main()
