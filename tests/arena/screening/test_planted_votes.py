"""Planted votes among the votes of a crowd, simulated on arrays: what screening leaves of them."""

from __future__ import annotations

import numpy as np
import pytest

from arena.screening.asking import ask_rules
from arena.screening.evidence import Evidence
from arena.voting.screening_rules import THRESHOLDS
from elo import RatingRow, Ratings, Votes, fit
from tests.factories_evidence import RATINGS, Cast, make_evidence, vote_as

pytestmark = pytest.mark.slow
TARGET, PLANTED = len(RATINGS) - 1, 500
SEEDS = range(3)


def _crowd(rng: np.random.Generator) -> list[Cast]:
    """Return 2,000 votes: 20 % of raters at random, 5 % loyal to one contender each."""
    cast = vote_as(rng, {"honest": 75, "random": 20})
    for place in range(5):
        fan = vote_as(rng, {"loyal": 1}, target=place)
        cast += [(f"fan {place}", a, b, outcome) for _, a, b, outcome in fan]
    return cast


def _attack(rng: np.random.Generator, votes_each: int) -> list[Cast]:
    """Return 500 votes for the last contender, and random ones on other pairs where a rater has many.

    A rater of one vote skips pairs until the contender is shown.
    """
    cast: list[Cast] = []
    planted, rater = 0, 0
    while planted < PLANTED:
        for _ in range(votes_each):
            a, b = rng.choice(len(RATINGS), 2, replace=False).tolist()
            while votes_each == 1 and TARGET not in (a, b):
                a, b = rng.choice(len(RATINGS), 2, replace=False).tolist()
            wins_a = a == TARGET if TARGET in (a, b) else rng.random() < 0.5
            planted += TARGET in (a, b)
            cast.append((f"planted {rater}", a, b, "a" if wins_a else "b"))
        rater += 1
    return cast


def _excluded(evidence: Evidence) -> set[str]:
    """Return the raters whom the rules find with their default thresholds."""
    defaults = {name: rule.default for name, rule in THRESHOLDS.items()}
    return {finding.rater for each in ask_rules(evidence, defaults) for finding in each.findings}


def _rate(cast: list[Cast]) -> Ratings:
    raters, a, b, outcomes = zip(*cast, strict=True)
    sides = ([f"c{number}" for number in side] for side in (a, b))
    left, right = sides
    votes = Votes.from_columns(contender_a=left, contender_b=right, outcome=outcomes, rater=raters)
    return fit(votes, clusters=("rater",))


@pytest.mark.parametrize("votes_each", [1, 20])
def test_planted_votes_hardly_move_the_board(votes_each: int) -> None:
    wrongly = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        cast = _crowd(rng) + _attack(rng, votes_each)
        excluded = _excluded(make_evidence(cast))
        clean = {row.contender: row for row in _rate([v for v in cast if v[0].startswith("honest")]).rows()}
        attacked = {row.contender: row for row in _rate(cast).rows()}
        screened = {row.contender: row for row in _rate([v for v in cast if v[0] not in excluded]).rows()}
        target = f"c{TARGET}"
        assert attacked[target].rating > clean[target].upper + 50
        assert clean[target].rating - 10 < screened[target].rating <= clean[target].upper
        assert _place(screened, target) >= _place(clean, target) - 1 > _place(attacked, target)
        wrongly.append(sum(rater.startswith("honest") for rater in excluded) / 75)
    assert np.mean(wrongly) <= 0.02


def _place(rows: dict[str, RatingRow], contender: str) -> int:
    return sorted(rows, key=lambda name: -rows[name].rating).index(contender)
