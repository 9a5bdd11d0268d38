"""Shifts by conjugate gradients against those by elimination."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elo import Votes
from elo.arrays import Floats
from elo.intervals import clustered as clusters
from elo.intervals import compiled, leaving_out
from elo.intervals.covariance import rows_by
from elo.intervals.scores import Fitted
from elo.models.cells import cells_of_votes
from elo.models.newton import maximise
from elo.models.specification import Specification
from tests.factories_elo import World

SMALL = World(contenders=7, votes=6000, raters=60, prompts=40, ties=0.2)
"""Clusters with a leverage of about 0.15."""
MIXED = World(contenders=7, votes=600, raters=20, prompts=8, ties=0.2)
"""Clusters with a leverage on both sides of 0.5."""


def fitted(votes: Votes, **model: Any) -> Fitted:  # noqa: ANN401
    specification = Specification(**model)
    cells = cells_of_votes(votes, specification.regressors)
    problem = specification.problem(cells)
    return Fitted(problem, maximise(problem), cells, specification.labels)


def weighted(votes: Votes) -> Votes:
    names = np.array(votes.contenders)
    assert votes.rater is not None
    assert votes.prompt is not None
    return Votes.from_columns(
        contender_a=names[votes.contender_a].tolist(),
        contender_b=names[votes.contender_b].tolist(),
        outcome=np.array(["a", "b", "tie"])[votes.outcome].tolist(),
        prompt=votes.prompt.tolist(),
        rater=votes.rater.tolist(),
        weight=np.random.default_rng(4).uniform(0.5, 3, len(votes.outcome)).tolist(),
    )


def covariance(fit: Fitted, votes: Votes, kind: str) -> Floats:
    rows = rows_by(fit, getattr(votes, kind), kind)
    return clusters.clustered_sandwich(fit, rows, "CR3").covariance


def eliminated(fit: Fitted, votes: Votes, kind: str) -> Floats:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaving_out, "ITERATED_LEVERAGE", 0.0)
        return covariance(fit, votes, kind)


@pytest.mark.parametrize("least", [0, 10**9], ids=["compiled", "numpy"])
@pytest.mark.parametrize("world", [SMALL, MIXED], ids=["small", "mixed"])
@pytest.mark.parametrize("model", [{}, {"ties": "davidson", "effects": ("side",)}], ids=str)
def test_conjugate_gradients_give_what_elimination_gives(
    least: int, world: World, model: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "MANY", least)
    drawn = world.draw(1)
    for votes in (drawn, weighted(drawn)):
        fit = fitted(votes, **model)
        for kind in ("rater", "prompt"):
            expected = eliminated(fit, votes, kind)
            scale = np.abs(expected).max()
            np.testing.assert_allclose(covariance(fit, votes, kind), expected, rtol=1e-10, atol=1e-11 * scale)


@pytest.mark.parametrize("least", [0, 10**9], ids=["compiled", "numpy"])
def test_blocks_change_nothing(least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "MANY", least)
    votes = SMALL.draw(2)
    fit = fitted(votes)
    whole = covariance(fit, votes, "rater")
    monkeypatch.setattr(leaving_out, "BLOCK_NUMBERS", 100)
    np.testing.assert_allclose(covariance(fit, votes, "rater"), whole, rtol=1e-10, atol=1e-15)


def test_clusters_that_do_not_converge_are_eliminated(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = SMALL.draw(3)
    fit = fitted(votes)
    expected = eliminated(fit, votes, "rater")
    monkeypatch.setattr(leaving_out, "MOST_STEPS", 1)
    np.testing.assert_allclose(covariance(fit, votes, "rater"), expected, rtol=1e-12, atol=1e-15)


def test_few_steps_are_enough_at_the_largest_leverage() -> None:
    rng = np.random.default_rng(5)
    size, groups = 12, 40
    root = rng.normal(size=(size, size))
    whole = root @ root.T + np.eye(size)
    lower = np.linalg.cholesky(whole)

    # Informations whose eigenvalues relative to the whole sum to 0.5, some of them in one direction alone.
    shares = rng.dirichlet(np.full(size, 0.2), groups) * leaving_out.ITERATED_LEVERAGE
    shares[0] = np.eye(size)[0] * leaving_out.ITERATED_LEVERAGE
    bases = np.linalg.qr(rng.normal(size=(groups, size, size)))[0]
    own = lower @ (bases * shares[:, None]) @ bases.transpose(0, 2, 1) @ lower.T
    scores, products = rng.normal(size=(groups, size)), 0

    def product(vectors: Floats) -> Floats:
        nonlocal products
        products += 1
        multiplied: Floats = np.einsum("gpq,gq->gp", own, vectors)
        return multiplied

    leverage = shares.sum(axis=1)
    inverse: Floats = np.linalg.inv(whole).astype(np.float64)
    found, solved = leaving_out.conjugate_gradients(inverse, product, scores, leverage)
    assert solved.all()
    assert products <= 15
    expected = np.linalg.solve(whole - own, scores[:, :, None])[:, :, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9)


def test_a_cluster_without_score_does_not_move_the_rest() -> None:
    inverse, scores = np.eye(3), np.array([[0.0, 0.0, 0.0], [1.0, -1.0, 0.0]])
    found, solved = leaving_out.conjugate_gradients(
        inverse, lambda vectors: 0.2 * vectors, scores, np.array([0.4, 0.4])
    )
    assert solved.all()
    np.testing.assert_allclose(found, scores / 0.8, rtol=1e-12)
