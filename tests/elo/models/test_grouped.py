from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from elo import Ratings, Votes, fit
from elo.models.grouped import Batch, GroupedVotes, VoteGroups
from elo.models.specification import Specification
from tests.factories_elo import World

Asked = dict[str, Any]
MANY = World(contenders=6, votes=12_000, raters=60, prompts=50, ties=0.2).draw(5)
"""Votes of more pairs of rater and prompt than are left out one by one."""


def _batch(votes: Votes, rows: slice = slice(None), sign: int = 1) -> Batch:
    assert votes.prompt is not None
    assert votes.rater is not None
    columns = (votes.contender_a, votes.contender_b, votes.outcome, votes.prompt, votes.rater)
    a, b, outcome, prompt, rater = (column[rows] for column in columns)
    return Batch(a, b, outcome, prompt, rater, np.full(len(outcome), sign))


def _refuse() -> Votes:
    raise AssertionError("The counts are enough here.")


def _grouped(votes: Votes, model: Asked) -> GroupedVotes:
    groups = VoteGroups(votes.contenders, Specification(**model))
    groups.add(_batch(votes))
    return groups.value(_refuse)


def _assert_same(found: Ratings, wanted: Ratings) -> None:
    for mine, theirs in zip(found.rows(), wanted.rows(), strict=True):
        assert mine.contender == theirs.contender
        np.testing.assert_allclose(mine[1:], theirs[1:], rtol=1e-9)
    assert found.method.record() == wanted.method.record()
    assert found.diagnostics.clusters == wanted.diagnostics.clusters
    np.testing.assert_allclose(found.errors.matrix, wanted.errors.matrix, atol=1e-12)
    for name, matrix in wanted.errors.one_way.items():
        np.testing.assert_allclose(found.errors.one_way[name], matrix, atol=1e-12)
    for mine_floor, floor in zip(found.errors.floors, wanted.errors.floors, strict=True):
        np.testing.assert_allclose(mine_floor, floor, atol=1e-12)


@pytest.mark.parametrize("correction", ["CR3", "CR1"])
@pytest.mark.parametrize("clusters", [("prompt", "rater"), ("rater",)])
@pytest.mark.parametrize("ties", ["half", "davidson", "rao-kupper", "drop"])
def test_a_fit_from_counts_is_that_from_votes(ties: str, clusters: tuple[str, ...], correction: str) -> None:
    asked: Asked = {"ties": ties, "clusters": clusters, "correction": correction}
    _assert_same(fit(_grouped(MANY, {"ties": ties}), **asked), fit(MANY, **asked))


def test_both_bad_may_compete_with_the_pair() -> None:
    model: Any = {"ties": "davidson", "both_bad": "floor"}
    asked = {**model, "clusters": ("prompt", "rater")}
    bad = MANY.outcome.copy()
    bad[::9] = 3
    votes = Votes(**{**vars(MANY), "outcome": bad})
    _assert_same(fit(_grouped(votes, model), **asked), fit(votes, **asked))


def test_votes_added_and_taken_back_in_parts_count_as_if_they_came_at_once() -> None:
    groups = VoteGroups(MANY.contenders, Specification())
    for rows in (slice(0, 4000), slice(4000, 4001), slice(4001, 12_000)):
        groups.add(_batch(MANY, rows))
    for rows in (slice(5, 6), slice(7000, 9000), slice(5, 6)):
        groups.add(_batch(MANY, rows, sign=-1))
        if rows.start == 5:
            groups.add(_batch(MANY, rows))
    kept = np.ones(12_000, dtype=bool)
    kept[7000:9000] = False
    once = VoteGroups(MANY.contenders, Specification())
    once.add(Batch(*(column[kept] for column in _batch(MANY))))
    found, wanted = groups.value(_refuse), once.value(_refuse)
    for name in ("prompt", "rater", "products"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
    np.testing.assert_array_equal(found.counts.counts, wanted.counts.counts)
    assert (found.pairs, found.prompts, found.raters) == (wanted.pairs, wanted.prompts, wanted.raters)


def test_clusters_and_contenders_without_votes_are_left_out() -> None:
    groups = VoteGroups((*MANY.contenders, "absent"), Specification())
    batch = _batch(MANY)
    groups.add(batch._replace(rater=batch.rater + 7, prompt=batch.prompt * 2))
    grouped = groups.value(_refuse)
    assert grouped.contenders == MANY.contenders
    asked: Any = {"clusters": ("prompt", "rater")}
    _assert_same(fit(grouped, **asked), fit(MANY, **asked))


@pytest.mark.parametrize(
    ("votes", "asked"),
    [
        (World(votes=800).draw(1), {}),
        (MANY, {"intervals": "model", "clusters": ()}),
        (MANY, {"separation": "firth"}),
    ],
)
def test_where_counts_are_not_enough_the_votes_are_used(votes: Votes, asked: Asked) -> None:
    """Few pairs of rater and prompt, which CR3 leaves out one by one, and other kinds of fit."""
    asked = {"clusters": ("prompt", "rater"), **asked}
    groups = VoteGroups(votes.contenders, Specification())
    groups.add(_batch(votes))
    _assert_same(fit(groups.value(lambda: votes), **asked), fit(votes, **asked))


def test_models_with_regressors_are_refused() -> None:
    with pytest.raises(ValueError, match="Give fit the Votes instead"):
        VoteGroups(("a", "b"), Specification(effects=("side",)))
