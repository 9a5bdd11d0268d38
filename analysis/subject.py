"""The votes that a report is about, with the ratings and the board that they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict, cast, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.board import Board, count_met, lay_out_board
from elo import Ratings, Votes, fit
from elo.arguments import BothBad, Circumstance, Cluster, Ties
from elo.arrays import Floats
from elo.fit import ELO_SCALE
from elo.votes.columns import find_layout

if TYPE_CHECKING:
    import pandas as pd


COVARIATES = ("duration", "resolution", "frame_rate", "loudness", "motion")
"""Columns of features of clips, a less b, that the arena's exports have."""


class Model(TypedDict):
    """Arguments of `elo.fit` that name the model of a rated subject, for refits of parts of its votes."""

    ties: Ties
    both_bad: BothBad
    effects: tuple[Circumstance, ...]
    covariates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Subject:
    """Votes of one study and track, rated; contenders without a finite rating are in `board.unrated`.

    The board may list fewer contenders than the ratings have; tables name those that it lists.
    """

    frame: pd.DataFrame
    """The rows of the file, with the columns that votes do not have, such as tags."""
    votes: Votes
    """Votes between the rated contenders."""
    ratings: Ratings
    board: Board
    seed: int = 0
    """Seed of all that is drawn or resampled."""
    every_mode: pd.DataFrame | None = None
    """Rows of all modes, mute, by sound alone and joint, where `frame` has the joint ones."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the contenders that the board lists, best first."""
        return self.board.contenders

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Place in `ratings.contenders` of each listed contender, best first, shape (K,)."""
        return np.array([self.ratings.contenders.index(name) for name in self.names])

    @property
    def scale(self) -> float:
        """Rating points for one unit of log-odds."""
        return self.ratings.method.asked.scale

    @property
    def level(self) -> float:
        """Probability that an interval covers."""
        return self.ratings.method.asked.level

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """Kinds of cluster that the intervals allow for."""
        return tuple(self.ratings.method.asked.uncertainty.clusters)

    def model(self, votes: Votes) -> Model:
        """Return the model of the ratings for a refit of some votes, without covariates that are 0 in all."""
        asked = self.ratings.method.asked.specification
        return {
            "ties": asked.ties,
            "both_bad": asked.both_bad,
            "effects": cast("tuple[Circumstance, ...]", tuple(asked.effects)),
            "covariates": varying(votes, asked.covariates),
        }

    @cached_property
    def expected(self) -> Floats:
        """Probability that side a of each vote wins, by the ratings, shape (N,)."""
        gap = self.ratings.strengths[self.votes.contender_a] - self.ratings.strengths[self.votes.contender_b]
        probability: Floats = 1 / (1 + np.exp(-gap))
        return probability

    def column(self, ours: str) -> str | None:
        """Return the file's name for one of the columns of votes; None where it has none."""
        return find_layout(self.frame.columns).source.get(ours)

    def attribute(self, name: str, of: Cluster = "prompt") -> Mapping[str, object] | None:
        """Return the value of a column for each prompt (or rater), by label.

        None where the votes do not record prompts, or where the column differs within one.
        """
        key = self.column(of)
        if key is None:
            return None
        pairs = self.frame[[key, name]].dropna()
        text = pairs[name].map(lambda value: value if isinstance(value, str) else repr(value))
        if text.groupby(pairs[key].astype(str)).nunique().gt(1).any():
            return None
        return dict(zip(pairs[key].astype(str), pairs[name], strict=True))


def rate_frame(
    frame: pd.DataFrame,
    *,
    ties: Ties = "half",
    both_bad: BothBad = "tie",
    effects: Sequence[Circumstance] = (),
    anchor: tuple[str, float] | None = None,
    scale: float = ELO_SCALE,
    level: float = 0.95,
    covariates: Sequence[str] = (),
    control: Sequence[str] = (),
    seed: int = 0,
) -> Subject:
    """Rate the votes of a frame, with intervals clustered on the prompts and raters that it records.

    Args:
        frame: votes, with columns as `elo.Votes.from_frame` reads them.
        ties: as for `elo.fit`; so are `both_bad`, `effects`, `anchor`, `scale` and `level`.
        both_bad: how both-bad votes count.
        effects: circumstances whose part in votes is taken out of the ratings.
        anchor: a contender and its rating.
        scale: rating points for one unit of log-odds.
        level: probability that an interval covers.
        covariates: columns that hold a feature of clip a less that of clip b.
        control: those whose part in votes is taken out of the ratings; one that is 0 in every vote has none.
        seed: seed of all that is drawn or resampled.

    Raises:
        ValueError: a column is missing or holds what it cannot, or an argument is not allowed.
        NotIdentified: no two contenders have finite ratings.
        NotConverged: the optimiser did not meet its tolerance.
    """
    known = tuple(dict.fromkeys((*covariates, *control)))
    votes = Votes.from_frame(frame, covariates=known)
    counts = {"prompt": votes.prompts, "rater": votes.raters}
    clusters: list[Cluster] = [name for name in get_args(Cluster) if (counts[name] or 0) > 1]
    ratings = fit(
        votes,
        ties=ties,
        both_bad=both_bad,
        effects=effects,
        covariates=varying(votes, control),
        clusters=clusters,
        anchor=anchor,
        scale=scale,
        level=level,
    )
    board = lay_out_board(ratings, *count_met(votes, ratings))
    if ratings.unrated:
        votes = votes.among(np.array([votes.contenders.index(name) for name in ratings.contenders]))
    return Subject(frame, votes, ratings, board, seed)


def varying(votes: Votes, covariates: Sequence[str]) -> tuple[str, ...]:
    """Return the covariates that are not 0 in every vote; the others change no rating."""
    return tuple(name for name in covariates if votes.covariates[name].any())


def found_covariates(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns of `COVARIATES` that have a number for every vote, and not 0 for all."""
    import pandas as pd  # the web process loads this package and needs no pandas

    found = []
    for name in COVARIATES:
        if name in frame.columns:
            numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
            if np.isfinite(numbers).all() and numbers.any():
                found.append(name)
    return tuple(found)


def select_votes(votes: Votes, rows: NDArray[np.bool_]) -> Votes:
    """Keep some of the votes, shape (N,), with prompts and raters numbered anew."""
    prompt, prompt_labels = _renumbered(votes.prompt, votes.prompt_labels, rows)
    rater, rater_labels = _renumbered(votes.rater, votes.rater_labels, rows)
    return replace(
        votes,
        contender_a=votes.contender_a[rows],
        contender_b=votes.contender_b[rows],
        outcome=votes.outcome[rows],
        weight=votes.weight[rows],
        prompt=prompt,
        rater=rater,
        side=None if votes.side is None else votes.side[rows],
        order=None if votes.order is None else votes.order[rows],
        propensity=None if votes.propensity is None else votes.propensity[rows],
        covariates={name: values[rows] for name, values in votes.covariates.items()},
        prompt_labels=prompt_labels,
        rater_labels=rater_labels,
    )


def _renumbered(
    codes: NDArray[np.unsignedinteger] | None,
    labels: tuple[object, ...] | None,
    rows: NDArray[np.bool_],
) -> tuple[NDArray[np.unsignedinteger] | None, tuple[object, ...] | None]:
    if codes is None or labels is None:
        return None, None
    used, renumbered = np.unique(codes[rows], return_inverse=True)
    return renumbered.astype(codes.dtype), tuple(labels[place] for place in used)
