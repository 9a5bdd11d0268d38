"""The same ratings by other packages and by the fewest lines that we can think of."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo import Tally, Votes

Floats = NDArray[np.float64]
ELO = 400 / np.log(10)


class Peer(NamedTuple):
    """A package, how votes are handed to it, and how it rates them."""

    name: str
    package: str | None
    most_votes: int
    """More take minutes."""
    prepare: Callable[[Votes], Any]
    rate: Callable[[Any], Floats]
    """From what `prepare` returned to rating points in the order of contenders, about any mean."""

    @property
    def installed(self) -> bool:
        return self.package is None or find_spec(self.package) is not None


def names_of(votes: Votes) -> tuple[list[str], list[str]]:
    names = np.array(votes.contenders, dtype=object)
    return names[votes.contender_a].tolist(), names[votes.contender_b].tolist()


def floor(votes: Votes) -> Floats:
    """Codes to counts to Newton, unchecked: what no library can be much quicker than."""
    size, block = len(votes.contenders), 1 << 17
    counts = np.zeros(size * size * 4, dtype=np.int64)
    for start in range(0, len(votes.outcome), block):
        rows = slice(start, start + block)
        cell = (votes.contender_a[rows].astype(np.intp) * size + votes.contender_b[rows]) * 4
        counts += np.bincount(cell + votes.outcome[rows], minlength=len(counts))
    a, b, tie, bad = np.moveaxis(counts.reshape(size, size, 4), 2, 0)
    credit = a + b.T + (tie + tie.T + bad + bad.T) / 2
    met, s = credit + credit.T, np.zeros(size)
    for _ in range(8):
        p = 1 / (1 + np.exp(s[None] - s[:, None]))
        w = met * p * p.T
        s = s + np.linalg.solve(np.diag(w.sum(1)) - w + w.sum() / size**2, (credit - met * p).sum(1))
    return np.asarray(ELO * s)


def _evalica_votes(votes: Votes) -> tuple[list[str], list[str], list[Any]]:
    from evalica import Winner

    winners = np.array([Winner.X, Winner.Y, Winner.Draw, Winner.Draw], dtype=object)
    return *names_of(votes), winners[votes.outcome].tolist()


def _evalica(lists: tuple[list[str], list[str], list[Any]]) -> Floats:
    import evalica

    scores = evalica.bradley_terry(*lists).scores.sort_index()
    return np.asarray(ELO * np.log(scores.to_numpy(dtype=np.float64)))


def _choix(tally: Tally) -> Floats:
    import choix

    return np.asarray(ELO * choix.ilsr_pairwise_dense(tally.credit))


def _arena_rank_votes(votes: Votes) -> Any:  # noqa: ANN401  # a frame
    import pandas as pd

    a, b = names_of(votes)
    winners = np.array(["model_a", "model_b", "tie", "both_bad"], dtype=object)
    return pd.DataFrame({"model_a": a, "model_b": b, "winner": winners[votes.outcome]})


def _arena_rank(frame: Any) -> Floats:  # noqa: ANN401  # a frame
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    dataset = PairDataset.from_pandas(frame)
    results = BradleyTerry(n_competitors=len(dataset.competitors)).compute_ratings_and_cis(dataset)
    order = np.argsort(results["competitors"])
    return np.asarray(results["ratings"], dtype=np.float64)[order]


PEERS = (
    Peer("floor, from codes", None, 10**9, lambda votes: votes, floor),
    Peer("evalica, from lists", "evalica", 10**9, _evalica_votes, _evalica),
    Peer("choix ilsr, from our counts", "choix", 10**9, lambda votes: votes.tally(), _choix),
    Peer("arena-rank with intervals, from a frame", "arena_rank", 10**9, _arena_rank_votes, _arena_rank),
)
