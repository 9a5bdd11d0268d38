"""Time a training step of the toy model with our Muon beside PyTorch's, in one sitting, on one thread.

`python -m tests.benchmarks.training` prints seconds of CPU for forward, backward and each optimiser's step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Generator, nn

from generators.happyhorse.toy.model import ToyModel
from generators.happyhorse.training.cache import EncodedBatch
from generators.happyhorse.training.flow import draw_task, errors
from generators.happyhorse.training.muon import Muon

BATCH = 48
REPEATS = 5


def main() -> None:
    torch.set_num_threads(1)
    model = ToyModel().train()
    config = model.config
    clean = EncodedBatch(
        torch.randn(BATCH, config.latent_channels, 9, 8, 8),
        torch.randn(BATCH, 33, config.audio_in_channels),
        torch.randint(0, 27, (BATCH, 10)),
    )

    def learn() -> None:
        task = draw_task(clean, model.variances, Generator().manual_seed(1))
        torch.autograd.backward(errors(model, task).loss())

    learn()
    matrices = [nn.Parameter(p.detach().clone()) for p in model.transformer.block.parameters() if p.ndim == 2]
    for matrix in matrices:
        matrix.grad = torch.randn_like(matrix)
    ours = Muon(matrices, lr=0.02)
    theirs = torch.optim.Muon(matrices, lr=0.02, adjust_lr_fn="original")
    both = seconds(learn)
    print(f"forward and backward   {both:7.3f} s")  # noqa: T201
    for name, step in (("our Muon", ours.step), ("PyTorch's Muon", theirs.step)):
        took = seconds(step)
        print(f"{name:22} {took:7.3f} s, {took / both:5.2f} of forward and backward")  # noqa: T201


def seconds(work: Callable[[], object]) -> float:
    """Return the median of a few runs' CPU time, after one that isn't counted."""
    work()
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return median(spent)


if __name__ == "__main__":
    main()
