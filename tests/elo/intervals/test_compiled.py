"""Compiled sums over clusters agree with numpy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elo import Votes, fit
from elo.arguments import Cluster
from elo.intervals import compiled, meat
from elo.votes import counting
from tests.factories_elo import World

ROWS = 3000


def votes(weight: bool = False) -> Votes:
    drawn = World(contenders=7, votes=ROWS, raters=150, prompts=90, ties=0.2).draw(seed=3)
    if not weight:
        return drawn
    names = np.array(drawn.contenders)
    return Votes.from_columns(
        contender_a=names[drawn.contender_a].tolist(),
        contender_b=names[drawn.contender_b].tolist(),
        outcome=np.array(["a", "b", "tie"])[drawn.outcome].tolist(),
        prompt=drawn.prompt.tolist() if drawn.prompt is not None else None,
        rater=drawn.rater.tolist() if drawn.rater is not None else None,
        weight=np.random.default_rng(4).uniform(0.5, 3, ROWS).tolist(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("clusters", [("rater",), ("prompt",), ("prompt", "rater")])
@pytest.mark.parametrize("weight", [False, True])
@pytest.mark.parametrize("options", [{"correction": "CR3"}, {"correction": "CR1"}, {"ties": "drop"}], ids=str)
def test_a_fit_is_the_same_with_and_without_compiling(
    clusters: tuple[Cluster, ...], weight: bool, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = fit(votes(weight), clusters=clusters, effects=("side",), **options)
    monkeypatch.setattr(compiled, "MANY", 0)
    monkeypatch.setattr(counting, "MANY", 0)
    quick = fit(votes(weight), clusters=clusters, effects=("side",), **options)
    np.testing.assert_allclose(quick.strengths, plain.strengths, atol=1e-12)
    np.testing.assert_allclose(quick.covariance, plain.covariance, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("dense", [0, 10**9], ids=["few that are not zero", "tables of all"])
@pytest.mark.parametrize("groups", [1, 5, 900])
def test_products_of_scores_are_those_by_hand(
    dense: int, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "DENSE", dense)
    rng = np.random.default_rng(groups)
    cell, cluster = rng.integers(0, 12, ROWS), rng.integers(0, groups, ROWS)
    weight = rng.random(ROWS)
    members, values = rng.integers(0, 6, (3, 12)), rng.normal(size=(3, 12))
    scores = np.zeros((groups, 6))
    for member, value in zip(members, values, strict=True):
        np.add.at(scores, (cluster, member[cell]), value[cell] * weight)
    table = compiled.ScoreTable(members, values, 6)
    products = compiled.clustered_meat(table, cell, weight, cluster, groups)
    np.testing.assert_allclose(products, scores.T @ scores, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seconds", [3, 900])
def test_products_by_pair_are_those_by_hand(weighted: bool, seconds: int) -> None:
    rng = np.random.default_rng(seconds)
    first, second, cell = (rng.integers(0, size, ROWS) for size in (80, seconds, 12))
    weight = rng.random(ROWS) if weighted else np.broadcast_to(np.float64(2), ROWS)
    members, values = rng.permuted(np.tile(np.arange(6), (12, 1)), axis=1)[:, :3].T, rng.normal(size=(3, 12))
    own = np.zeros((12, 6))
    for member, value in zip(members, values, strict=True):
        own[np.arange(12), member] += value
    pair = np.unique(first * seconds + second, return_inverse=True)[1]
    scores = np.zeros((pair.max() + 1, 6))
    np.add.at(scores, pair, own[cell] * weight[:, None])
    found = compiled.pair_products(
        compiled.ScoreTable(members, values, 6),
        cell,
        weight,
        compiled.Column(first, 80),
        compiled.Column(second, seconds),
    )
    assert found.pairs == len(scores)
    alone = own.T @ (found.singles[:, None] * own)
    np.testing.assert_allclose(found.meat + alone, scores.T @ scores, rtol=1e-10, atol=1e-10)


def test_rows_in_order_are_left_there() -> None:
    cluster = np.repeat(np.arange(40), 3)
    item = np.arange(len(cluster))
    rows = compiled.by_cluster(cluster, item, 40)
    assert rows.item is item
    assert rows.bounds.tolist() == list(range(0, 121, 3))


def test_rows_are_sorted_by_cluster() -> None:
    rng = np.random.default_rng(1)
    cluster = rng.integers(0, 500, ROWS)
    rows = compiled.by_cluster(cluster, np.arange(ROWS), 500)
    assert (np.diff(cluster[rows.item]) >= 0).all()
    np.testing.assert_array_equal(np.diff(rows.bounds), np.bincount(cluster, minlength=500))


def test_a_table_made_in_blocks_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fit(votes(weight=True), clusters=("prompt", "rater"), correction="CR1")
    monkeypatch.setattr(meat, "DENSE", 0)
    monkeypatch.setattr(meat, "BLOCK", 70)
    blocks = fit(votes(weight=True), clusters=("prompt", "rater"), correction="CR1")
    np.testing.assert_allclose(blocks.covariance, whole.covariance, rtol=1e-9, atol=1e-15)
