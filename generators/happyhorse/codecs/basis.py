"""A fitted linear basis (PCA): vectors to a few numbers of unit variance, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

_LEAST_STD = 1e-3
"""Least standard deviation that is divided by: a smaller one would only amplify rounding."""
SCALING = "half-way"
"""Name of the rule for `gains`; a new name makes cached latents stale."""


@dataclass(frozen=True)
class Basis:
    """Principal directions of some data, strongest first (Karhunen–Loève transform).

    The best basis of n directions begins every longer one, so `cut` gives shorter bases.
    """

    mean: Tensor
    """Mean of the data, (size,)."""
    directions: Tensor
    """Orthonormal directions, (width, size)."""
    std: Tensor
    """Standard deviation of the data along each direction, (width,)."""

    @property
    def width(self) -> int:
        """Number of directions."""
        return len(self.std)

    def gains(self, group: int = 1) -> Tensor:
        """Return factors for groups of numbers, (width / group,); the gains' squares average 1.

        A gain is half-way, in decibels, between equal and true strengths of the numbers. With equal strengths
        a blur would be as hard to see through the noise as its finest detail. Half-way, the coarse picture
        comes first, and details don't drown in the noise (measured in the model card).
        """
        # √(s / mean s), with s the geometric mean of the standard deviations in a group.
        true = self.std.log().reshape(-1, group).mean(1).exp()
        return (true / true.mean()).sqrt()

    def project(self, data: Tensor) -> Tensor:
        """Project data (..., size) to numbers (..., width), of mean 0 and variance 1 on the fitted data."""
        return (data - self.mean) @ self.directions.T / self.std

    def expand(self, numbers: Tensor) -> Tensor:
        """Expand numbers (..., width) to data (..., size), the inverse of `project` within the span."""
        return (numbers * self.std) @ self.directions + self.mean

    def cut(self, width: int) -> Basis:
        """Return the basis of the first `width` directions.

        Raises:
            ValueError: There are fewer directions.
        """
        if not 0 < width <= self.width:
            raise ValueError(f"width must be from 1 to the basis's {self.width} directions; got {width}.")
        return Basis(self.mean, self.directions[:width], self.std[:width])

    def to(self, device: torch.device | str) -> Basis:
        """Return the basis on a device."""
        return Basis(self.mean.to(device), self.directions.to(device), self.std.to(device))

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Return mean (size,), directions (width, size) and std (width,) in half precision, for a file.

        Half precision costs less than 0.01 dB.

        Args:
            name: Prefix of the keys, so that a file can hold several bases.
        """
        fields = {"mean": self.mean, "directions": self.directions, "std": self.std}
        return {f"{name}.{field}": value.half().cpu().contiguous() for field, value in fields.items()}

    @classmethod
    def read(cls, tensors: Mapping[str, Tensor], name: str) -> Basis:
        """Read mean (size,), directions (width, size) and std (width,) that `tensors` returned.

        Raises:
            KeyError: The file holds no basis of that name.
        """
        return cls(*(tensors[f"{name}.{field}"].float() for field in ("mean", "directions", "std")))


def fit_basis(batches: Iterable[Tensor], width: int) -> Basis:
    """Fit a basis to data in batches (rows, size); the same data give the same basis.

    Raises:
        ValueError: There are no more rows than directions asked for.
    """
    count = 0
    total = torch.zeros(())
    products = torch.zeros(())
    for batch in batches:
        count += len(batch)
        total = total + batch.sum(0, dtype=torch.float64)
        products = products + (batch.T @ batch).double()
    if count <= width:
        raise ValueError(f"rows must be more than the {width} directions; got {count}. Give more data.")
    # Covariance (size, size) = E[x xᵀ] − mean meanᵀ; eigh orders its eigenvalues from the least.
    mean = total / count
    covariance = (products / count - mean.outer(mean)).float()
    energies, vectors = torch.linalg.eigh(covariance)
    directions = vectors.T.flip(0)[:width]
    # The solver may return either sign of an eigenvector; make its largest entry positive.
    largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    std = energies.flip(0)[:width].clamp(min=0).sqrt().clamp(min=_LEAST_STD)
    return Basis(mean.float(), directions * largest.sign(), std)
