"""`python -m tests.benchmarks.compiled`: a step of the toy model by faster ways, beside the plain one.

The wish is at most .7 of its processor time on a CPU. The difference is the largest of any velocity.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from statistics import median

import torch
from torch import Tensor

from generators.happyhorse.execution.fast import quicken
from generators.happyhorse.execution.options import Way
from generators.happyhorse.toy.model import ToyModel

WAYS: dict[str, tuple[Way, ...]] = {
    "plain": (),
    "fused, grouped": ("fused", "grouped"),
    "compiled": ("compiled",),
    "compiled, fused, grouped": ("compiled", "fused", "grouped"),
}
CLIPS = (1, 8)
REPEATS = 40


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    sys.stdout.write(f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}\n")
    for clips in CLIPS:
        report(clips)


@torch.inference_mode()
def report(clips: int) -> None:
    """Measure each way in turn, so that a change of the machine's load meets all of them."""
    torch.manual_seed(0)
    model = ToyModel().eval()
    for parameter in model.parameters():
        parameter.data.add_(0.02 * torch.randn_like(parameter))
    steps = {name: _step(deepcopy(model), ways, clips) for name, ways in WAYS.items()}
    results = {name: step() for name, step in steps.items()}
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(REPEATS):
        for name, step in steps.items():
            start = time.process_time()
            step()
            spent[name].append(time.process_time() - start)
    plain = median(spent["plain"])
    sys.stdout.write(f"\n{clips} clips at once{'ms':>22}{'of plain':>10}{'difference':>12}\n")
    for name, times in spent.items():
        off = max(float((a - b).abs().max()) for a, b in zip(results[name], results["plain"], strict=True))
        sys.stdout.write(f"{name:28}{1000 * median(times):>8.2f}{median(times) / plain:>10.2f}{off:>12.1e}\n")


def _step(model: ToyModel, ways: tuple[Way, ...], clips: int) -> Callable[[], tuple[Tensor, ...]]:
    generator = torch.Generator().manual_seed(1)
    quicken(model.transformer, ways, torch.device("cpu"))
    config = model.config
    video = torch.randn(clips, config.latent_channels, 9, 8, 8, generator=generator)
    audio = torch.randn(clips, 33, config.audio_in_channels, generator=generator)
    words = torch.randint(0, 27, (clips, 10), generator=generator)
    return lambda: model(video, audio, words)


if __name__ == "__main__":
    main()
