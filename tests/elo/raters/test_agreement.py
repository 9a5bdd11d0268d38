from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elo import Votes
from elo.arrays import Floats
from elo.raters.agreement import Metric, agreement, alpha
from tests.factories_elo import Cell, World, votes_of

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", part C: four observers, twelve units,
# values 1 to 5, "." where an observer gave none.
OBSERVERS = (
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
)


def counts_of(observers: tuple[str, ...], values: int) -> Floats:
    counts = np.zeros((len(observers[0].split()), values))
    for observer in observers:
        for unit, value in enumerate(observer.split()):
            if value != ".":
                counts[unit, int(value) - 1] += 1
    return counts


def alpha_by_definition(units: list[list[int]], metric: Metric) -> float:
    """One pair of values at a time: the mean distance within units, over that of all pairs of values."""
    units = [unit for unit in units if len(unit) > 1]
    pool = [value for unit in units for value in unit]

    def distance(c: int, k: int) -> float:
        if metric == "nominal":
            return float(c != k)
        if metric == "interval":
            return float((c - k) ** 2)
        between = sum(1 for value in pool if min(c, k) <= value <= max(c, k))
        return float((between - (pool.count(c) + pool.count(k)) / 2) ** 2) if c != k else 0.0

    within = sum(
        sum(distance(c, k) for c, k in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    )
    overall = sum(distance(c, k) for c, k in itertools.permutations(pool, 2)) / (len(pool) - 1)
    return 1 - within / overall if overall else float("nan")


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_worked_example(metric: Metric, published: float) -> None:
    assert alpha(counts_of(OBSERVERS, 5), metric) == pytest.approx(published, abs=5e-4)


def test_krippendorffs_two_observers_of_binary_data() -> None:
    # The same source, part A: ten units whose coincidences are 10, 4, 4, 2; alpha 0.095.
    observers = ("1 2 1 1 1 1 1 1 2 1", "2 2 2 1 1 2 1 1 1 1")
    assert alpha(counts_of(observers, 2)) == pytest.approx(0.095, abs=5e-4)


@settings(deadline=None)
@given(
    units=st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1, max_size=8),
    metric=st.sampled_from(["nominal", "ordinal", "interval"]),
)
def test_the_matrix_form_equals_the_definition(units: list[list[int]], metric: Metric) -> None:
    counts = np.array([np.bincount(unit, minlength=4) for unit in units], dtype=np.float64)
    assert alpha(counts, metric) == pytest.approx(alpha_by_definition(units, metric), nan_ok=True)


def opinions(seed: int, raters: int = 4, items: int = 60, noise: float = 0.3) -> Votes:
    """Each rater answers each item once: the item's own answer, or with probability `noise` any."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(["a", "b", "tie"], items)
    cells = [
        Cell(
            "x",
            "y",
            str(rng.choice(["a", "b", "tie"]) if rng.random() < noise else truth[item]),
            1,
            item,
            rater,
        )
        for item in range(items)
        for rater in range(raters)
    ]
    return votes_of(*cells, clustered=True)


def test_raters_who_always_agree_have_an_alpha_of_one() -> None:
    found = agreement(opinions(1, noise=0))
    assert (found.alpha, found.lower, found.upper) == (1, 1, 1)
    assert (found.items, found.raters, found.answers) == (60, 4, 240)


def test_raters_who_guess_have_an_alpha_about_zero() -> None:
    found = agreement(opinions(2, items=800, noise=1))
    assert found.lower < 0 < found.upper
    assert abs(found.alpha) < 0.05


def test_alpha_recovers_the_share_of_raters_who_know() -> None:
    # Two answers agree when both are the item's own, of probability 0.7^2, else by chance: alpha = 0.49.
    found = agreement(opinions(3, items=2000))
    assert found.alpha == pytest.approx(0.49, abs=0.03)
    assert found.lower < 0.49 < found.upper


@pytest.mark.slow
def test_the_interval_covers_at_its_level() -> None:
    covers = [
        found.lower <= 0.49 <= found.upper
        for found in (agreement(opinions(seed, items=150), seed=seed) for seed in range(200))
    ]
    assert 0.90 <= np.mean(covers) <= 0.99


def test_alpha_is_the_same_whichever_contender_is_named_first() -> None:
    votes = opinions(4)
    mirrored = replace(votes, contender_a=votes.contender_b, contender_b=votes.contender_a)
    for metric in ("nominal", "ordinal"):
        assert agreement(mirrored, metric=metric).alpha == pytest.approx(
            agreement(votes, metric=metric).alpha
        )


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), shift=st.integers(1, 3))
def test_raters_names_and_the_order_of_votes_do_not_matter(seed: int, shift: int) -> None:
    votes = opinions(seed % 50)
    order = np.random.default_rng(seed).permutation(len(votes.weight))
    assert votes.prompt is not None
    assert votes.rater is not None
    shuffled = replace(
        votes,
        contender_a=votes.contender_a[order],
        contender_b=votes.contender_b[order],
        outcome=votes.outcome[order],
        weight=votes.weight[order],
        prompt=votes.prompt[order],
        rater=((votes.rater + shift) % 4)[order],
    )
    assert agreement(shuffled, rounds=50) == agreement(votes, rounds=50)


def test_a_raters_repeats_are_no_agreement_between_raters() -> None:
    once = [Cell("x", "y", "a", 1, 0, 0), Cell("x", "y", "b", 1, 0, 1), Cell("x", "y", "a", 1, 1, 0)]
    repeats = [Cell("x", "y", "a", 5, 0, 0), Cell("y", "x", "b", 1, 1, 0)]
    assert agreement(votes_of(*once, *repeats, clustered=True)) == agreement(votes_of(*once, clustered=True))


def test_both_bad_goes_where_it_is_told() -> None:
    cells = [Cell("x", "y", outcome, 1, item, rater) for item, rater, outcome in (
        (0, 0, "tie"), (0, 1, "both_bad"), (1, 0, "a"), (1, 1, "a"),
    )]  # fmt: skip
    votes = votes_of(*cells, clustered=True)
    assert agreement(votes, both_bad="tie").alpha == 1
    assert agreement(votes, both_bad="drop").items == 1
    assert agreement(votes, both_bad="apart").alpha < 1


def test_ordinal_distance_forgives_a_tie_more_than_the_opposite() -> None:
    def against(other: str) -> float:
        base = [Cell("x", "y", answer, 1, item, rater)
                for item, answer in enumerate(("a", "b", "tie", "a")) for rater in (0, 1)]  # fmt: skip
        odd = [Cell("x", "y", "a", 1, 9, 0), Cell("x", "y", other, 1, 9, 1)]
        return agreement(votes_of(*base, *odd, clustered=True), metric="ordinal").alpha

    assert against("tie") > against("b")


def test_answers_without_a_pair_or_without_variation_are_refused() -> None:
    with pytest.raises(ValueError, match="No pair of clips has answers of two raters"):
        agreement(votes_of(Cell("x", "y", "a", rater=0), Cell("x", "y", "b", rater=0), clustered=True))
    with pytest.raises(ValueError, match="needs answers that vary"):
        agreement(votes_of(Cell("x", "y", "tie", rater=0), Cell("x", "y", "tie", rater=1), clustered=True))
    with pytest.raises(ValueError, match=r"^Agreement between raters needs to know each vote's prompt"):
        agreement(replace(World(votes=50).draw(1), prompt=None))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"metric": "ratio"}, r"Unknown metric='ratio'. Known: nominal, ordinal, interval"),
        ({"both_bad": "floor"}, r"Unknown both_bad='floor'. Known: tie, drop, apart"),
        ({"both_bad": "apart", "metric": "ordinal"}, "no place in the order"),
        ({"level": 95}, "level must be a probability above 0 and below 1; got 95"),
    ],
)
def test_settings_that_are_not_allowed_are_named(asked: dict[str, str], answer: str) -> None:
    with pytest.raises(ValueError, match=answer):
        agreement(opinions(1), **asked)  # type: ignore[arg-type]  # that is the point
