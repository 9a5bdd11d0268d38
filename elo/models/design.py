"""The linear map from parameters to the coordinates of each meeting, and back for gradients and information.

Parameters are the K strengths, then the E extras: `floor`, effects, covariates, `log_nu` or `log_kappa`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from elo.arrays import Floats


@dataclass(frozen=True, eq=False)
class Design:
    """Design of M meetings: each coordinate depends on I = 2 + E of the P = K + E parameters."""

    parameters: int
    members: NDArray[np.intp]
    """Places in theta of contender a, contender b and the extras, shape (I, M)."""
    share: Floats
    """Derivative of each coordinate by each of them, shape (L, I, M)."""

    def linear_predictor(self, theta: Floats) -> Floats:
        """Return the coordinates of each meeting, shape (L, M), at parameters theta, shape (P,)."""
        place: Floats = np.einsum("lim,im->lm", self.share, theta[self.members])
        return place

    def chain_gradient(self, gradient: Floats) -> Floats:
        """Return derivatives by the members, (I, M), from those by the coordinates, (L, M)."""
        pulled: Floats = np.einsum("lim,lm->im", self.share, gradient)
        return pulled

    def gradient(self, gradient: Floats) -> Floats:
        """Return the gradient by all parameters, (P,): the sum of `chain_gradient` over meetings."""
        return summed(self.members, self.chain_gradient(gradient), self.parameters)

    def chain_hessian(self, curvature: Floats) -> Floats:
        """Return second derivatives by the members, (I, I, M), from those by the coordinates."""
        half = np.einsum("lim,lkm->ikm", self.share, curvature)
        pulled: Floats = np.einsum("ikm,kjm->ijm", half, self.share)
        return pulled

    def information(self, curvature: Floats) -> Floats:
        """Return the information about all parameters, (P, P): the sum of `chain_hessian`."""
        size = self.parameters
        return summed(self.pairs, self.chain_hessian(curvature), size * size).reshape(size, size)

    def predictor_covariance(self, covariance: Floats) -> Floats:
        """Return covariances of each meeting's coordinates, (L, L, M), from those of the parameters."""
        own = covariance.ravel()[self.pairs]
        half = np.einsum("lim,ijm->ljm", self.share, own)
        spread: Floats = np.einsum("ljm,kjm->lkm", half, self.share)
        return spread

    @cached_property
    def pairs(self) -> NDArray[np.intp]:
        """Places in a flat (P, P) matrix of each two members, shape (I, I, M)."""
        return self.members[:, None] * self.parameters + self.members[None]


def summed(places: NDArray[np.integer], values: Floats, size: int) -> Floats:
    """Return the sum of the values at each place, shape (size,)."""
    return np.bincount(places.ravel(), values.ravel(), size).astype(np.float64, copy=False)


def build_design(
    contender_a: NDArray[np.intp],
    contender_b: NDArray[np.intp],
    size: int,
    coordinates: Sequence[str],
    regressors: Mapping[str, Floats],
) -> Design:
    """Lay out the parameters of meetings.

    Args:
        contender_a: shape (M,).
        contender_b: shape (M,).
        size: how many contenders there are.
        coordinates: of `gap`, `level`, `tie`, in the order of the outcome model.
        regressors: what adds to the gap, each of shape (M,).
    """
    extras = [*["level"] * ("level" in coordinates), *regressors, *["tie"] * ("tie" in coordinates)]
    extra_members = np.broadcast_to(size + np.arange(len(extras))[:, None], (len(extras), len(contender_a)))
    members = np.concatenate((contender_a[None], contender_b[None], extra_members))
    share = np.zeros((len(coordinates), *members.shape))
    row = {name: share[place] for place, name in enumerate(coordinates)}
    row["gap"][0], row["gap"][1] = 1, -1
    for place, name in enumerate(extras, start=2):
        if name in regressors:
            row["gap"][place] = regressors[name]
        else:
            row[name][place] = -1 if name == "level" else 1
    if "level" in row:
        row["level"][:2] = 0.5
    return Design(size + len(extras), members, share)


def with_deviations(design: Design, coordinate: int, group: NDArray[np.intp]) -> Design:
    """Add a parameter for each group of meetings, shape (M,), that moves one coordinate."""
    share = np.zeros((len(design.share), 1, len(group)))
    share[coordinate] = 1
    return Design(
        design.parameters + int(group.max()) + 1,
        np.concatenate((design.members, design.parameters + group[None])),
        np.concatenate((design.share, share), axis=1),
    )
