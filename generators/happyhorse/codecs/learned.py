"""What learned codecs have in common: numbers turned to their principal directions, and a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Self

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from generators.happyhorse.codecs.basis import Basis, fit_basis
from generators.happyhorse.codecs.weights import fill, read_weights


class LearnedCodec(nn.Module, ABC):
    """Codec that describes a part of a clip by a few numbers, once trained and measured by `calibrate`."""

    size: ClassVar[int]
    """How many numbers describe a part."""
    mean: Tensor
    directions: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(self.size))
        self.register_buffer("directions", torch.eye(self.size))
        self.register_buffer("std", torch.ones(self.size))

    @abstractmethod
    def numbers(self, parts: Tensor) -> Tensor:
        """Encode parts of clips, the batch first, to numbers (batch, parts, size)."""

    @property
    def basis(self) -> Basis:
        """Principal directions of the numbers."""
        return Basis(self.mean, self.directions, self.std)

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Tensor]) -> None:
        """Measure the numbers' principal directions on batches (B, …) of what `numbers` takes."""
        rows = (self.numbers(parts).flatten(0, 1) for parts in batches)
        found = fit_basis(rows, self.size)
        self.mean.copy_(found.mean)
        self.directions.copy_(found.directions)
        self.std.copy_(found.std)

    def save(self, path: Path) -> None:
        """Write the codec to a safetensors file, in half precision."""
        save_file({key: tensor.cpu().half() for key, tensor in self.state_dict().items()}, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a codec that `save` wrote.

        Raises:
            WeightsError: The file is damaged, or holds something else.
        """
        codec = cls()
        fill(codec, {key: tensor.float() for key, tensor in read_weights(path).items()}, path)
        return codec.eval()
