"""Sums of scores by cluster against sums written out vote by vote."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from elo.arrays import Floats
from elo.intervals import meat
from elo.intervals.meat import cluster_scores, clustered_meat, independent_meat
from elo.intervals.scores import Fitted, Scores
from elo.models.cells import cells_of_tally, cells_of_votes
from elo.models.newton import maximise
from elo.models.specification import Specification
from tests.factories_elo import World

VOTES = World(contenders=4, votes=150, raters=12, prompts=9).draw(6)


def fitted(model: Specification | None = None, *, rows: bool = True) -> Fitted:
    model = model or Specification()
    cells = cells_of_votes(VOTES, model.regressors) if rows else cells_of_tally(VOTES.tally())
    problem = model.problem(cells)
    return Fitted(problem, maximise(problem), cells, model.labels)


def dense(scores: Scores) -> Floats:
    """Return the score of each row by all parameters, shape (N, P)."""
    assert scores.cell is not None
    full = np.zeros((len(scores.cell), scores.parameters))
    for row, cell in enumerate(scores.cell):
        for member, value in zip(scores.members[:, cell], scores.values[:, cell], strict=True):
            full[row, member] += value
    return full


def by_hand(rows: Floats, cluster: np.ndarray, weight: Floats) -> Floats:
    sums: dict[int, Floats] = defaultdict(lambda: np.zeros(rows.shape[1]))
    for row, group, own in zip(rows, cluster.tolist(), weight, strict=True):
        sums[group] += own * row
    return sum((np.outer(total, total) for total in sums.values()), np.zeros((rows.shape[1],) * 2))


def cluster_of(kind: str) -> tuple[np.ndarray, int]:
    code = getattr(VOTES, kind)
    return code, int(code.max()) + 1


@pytest.mark.parametrize("both_bad", ["tie", "drop"])
def test_scores_sum_to_zero_at_the_optimum(both_bad: Literal["tie", "drop"]) -> None:
    scores = fitted(Specification(both_bad=both_bad)).scores
    assert scores.weight is not None
    np.testing.assert_allclose(scores.weight @ dense(scores), 0, atol=1e-8)


def test_a_score_is_the_gradient_of_one_vote() -> None:
    found = fitted()
    theta = found.solution.theta
    for row in (0, 7, 33):
        alone = VOTES.outcome[row : row + 1]
        a, b = VOTES.contender_a[row], VOTES.contender_b[row]
        share = 1 / (1 + np.exp(theta[b] - theta[a]))
        credit = {0: 1.0, 1: 0.0}.get(int(alone[0]), 0.5)
        expected = np.zeros(4)
        expected[a], expected[b] = credit - share, share - credit
        np.testing.assert_allclose(dense(found.scores)[row], expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["rater", "prompt"])
def test_clusters_add_up_their_votes(kind: str) -> None:
    scores = fitted().scores
    code, groups = cluster_of(kind)
    rows = dense(scores)
    summed = cluster_scores(scores, VOTES.weight, code, groups)
    for group in range(groups):
        np.testing.assert_allclose(summed[group], rows[code == group].sum(axis=0), atol=1e-12)


@pytest.mark.parametrize("kind", ["rater", "prompt"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_meat_is_the_sum_of_outer_products(kind: str, weighted: bool) -> None:
    scores = fitted().scores
    code, groups = cluster_of(kind)
    weight = np.random.default_rng(2).uniform(0.5, 2, len(code)) if weighted else VOTES.weight
    found = clustered_meat(scores, weight, code, groups)
    np.testing.assert_allclose(found, by_hand(dense(scores), code, weight), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("block", [1, 20, 1000])
def test_blocks_of_clusters_give_the_same_meat(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = fitted().scores
    code, groups = cluster_of("rater")
    whole = clustered_meat(scores, VOTES.weight, code, groups)
    monkeypatch.setattr(meat, "DENSE", 0)
    monkeypatch.setattr(meat, "BLOCK", block)
    np.testing.assert_allclose(clustered_meat(scores, VOTES.weight, code, groups), whole, atol=1e-10)


def test_independent_votes_are_clusters_of_one() -> None:
    scores = fitted().scores
    alone = np.arange(len(VOTES.outcome))
    np.testing.assert_allclose(
        independent_meat(scores), clustered_meat(scores, VOTES.weight, alone, len(alone)), atol=1e-10
    )


def test_independent_votes_need_no_rows() -> None:
    np.testing.assert_allclose(
        independent_meat(fitted(rows=False).scores), independent_meat(fitted().scores), atol=1e-10
    )


def test_clusters_need_rows() -> None:
    scores = replace(fitted(rows=False).scores, cell=None)
    with pytest.raises(ValueError, match="a tally does not say who gave which"):
        cluster_scores(scores, np.ones(1), np.zeros(1, dtype=np.intp), 1)


def test_informations_sum_to_that_of_the_fit() -> None:
    found = fitted()
    pairs = found.scores.members[:, None] * 4 + found.scores.members[None]
    weighted = found.informations * found.cells.counts.ravel()
    summed = np.bincount(pairs.ravel(), weighted.ravel(), 16).reshape(4, 4)
    np.testing.assert_allclose(summed, found.solution.information, rtol=1e-10, atol=1e-10)
