"""Name contenders by classifiers, and recognise clips by hashes; say how often each succeeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arena.voting.blindness.collecting import View
from arena.voting.blindness.multinomial import Labels, Matrix, fit

EVIDENCE = ("http", "container", "stream", "content")
EFFORTS = ("whole file", "file without padding", "salt removed")
RIDGES = (0.003, 0.03, 0.3, 3.0)
ROUNDS = 1000
GROUPS = 20
"""Random groups of colluders over which recognition is averaged."""
LEVEL = 0.95


@dataclass(frozen=True)
class Accuracy:
    """Share of views whose contender is named rightly, with its interval clustered on clips."""

    share: float
    low: float
    high: float


def chance(views: Sequence[View]) -> float:
    """Return the share of views of the contender that is shown most, which is the best blind guess."""
    shown = np.unique([view.contender for view in views], return_counts=True)[1]
    return float(shown.max() / shown.sum())


def name_contenders(views: Sequence[View], kind: str, seed: int) -> Accuracy:
    """Return how often a classifier names contenders on prompts that it has not seen.

    It learns on half of the prompts and is tried on the other half, and then the other way round.

    Args:
        views: what was collected; of at least four prompts.
        kind: one of `EVIDENCE`.
        seed: decides the halves and the bootstrap.
    """
    random = np.random.default_rng(seed)
    features = _matrix(views, kind)
    names, labels = np.unique([view.contender for view in views], return_inverse=True)
    prompts = np.array([view.prompt for view in views])
    one, other = _halves(prompts, random)
    hits = np.zeros(len(views))
    for taught, tried in ((one, other), (other, one)):
        ridge = _choose_ridge(features[taught], labels[taught], prompts[taught], len(names), random)
        told = _learn(features[taught], labels[taught], features[tried], len(names), ridge)
        hits[tried] = told == labels[tried]
    return _clustered(hits, np.array([view.clip for view in views]), random)


def recognise(views: Sequence[View], effort: str, colluders: int, seed: int) -> float:
    """Return the share of other raters' views that colluding raters recognise, by hashes of what they saw.

    A view counts as recognised if a hash of it is known, of one contender only, and the right one.

    Args:
        views: what was collected.
        effort: what is hashed, one of `EFFORTS`.
        colluders: number of raters who share their hashes; fewer than there are raters.
        seed: decides who colludes.
    """
    random = np.random.default_rng(seed)
    raters = np.unique([view.rater for view in views])
    shares = []
    for _ in range(GROUPS):
        group = set(random.choice(raters, colluders, replace=False).tolist())
        known = _known((view for view in views if view.rater in group), effort)
        later = [view for view in views if view.rater not in group]
        shares.append(np.mean([_is_recognised(view, known, effort) for view in later]))
    return float(np.mean(shares))


def _matrix(views: Sequence[View], kind: str) -> Matrix:
    """Return features of each view and their difference to the other side's, scaled; (N, features)."""
    names = sorted({name for view in views for name in view.evidence.features[kind]})
    own, other = (
        np.array([[side.features[kind].get(name, 0.0) for name in names] for side in sides])
        for sides in ([view.evidence for view in views], [view.other for view in views])
    )
    both = np.hstack([own, own - other])
    spread = both.std(axis=0)
    told = spread > 1e-9
    scaled: Matrix = (both[:, told] - both[:, told].mean(axis=0)) / spread[told]
    return scaled


def _halves(prompts: NDArray[np.int64], random: np.random.Generator) -> tuple[Labels, Labels]:
    """Return the positions of views of one half of the prompts, and of the other."""
    order = random.permutation(np.unique(prompts))
    first = np.isin(prompts, order[: len(order) // 2])
    return np.flatnonzero(first), np.flatnonzero(~first)


def _choose_ridge(
    features: Matrix, labels: Labels, prompts: NDArray[np.int64], classes: int, random: np.random.Generator
) -> float:
    """Return the penalty that names most contenders on half of the prompts after learning on the others."""
    taught, tried = _halves(prompts, random)
    if not len(taught) or not len(tried):
        return RIDGES[-1]
    rights = [
        np.mean(_learn(features[taught], labels[taught], features[tried], classes, ridge) == labels[tried])
        for ridge in RIDGES
    ]
    return RIDGES[int(np.argmax(rights))]


def _learn(taught: Matrix, labels: Labels, tried: Matrix, classes: int, ridge: float) -> Labels:
    if not taught.shape[1]:  # nothing differs between views: the commonest contender is the best guess
        return np.full(len(tried), np.bincount(labels).argmax())
    return fit(taught, labels, classes, ridge).predict(tried)


def _clustered(hits: Matrix, clips: NDArray[np.str_], random: np.random.Generator) -> Accuracy:
    """Return the share of hits with the percentile interval of a bootstrap over clips."""
    _, of = np.unique(clips, return_inverse=True)
    right, seen = np.bincount(of, hits), np.bincount(of)
    drawn = random.integers(len(seen), size=(ROUNDS, len(seen)))
    shares = right[drawn].sum(axis=1) / seen[drawn].sum(axis=1)
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Accuracy(float(hits.mean()), float(low), float(high))


def _known(views: Iterable[View], effort: str) -> dict[str, set[int]]:
    known: dict[str, set[int]] = defaultdict(set)
    for view in views:
        for digest in view.evidence.hashes[effort]:
            known[digest].add(view.contender)
    return known


def _is_recognised(view: View, known: dict[str, set[int]], effort: str) -> bool:
    return any(known.get(digest) == {view.contender} for digest in view.evidence.hashes[effort])
