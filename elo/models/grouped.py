"""Votes counted by prompt and by rater as they come: a fit then costs the same after any number of votes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from elo.arrays import Floats
from elo.models.lines import Lines
from elo.models.specification import Specification
from elo.votes.table import Votes
from elo.votes.tally import MIRRORED, OUTCOMES, Tally

Integers = NDArray[np.integer[Any]]
Kind: TypeAlias = Literal["prompt", "rater"]


@dataclass(frozen=True, eq=False)
class GroupedVotes:
    """Counts of votes by cluster, for models without regressors; `VoteGroups` makes them.

    Counts are by feature: the split of a vote among F of the outcomes, times the J pairs of contenders. The
    contender that comes first in `contenders` is a.
    """

    contenders: tuple[str, ...]
    counts: Tally
    specification: Specification
    """Model whose split of outcomes the features are."""
    prompt: Floats
    """Features of each prompt, shape (F J, G); a column may be without votes that the model uses."""
    rater: Floats
    """Features of each rater, shape (F J, H), likewise."""
    products: Floats
    """Sum of features times features over the votes of one rater on one prompt, shape (F J, F J)."""
    pairs: int
    """Number of such pairs of a rater and a prompt."""
    most_votes: float
    """Votes of one such pair at most."""
    prompts: int
    raters: int
    rows: Callable[[], Votes]
    """The votes themselves, for fits that need more than the counts."""
    notes: tuple[str, ...] = ()

    def tally(self) -> Tally:
        """Return the counts by pair, side and outcome."""
        return self.counts

    def clusters_met(self, kind: Kind) -> dict[str, int]:
        """Count the clusters of a kind in which each contender has votes that the model uses."""
        counts = (self.by_contender(kind) > 0).sum(axis=1)
        return dict(zip(self.contenders, counts.tolist(), strict=True))

    def by_contender(self, kind: Kind) -> Floats:
        """Return each cluster's votes on each contender, shape (K, G)."""
        return self._ends[kind]

    @cached_property
    def _ends(self) -> dict[Kind, Floats]:
        tables: dict[Kind, Floats] = {kind: getattr(self, kind) for kind in get_args(Kind)}
        ends = np.tile(np.triu_indices(len(self.contenders), 1), len(features_of(self.specification)))
        feature = np.broadcast_to(np.arange(ends.shape[1]), ends.shape)
        places = (ends.ravel(), feature.ravel())
        shape = (len(self.contenders), ends.shape[1])
        adding = scipy.sparse.csr_array((np.ones(ends.size), places), shape=shape)
        return {kind: np.asarray(adding @ table) for kind, table in tables.items()}


class Batch(NamedTuple):
    """Votes to add or to take back, shape (N,) each."""

    contender_a: Integers
    """Place in `contenders` of what was on the left."""
    contender_b: Integers
    outcome: Integers
    """Place in `OUTCOMES`."""
    prompt: Integers
    """Number of the prompt, from 0."""
    rater: Integers
    sign: Integers
    """1 to add the vote, -1 to take it back."""


class VoteGroups:
    """Running counts of votes by cluster. They change by `add` alone."""

    def __init__(self, contenders: tuple[str, ...], specification: Specification) -> None:
        """Begin without votes.

        Args:
            contenders: all that may come.
            specification: the model; it must have no regressors or effects of prompts.
        """
        if specification.regressors or specification.tie_effects:
            raise ValueError("Grouped counts know no regressors. Give fit the Votes instead.")
        self.contenders = contenders
        self.specification = specification
        labels = specification.labels
        self._split = labels[:, features_of(specification)]
        size = len(contenders)
        self._pair = np.zeros((size, size), dtype=np.int64)
        first, second = np.triu_indices(size, 1)
        self._pair[first, second] = self._pair[second, first] = np.arange(len(first))
        self._pairs = len(first)
        self._width = self._split.shape[1] * len(first)
        self._counts = np.zeros((size, size, len(OUTCOMES)))
        self._by_prompt = np.zeros((self._width, 0))
        self._by_rater = np.zeros((self._width, 0))
        self._votes_by_prompt, self._votes_by_rater = np.zeros(0), np.zeros(0)
        self._products = np.zeros((self._width, self._width))
        self._met = 0
        self._most_votes = 0.0
        self._lines = Lines()

    def add(self, batch: Batch) -> None:
        """Add votes, or take back ones that were added."""
        a, b, outcome = (column.astype(np.intp) for column in batch[:3])
        size, sign = len(self.contenders), batch.sign.astype(np.float64)
        cells = (a * size + b) * len(OUTCOMES) + outcome
        self._counts += np.bincount(cells, sign, self._counts.size).reshape(self._counts.shape)
        self._votes_by_prompt = _added(self._votes_by_prompt, batch.prompt, sign)
        self._votes_by_rater = _added(self._votes_by_rater, batch.rater, sign)

        # Features of the votes turned round so that the first contender is a: one line for each (vote, F).
        turned = np.where(a < b, outcome, MIRRORED[outcome])
        share = self._split[turned] * sign[:, None]
        vote, feature = np.nonzero(share)
        column = feature * self._pairs + self._pair[a, b][vote]
        weight = share[vote, feature]
        self._by_prompt = _counted(self._by_prompt, batch.prompt[vote], column, weight)
        self._by_rater = _counted(self._by_rater, batch.rater[vote], column, weight)
        key = (batch.prompt.astype(np.int64) << 32) | batch.rater.astype(np.int64)
        self._multiply(key[vote], column, weight)

    def _multiply(self, key: Integers, column: Integers, weight: Floats) -> None:
        """Bring the products up to date for the pairs of prompt and rater in which something changed."""
        touched = np.unique(key)
        old = self._lines_of(touched)
        self._lines.add(key, column, weight)
        new = self._lines_of(touched)
        for lines, sign in ((old, -1), (new, 1)):
            product = (lines.T @ lines).tocoo()
            np.add.at(self._products, (product.row, product.col), sign * product.data)
            votes = np.asarray(lines.sum(axis=1)).ravel()
            self._met += sign * int((votes > 0).sum())
            self._most_votes = max(self._most_votes, float(votes.max(initial=0)))

    def _lines_of(self, touched: Integers) -> scipy.sparse.csr_array:
        """Return the features of each of these pairs of prompt and rater, shape (touched, F J)."""
        found = self._lines.of(touched)
        places = (np.searchsorted(touched, found.key), found.column)
        shape = (len(touched), self._width)
        return scipy.sparse.csr_array((found.weight.astype(np.float64), places), shape=shape)

    def value(self, rows: Callable[[], Votes]) -> GroupedVotes:
        """Return the counts so far of the contenders that have votes; they are valid until the next `add`.

        Args:
            rows: makes the votes.
        """
        tally = Tally(self.contenders, self._counts)
        known = np.flatnonzero(tally.votes)
        own = slice(None) if len(known) == len(self.contenders) else self._features_among(known)
        return GroupedVotes(
            contenders=tuple(self.contenders[place] for place in known),
            counts=tally.among(known),
            specification=self.specification,
            prompt=self._by_prompt[own],
            rater=self._by_rater[own],
            products=self._products[own][:, own],
            pairs=self._met,
            most_votes=self._most_votes,
            prompts=int((self._votes_by_prompt > 0).sum()),
            raters=int((self._votes_by_rater > 0).sum()),
            rows=rows,
        )

    def _features_among(self, places: NDArray[np.intp]) -> Integers:
        first, second = np.triu_indices(len(places), 1)
        pairs = self._pair[places[first], places[second]]
        shift = np.arange(self._split.shape[1])[:, None] * self._pairs
        return (shift + pairs).ravel()


def features_of(specification: Specification) -> NDArray[np.intp]:
    """Return the outcomes among which the model splits votes, as places in `OUTCOMES`, shape (F,).

    They are the columns of `elo.models.outcomes.labels` with anything above 0. A tie is one of them where the
    model gives it a probability (Davidson 1970; Rao and Kupper 1967), and not where it is half a win each.
    """
    return np.flatnonzero(specification.labels.any(axis=0))


def _added(votes: Floats, cluster: Integers, sign: Floats) -> Floats:
    found = np.bincount(cluster, sign, len(votes)).astype(np.float64)
    found[: len(votes)] += votes
    return found


def _counted(table: Floats, cluster: Integers, column: Integers, weight: Floats) -> Floats:
    """Add weights to a table of columns by clusters, which grows by what is new."""
    known = table.shape[1]
    groups = max(known, int(cluster.max()) + 1) if len(cluster) else known
    if groups > known:
        grown = np.zeros((len(table), groups))
        grown[:, :known] = table
        table = grown
    if len(cluster) * 8 > table.size:
        flat = np.bincount(column.astype(np.int64) * groups + cluster, weight, table.size)
        table += flat.reshape(table.shape)
    else:
        np.add.at(table, (column, cluster), weight)
    return table
