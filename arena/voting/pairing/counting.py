"""Counts of the votes on each two contenders of a study, for its plans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arena.runs.models import Rendition
from arena.voting.models import Study
from arena.voting.tally_sheets import OUTCOME_CODES, TallySheet
from elo import OUTCOMES, Tally

ENTRY = np.dtype(
    [("at", "<i8"), ("a", "<u4"), ("b", "<u4"), ("outcome", "u1"), ("order", "u1"), ("sign", "i1")]
)
"""One entry of a tally sheet, as `tally_sheets.ENTRY` packs it."""
NOBODY = -1


def count_pairs(study: Study, contenders: Sequence[int], names: Sequence[str]) -> Tally:
    """Count the study's votes that count, on all its tracks together, from its tally sheets.

    Args:
        study: the study.
        contenders: ids of the contenders to count; votes on others are left out.
        names: their names in the tally.
    """
    sheets = TallySheet.objects.filter(study=study, track__in=study.tracks).values_list("entries", flat=True)
    entries = np.frombuffer(b"".join(map(bytes, sheets)), dtype=ENTRY)
    a, b = (_contenders(entries[side], contenders) for side in ("a", "b"))
    outcome = np.array([OUTCOMES.index(name) for name in OUTCOME_CODES])[entries["outcome"]]
    known = (a != NOBODY) & (b != NOBODY)
    counts = np.zeros((len(contenders), len(contenders), len(OUTCOMES)))
    np.add.at(counts, (a[known], b[known], outcome[known]), entries["sign"][known])
    return Tally(tuple(names), counts)


def _contenders(renditions: np.ndarray, contenders: Sequence[int]) -> np.ndarray:
    """Return the place of each rendition's maker among the contenders, or `NOBODY`, shape (N,)."""
    place = {pk: index for index, pk in enumerate(contenders)}
    shown = Rendition.objects.filter(clip__job__contender__in=contenders)
    pairs = shown.order_by("pk").values_list("pk", "clip__job__contender_id")
    known = np.array([(pk, place[contender]) for pk, contender in pairs], dtype=np.int64).reshape(-1, 2)
    if not len(known):
        return np.full(len(renditions), NOBODY)
    row = np.minimum(np.searchsorted(known[:, 0], renditions), len(known) - 1)
    return np.where(known[row, 0] == renditions, known[row, 1], NOBODY)
