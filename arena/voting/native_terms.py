"""Native terms: clips are shown as they are, and their differences become covariates of the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender
from arena.runs.models import Rendition
from arena.voting.clip_settings import Settings
from generators.base import Track

NATIVE = ("duration", "resolution", "frame_rate", "loudness")
"""Covariates in which clips on native terms may differ, and clips on equal terms may not."""
LEAST_SPREAD = (0.01, 0.01, 0.01, 0.1)
"""Spread of each, beside what contender and unit explain, below which votes can't tell its part."""
ROUNDS = 50

Features = tuple[float, float, float, float]
"""Features of a rendition, in the order of `NATIVE`."""


def usable_covariates(clip_settings: Sequence[Settings], contenders: Sequence[Contender]) -> tuple[str, ...]:
    """Return the covariates that can be told apart from the contenders.

    A feature that each contender has always alike, such as its one frame rate, is a part of its rating: no
    votes tell the two apart. So a covariate is taken where clips vary beyond what contender and unit explain.

    Args:
        clip_settings: settings of the study's clips.
        contenders: the study's contenders.
    """
    rows = _rows(clip_settings, contenders)
    if not rows:
        return ()
    units = _numbered([f"{prompt} {seed}" for (prompt, seed, _), _ in rows])
    makers = _numbered([str(contender) for (*_, contender), _ in rows])
    features = np.array([features for _, features in rows])
    spread = np.std(_unexplained(features, units, makers), axis=0)
    heard = all(Track(settings["track"]).with_sound for settings in clip_settings)
    return tuple(
        name
        for name, size, least in zip(NATIVE, spread, LEAST_SPREAD, strict=True)
        if size > least and (heard or name != "loudness")
    )


def _rows(
    clip_settings: Sequence[Settings], contenders: Sequence[Contender]
) -> list[tuple[tuple[int, int, int], Features]]:
    """Return prompt, seed and contender of each rendition, with its features."""
    shown = Q(clip__job__settings_hash__in=[content_hash(settings) for settings in clip_settings])
    found = Rendition.objects.filter(shown, clip__job__contender__in=contenders)
    return [
        (
            (job.prompt_id, job.seed, job.contender_id),
            (each.duration_s, log2(each.width * each.height), each.fps, each.loudness_lufs or 0.0),
        )
        for each in found.select_related("clip__job")
        for job in [each.clip.job]
    ]


def _numbered(names: Sequence[str]) -> NDArray[np.intp]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.intp)


def _unexplained(
    features: NDArray[np.float64], units: NDArray[np.intp], makers: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return what is left of features, shape (N, F), once means of units and contenders are taken out."""
    left = features
    for _ in range(ROUNDS):  # alternating projections, since contenders may lack clips
        for groups in (units, makers):
            left = left - _means(left, groups)[groups]
    return left


def _means(values: NDArray[np.float64], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    sums = np.zeros((groups.max() + 1, values.shape[1]))
    np.add.at(sums, groups, values)
    return np.divide(sums, np.bincount(groups)[:, None])
