"""What exposure plans save, against uniform pairs and against the optimal design; and what they cost to make.

`python -m tests.benchmarks.pairing` prints the table. The simulations have fixed seeds; tests hold them to
their targets. Efficiency is the least variance that a design with full knowledge of the strengths and no
uniform share reaches, over the variance reached.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from elo.arrays import Floats
from elo.models.bradley_terry import centred_inverse, difference_variances, laplacian, maximise
from elo.pairing import ExposurePlan, Goal, Newcomer, TopK, WholeBoard, plan_exposure
from elo.votes.tally import Tally

ELO = 400 / np.log(10)
Z = 1.959963984540054
CLOSE = 0.002
"""Tolerance of the plans where it is the plan that is measured."""


class Field:
    """Contenders whose strengths are known to the simulation alone, and the votes on them so far."""

    def __init__(self, strengths: Floats, rng: np.random.Generator) -> None:
        self.strengths, self.rng = strengths, rng
        self.contenders = tuple(f"m{i:03}" for i in range(len(strengths)))
        self.counts = np.zeros((len(strengths), len(strengths), 4))

    @property
    def tally(self) -> Tally:
        return Tally(self.contenders, self.counts)

    @property
    def truth(self) -> dict[str, float]:
        return dict(zip(self.contenders, self.strengths.tolist(), strict=True))

    def vote(self, pairs: NDArray[np.intp]) -> None:
        a, b = pairs.T
        b_wins = self.rng.random(len(a)) >= expit(self.strengths[a] - self.strengths[b])
        np.add.at(self.counts, (a, b, b_wins.astype(int)), 1)

    def uniform_pairs(self, votes: int, among: int | None = None) -> NDArray[np.intp]:
        size = among or len(self.strengths)
        a = self.rng.integers(0, size, votes)
        return np.stack([a, (a + self.rng.integers(1, size, votes)) % size], axis=1)


def covariance(strengths: Floats, met: Floats) -> Floats:
    p = expit(strengths[:, None] - strengths[None, :])
    return centred_inverse(laplacian(met * p * p.T))


def goal_variance(field: Field, goal: Goal, met: Floats) -> float:
    """Return the goal's variance with the votes' information at the true strengths."""
    spread = difference_variances(covariance(field.strengths, met))
    return float(np.sum(goal.weights(field.contenders, field.strengths) * spread))


def spend_adaptively(field: Field, goal: Goal, votes: int, batch: int) -> None:
    """From nothing known: plan, collect a batch, plan again."""
    plan = None
    for spent in range(0, votes, batch):
        plan = plan_exposure(
            tally=field.tally, goal=goal, horizon=max(spent, batch), start=plan, tolerance=CLOSE
        )
        field.vote(plan.draw(field.rng, batch))


class ColdField(NamedTuple):
    """Shape (runs,) each: efficiency from a cold start, and of uniform pairs."""

    adaptive: Floats
    uniform: Floats


def cold_field(
    elo_sd: float, size: int = 20, votes: int = 20_000, batch: int = 500, runs: int = 6
) -> ColdField:
    """Strengths drawn from a normal distribution; the whole board is the goal."""
    adaptive, uniform = [], []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        field = Field(rng.normal(0, elo_sd / ELO, size), rng)
        ideal = plan_exposure(field.truth, uniform_share=1e-9, tolerance=1e-4).variance / votes
        spend_adaptively(field, WholeBoard(), votes, batch)
        even = 2 * votes * (1 - np.eye(size)) / (size * (size - 1))
        adaptive.append(ideal / goal_variance(field, WholeBoard(), field.tally.met))
        uniform.append(ideal / goal_variance(field, WholeBoard(), even))
    return ColdField(np.array(adaptive), np.array(uniform))


class Arrival(NamedTuple):
    """Shape (runs,) each: votes until the newcomer's interval was narrow, and whether it then covered."""

    votes: NDArray[np.int64]
    covered: NDArray[np.bool_]


NEWCOMER = 19
"""The last of 20."""


def arrival(planned: bool, runs: int = 60, history: int = 20_000, width: float = 40.0) -> Arrival:
    """19 settled contenders (Elo sd 150) with a uniform history, and a newcomer without votes."""
    rows = [_arrive(planned, np.random.default_rng(seed), history, width) for seed in range(runs)]
    return Arrival(np.array([votes for votes, _ in rows]), np.array([covered for _, covered in rows]))


def _arrive(planned: bool, rng: np.random.Generator, history: int, width: float) -> tuple[int, bool]:
    field = Field(rng.normal(0, 150 / ELO, NEWCOMER + 1), rng)
    field.vote(field.uniform_pairs(history, among=NEWCOMER))
    goal, plan, spent, batch = Newcomer((field.contenders[NEWCOMER],)), None, 0, 100
    while True:
        if planned:
            plan = plan_exposure(tally=field.tally, goal=goal, horizon=1000, start=plan)
            field.vote(plan.draw(rng, batch))
        else:
            field.vote(field.uniform_pairs(batch))
        spent += batch
        if spent >= 500:  # no rule is through before, and some have not yet lost and won
            solution = maximise(field.tally.credit)
            se = np.sqrt(centred_inverse(solution.information)[NEWCOMER, NEWCOMER])
            if 2 * Z * ELO * se < width:
                truth = field.strengths[NEWCOMER] - field.strengths.mean()
                return spent, bool(abs(solution.strengths[NEWCOMER] - truth) < Z * se)


def coverage_at_stop(runs: int = 200, size: int = 8, width: float = 80.0) -> float:
    """Share of 95 % intervals that cover, where plans choose the pairs and the mean width the end."""
    covered = []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        field = Field(rng.normal(0, 150 / ELO, size), rng)
        field.vote(field.uniform_pairs(400))
        plan, mean_width = None, np.inf
        while mean_width >= width:
            plan = plan_exposure(tally=field.tally, start=plan)
            field.vote(plan.draw(rng, 50))
            solution = maximise(field.tally.credit)
            errors = np.sqrt(np.diag(centred_inverse(solution.information)))
            mean_width = float(2 * Z * ELO * errors.mean())
        truth = field.strengths - field.strengths.mean()
        covered.append(np.abs(solution.strengths - truth) < Z * errors)
    return float(np.mean(covered))


LADDER_VOTES = 278_000


def ladder() -> Floats:
    """Elo of 81 contenders like Artificial Analysis' text-to-video board of 14 May 2026.

    Published: the best eleven, and LTX-2 Pro at place 45 with 1134. Between places 11 and 45 we interpolate
    linearly; below, linearly down to 900 at place 81, which gives uniform pairs the half-widths of 12.6 Elo
    that the study of pair choice on that board reports for its 278,000 votes.
    """
    best = [1354, 1273, 1250, 1233, 1232, 1231, 1225, 1223, 1222, 1221, 1219]
    return np.interp(np.arange(1, 82), [*range(1, 12), 45, 81], [*best, 1134, 900])


class Precision(NamedTuple):
    """Half-widths of 95 % intervals of differences, Elo (root mean square)."""

    top: float
    """Neighbours within the best ten."""
    whole: float
    """All pairs."""

    def votes_against(self, uniform: Precision) -> Precision:
        """Votes needed for the same half-widths, as a share of what uniform pairs need."""
        return Precision((self.top / uniform.top) ** 2, (self.whole / uniform.whole) ** 2)


def ladder_precision(met: Floats) -> Precision:
    spread = difference_variances(covariance(ladder() / ELO, met))
    top = np.mean([spread[rank, rank + 1] for rank in range(9)])
    whole = np.mean(spread[np.triu_indices(len(spread), 1)])
    return Precision(Z * ELO * np.sqrt(top), Z * ELO * np.sqrt(whole))


def ladder_uniform() -> Precision:
    size = len(ladder())
    return ladder_precision(2 * LADDER_VOTES * (1 - np.eye(size)) / (size * (size - 1)))


def ladder_plan(weight: float = 0.5, uniform_share: float = 0.1) -> Precision:
    """Strengths known, as in the study."""
    truth = Field(ladder() / ELO, np.random.default_rng(0)).truth
    plan = plan_exposure(truth, goal=TopK(10, weight), uniform_share=uniform_share, tolerance=CLOSE)
    return ladder_precision(2 * LADDER_VOTES * plan.probabilities)


def ladder_adaptive(weight: float = 0.5, seed: int = 0) -> Precision:
    """Strengths unknown at the start, learnt from the same votes."""
    field = Field(ladder() / ELO, np.random.default_rng(seed))
    spend_adaptively(field, TopK(10, weight), votes=LADDER_VOTES, batch=4000)
    return ladder_precision(field.tally.met)


class Planning(NamedTuple):
    """Processor seconds for a plan and its steps: from nothing, and from the last plan and 200 votes more."""

    cold_s: float
    cold_steps: int
    warm_s: float
    warm_steps: int


def planning(size: int, goal: Goal, elo_sd: float = 150.0, repeats: int = 3) -> Planning:
    rng = np.random.default_rng(1)
    field = Field(rng.normal(0, elo_sd / ELO, size), rng)
    field.vote(field.uniform_pairs(200 * size))
    cold_s, plan = _fastest(lambda: plan_exposure(tally=field.tally, goal=goal), repeats)
    field.vote(plan.draw(rng, 200))
    warm_s, warm = _fastest(lambda: plan_exposure(tally=field.tally, goal=goal, start=plan), repeats)
    return Planning(cold_s, plan.iterations, warm_s, warm.iterations)


def _fastest(make: Callable[[], ExposurePlan], repeats: int) -> tuple[float, ExposurePlan]:
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        plan = make()
        seconds.append(time.process_time() - started)
    return min(seconds), plan


def main() -> None:
    rows = [("what", "measured", "target")]
    for elo_sd in (60, 150, 300):
        cold = cold_field(elo_sd)
        rows.append(
            (
                f"cold field of 20, Elo sd {elo_sd}: efficiency (uniform)",
                f"{cold.adaptive.mean():.3f} ({cold.uniform.mean():.3f})",
                ">= 0.97",
            )
        )
    planned, uniform = arrival(planned=True), arrival(planned=False)
    rows.append(
        (
            f"newcomer: votes to a width of 40, of uniform's {uniform.votes.mean():,.0f}",
            f"{planned.votes.mean() / uniform.votes.mean():.3f}",
            "<= 0.15",
        )
    )
    rows.append(("  its interval covers at the stop", f"{planned.covered.mean():.3f}", "0.95"))
    rows.append(("all intervals cover at the stop, 8 contenders", f"{coverage_at_stop():.3f}", "0.95"))
    base = ladder_uniform()
    for name, precision in (
        ("strengths known", ladder_plan()),
        ("no uniform share", ladder_plan(uniform_share=1e-9)),
        ("strengths learnt", ladder_adaptive()),
    ):
        votes = precision.votes_against(base)
        rows.append(
            (
                f"ladder of 81, {name}: votes, top 10 / whole",
                f"{votes.top:.3f} / {votes.whole:.3f}",
                "<= 0.35 / 1.05",
            )
        )
    for goal in (WholeBoard(), TopK(10), Newcomer(("m003",))):
        cost = planning(200, goal)
        rows.append(
            (
                f"plan for 200, {type(goal).__name__}: cold / warm",
                f"{cost.cold_s:.2f} s ({cost.cold_steps}) / {1000 * cost.warm_s:.0f} ms ({cost.warm_steps})",
                "< 1 s / < 100 ms",
            )
        )
    for what, measured, target in rows:
        print(f"{what:62} {measured:>28}  {target}")  # noqa: T201


if __name__ == "__main__":
    main()
