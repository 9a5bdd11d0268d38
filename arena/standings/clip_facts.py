"""Facts about the clips that raters were shown: contender, prompt, and what slices and covariates need."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, nan

import numpy as np
from numpy.typing import NDArray

from arena.catalog.models import Prompt
from arena.runs.models import Rendition
from arena.standings.slices import Slice, aspect
from arena.voting.fit_settings import COVARIATES
from elo.arrays import Floats

BATCH = 10_000
"""Keys in one query; SQLite takes at most 32,766."""
JOB_FIELDS = ("clip__job__contender__slug", "clip__job__prompt")
FEATURES = ("width", "height", "duration_s", "fps", "loudness_lufs", "motion")
"""Columns of renditions that their features are made of."""
Places = NDArray[np.intp]


class Unmeasured(ValueError):
    """Feature that a board's fit needs and that isn't recorded of some clip; the message says what to run."""


class ClipFacts:
    """Table of renditions by their place, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self.contenders: list[str] = []
        """Slug of the contender of each rendition."""
        self.prompts: list[int] = []
        """Primary key of the prompt of each rendition."""
        self.aspects: list[str] = []
        self.features: list[tuple[float, ...]] = []
        """Features of each rendition, as in `COVARIATES`; NaN where one isn't recorded."""
        self.prompt_numbers: list[int] = []
        """Number of the prompt of each rendition, from 0 in the order of first appearance."""
        self._numbers: dict[int, int] = {}
        self._numbered: tuple[tuple[str, ...], Places] = ((), np.zeros(0, dtype=np.intp))
        self._within: dict[Slice, NDArray[np.bool_]] = {}
        self._places: dict[int, int] = {}
        self._descriptions: dict[int, tuple[frozenset[str], str]] = {}

    def places(self, keys: NDArray[np.integer]) -> Places:
        """Return the place of each rendition, shape (N,), from primary keys, reading unknown ones."""
        distinct, inverse = np.unique(keys, return_inverse=True)
        wanted = distinct.tolist()
        self._read([key for key in wanted if key not in self._places])
        return np.array([self._places[key] for key in wanted], dtype=np.intp)[inverse]

    def numbered_contenders(self) -> tuple[tuple[str, ...], Places]:
        """Return the contenders so far, sorted, and the place among them for each rendition."""
        if len(self._numbered[1]) < len(self.contenders):
            names, number = np.unique(self.contenders, return_inverse=True)
            self._numbered = tuple(str(name) for name in names), number
        return self._numbered

    def within(self, part: Slice) -> NDArray[np.bool_]:
        """Return whether each rendition belongs to a slice, shape (renditions,)."""
        found = self._within.get(part)
        if found is None or len(found) < len(self.prompts):
            self._describe()
            chosen = [self._fits(place, part) for place in range(len(self.prompts))]
            self._within[part] = found = np.array(chosen, dtype=bool)
        return found

    def differences(self, name: str, a: Places, b: Places) -> Floats:
        """Return a feature of renditions a less that of renditions b, shape (N,).

        Args:
            name: one of `COVARIATES`.
            a: places of renditions, shape (N,); so is `b`.
            b: places of the others.

        Raises:
            Unmeasured: the feature isn't recorded of some of them.
        """
        values = self._feature(name)
        found: Floats = values[a] - values[b]
        if not np.isfinite(found).all():
            self._read_again(np.flatnonzero(~np.isfinite(values)))
            values = self._feature(name)
            found = values[a] - values[b]
        if not np.isfinite(found).all():
            raise Unmeasured(
                f"{name.replace('_', ' ').capitalize()} must be recorded of every clip that was voted on; "
                "some have none. Run: manage.py measure_clips"
            )
        return found

    def _feature(self, name: str) -> Floats:
        column = COVARIATES.index(name)
        return np.array([features[column] for features in self.features], dtype=np.float64)

    def _read_again(self, places: Places) -> None:
        """Read the features of renditions that had none when they were read first."""
        keys = {place: key for key, place in self._places.items()}
        wanted = [keys[place] for place in places.tolist()]
        for start in range(0, len(wanted), BATCH):
            rows = Rendition.objects.filter(pk__in=wanted[start : start + BATCH])
            for key, *shape in rows.values_list("pk", *FEATURES):
                self.features[self._places[key]] = features_of(*shape)

    def _fits(self, place: int, part: Slice) -> bool:
        tags, language = self._descriptions[self.prompts[place]]
        return (
            (not part.tag or part.tag in tags)
            and part.language in ("", language)
            and part.aspect in ("", self.aspects[place])
        )

    def _read(self, keys: Sequence[int]) -> None:
        for start in range(0, len(keys), BATCH):
            rows = Rendition.objects.filter(pk__in=keys[start : start + BATCH]).values_list(
                "pk", *JOB_FIELDS, *FEATURES
            )
            for key, contender, prompt, *shape in rows:
                self._places[key] = len(self.contenders)
                self.contenders.append(contender)
                self.prompts.append(prompt)
                self.aspects.append(aspect(*shape[:2]))
                self.features.append(features_of(*shape))
                self.prompt_numbers.append(self._numbers.setdefault(prompt, len(self._numbers)))

    def _describe(self) -> None:
        """Read tags and languages of the prompts that have none yet."""
        unknown = sorted({prompt for prompt in self.prompts if prompt not in self._descriptions})
        for start in range(0, len(unknown), BATCH):
            rows = Prompt.objects.filter(pk__in=unknown[start : start + BATCH])
            for key, tags, language in rows.values_list("pk", "tags", "language"):
                self._descriptions[key] = frozenset(tags), language


def features_of(
    width: int,
    height: int,
    duration_s: float,
    fps: float,
    loudness_lufs: float | None,
    motion: float | None,
) -> tuple[float, ...]:
    """Return a rendition's features in the order of `COVARIATES`; NaN for one that isn't recorded."""
    measured = (nan if value is None else value for value in (loudness_lufs, motion))
    return (duration_s, log2(width * height), fps, *measured)
