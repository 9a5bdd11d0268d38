"""A fitted linear basis: vectors to a few numbers of unit variance, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_LEAST_STD = 1e-3
"""Of a number that hardly varies: dividing by less would only blow up rounding."""
SCALING = "half-way"
"""How `gains` are found; a new name makes latents that were kept stale."""


@dataclass(frozen=True)
class Basis:
    """The strongest directions of some data, strongest first (Karhunen–Loève transform).

    Fewer numbers are had by `cut`, because the best basis of n directions starts every longer one.
    """

    mean: Tensor
    """(size,): of the data."""
    directions: Tensor
    """(width, size), orthonormal."""
    std: Tensor
    """(width,): of the data along each direction."""

    @property
    def width(self) -> int:
        return len(self.std)

    def gains(self, group: int = 1) -> Tensor:
        """(width / group,): factors for numbers in groups, whose squares average 1 over all of them.

        Half-way, in decibels, between numbers of equal and of true strength. Were all equal, a blur would be
        as hard to see through the noise as its finest detail; so the picture comes before its details, but
        these don't drown (measured in the model card).
        """
        true = self.std.log().reshape(-1, group).mean(1).exp()
        return (true / true.mean()).sqrt()

    def project(self, data: Tensor) -> Tensor:
        """(…, size) to (…, width), of mean 0 and variance 1 on the data that it was fitted to."""
        return (data - self.mean) @ self.directions.T / self.std

    def expand(self, numbers: Tensor) -> Tensor:
        """The inverse of `project`, as far as `width` directions go."""
        return (numbers * self.std) @ self.directions + self.mean

    def cut(self, width: int) -> Basis:
        """The first `width` directions.

        Raises:
            ValueError: There are fewer.
        """
        if not 0 < width <= self.width:
            raise ValueError(f"The basis has {self.width} directions; {width} were asked for.")
        return Basis(self.mean, self.directions[:width], self.std[:width])

    def to(self, device: torch.device | str) -> Basis:
        return Basis(self.mean.to(device), self.directions.to(device), self.std.to(device))

    def tensors(self, name: str) -> dict[str, Tensor]:
        """For a file, in half precision, which costs less than 0.01 dB; `name` tells bases in it apart."""
        fields = {"mean": self.mean, "directions": self.directions, "std": self.std}
        return {f"{name}.{field}": value.half().cpu().contiguous() for field, value in fields.items()}

    @classmethod
    def read(cls, tensors: Mapping[str, Tensor], name: str) -> Basis:
        """What `tensors` wrote.

        Raises:
            KeyError: The file holds no basis of that name.
        """
        return cls(*(tensors[f"{name}.{field}"].float() for field in ("mean", "directions", "std")))


def fit_basis(batches: Iterable[Tensor], width: int) -> Basis:
    """The basis of data that comes in batches (rows, size); the same data give the same basis.

    Raises:
        ValueError: There are no more rows than directions asked for.
    """
    count, total, products = 0, torch.zeros(()), torch.zeros(())
    for batch in batches:
        count += len(batch)
        total = total + batch.sum(0, dtype=torch.float64)
        products = products + (batch.T @ batch).double()
    if count <= width:
        raise ValueError(f"{count} rows are too few for {width} directions.")
    mean = total / count
    energies, vectors = torch.linalg.eigh((products / count - mean.outer(mean)).float())
    directions = vectors.T.flip(0)[:width]
    # An eigenvector's sign is the solver's whim; the largest entry decides it for good.
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    std = energies.flip(0)[:width].clamp(min=0).sqrt().clamp(min=_LEAST_STD)
    return Basis(mean.float(), directions * largest.sign(), std)
