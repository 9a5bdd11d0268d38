"""Facts of votes beside their records: language, tags and shape, and differences of the clips' features."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import QuerySet

from arena.standings.clip_facts import ClipFacts
from arena.standings.slices import PUBLIC
from arena.voting.admission.models import Admission
from arena.voting.fit_settings import COVARIATES
from arena.voting.models import Vote

Row = dict[str, Any]
SLICE_COLUMNS = ("language", "tags", "aspect_ratio", "rater_group")
"""Columns for slices. Tags have | between them; the group is how the rater came to the study."""
FACT_COLUMNS = (*SLICE_COLUMNS, *COVARIATES)
"""All columns; a feature is that of clip a less that of clip b, and None where it isn't recorded."""
LOOKUPS = (
    "ballot",
    "ballot__prompt__language",
    "ballot__prompt__tags",
    "ballot__rendition_a",
    "ballot__rendition_b",
    "ballot__study",
    "ballot__rater",
)


def facts_of_votes(votes: QuerySet[Vote], *, features: bool) -> dict[str, Row]:
    """Return the facts of votes by their ballot's key.

    Args:
        votes: any votes.
        features: whether to add differences of features; they could tell a rater which clip is whose.
    """
    rows = list(votes.order_by("pk").values_list(*LOOKUPS).iterator())
    if not rows:
        return {}
    ballots, languages, tags, keys_a, keys_b, studies, raters = zip(*rows, strict=True)
    columns = {
        "language": list(languages),
        "tags": ["|".join(of_one) for of_one in tags],
        "rater_group": _groups(studies, raters),
        **clip_columns(keys_a, keys_b, features=features),
    }
    return {
        str(ballot): dict(zip(columns, values, strict=True))
        for ballot, *values in zip(ballots, *columns.values(), strict=True)
    }


def _groups(studies: Sequence[int], raters: Sequence[UUID]) -> list[str]:
    """Return how the rater of each vote came to its study."""
    admitted = Admission.objects.filter(study__in=set(studies)).values_list("study", "rater", "group")
    known = {(study, rater): group for study, rater, group in admitted.iterator()}
    return [known.get(key, PUBLIC) for key in zip(studies, raters, strict=True)]


def clip_columns(keys_a: Sequence[int], keys_b: Sequence[int], *, features: bool) -> dict[str, list[Any]]:
    """Return the shape of the clips of each vote, and the differences of their features.

    Args:
        keys_a: primary keys of the renditions on side a.
        keys_b: those on side b.
        features: whether to add differences of features.
    """
    clips = ClipFacts()
    a, b = clips.places(np.array(keys_a, dtype=np.intp)), clips.places(np.array(keys_b, dtype=np.intp))
    columns: dict[str, list[Any]] = {"aspect_ratio": [clips.aspects[place] for place in a.tolist()]}
    if not features:
        return columns
    # Features of a less b, shape (N, features).
    table = np.array(clips.features).reshape(-1, len(COVARIATES))
    gaps = table[a] - table[b]
    for column, name in enumerate(COVARIATES):
        columns[name] = [value if isfinite(value) else None for value in gaps[:, column].tolist()]
    return columns
