"""How far raters agree with each other and with themselves, and how fragile each rank is."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from analysis.subject import Subject
from elo.arguments import Cluster
from elo.raters import Share, agreement, consistency
from elo.robustness import fragility
from elo.robustness.removals import Removable

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 1000
"""Resamples behind an interval."""


def agreement_table(subject: Subject) -> pd.DataFrame:
    """Return Krippendorff's alpha with its interval in one row for each metric, nominal and ordinal.

    Raises:
        ValueError: prompts or raters are not recorded, no two raters judged the same two clips, or all their
            answers are equal.
    """
    import pandas as pd  # the web process loads this package and needs no pandas

    found = [
        agreement(subject.votes, metric=metric, rounds=ROUNDS, seed=subject.seed, level=subject.level)
        for metric in ("nominal", "ordinal")
    ]
    fields = ("metric", "alpha", "lower", "upper", "items", "raters", "answers")
    return pd.DataFrame([{name: getattr(each, name) for name in fields} for each in found])


def consistency_table(subject: Subject) -> pd.DataFrame:
    """Return the share of repeats with the same answer: of all, with sides as before, with sides changed.

    `ceiling` is the most agreement to expect between two raters, and `judge_ceiling` the most that any judge
    can expect to match of single votes.

    Raises:
        ValueError: prompts or raters are not recorded, or no rater met the same two clips twice.
    """
    import pandas as pd

    found = consistency(subject.votes, level=subject.level)
    shares = {"all": found.same, "sides as before": found.unswapped, "sides changed": found.swapped}
    frame = pd.DataFrame([{"repeats_of": name, **_columns(share)} for name, share in shares.items()])
    frame["chance"] = found.chance
    frame["ceiling"] = found.rater_ceiling
    frame["judge_ceiling"] = found.judge_ceiling
    return frame


def _columns(share: Share) -> dict[str, float]:
    return {
        "same_answer": share.share,
        "lower": share.lower,
        "upper": share.upper,
        "repeats": share.repeats,
    }


def fragility_table(subject: Subject) -> pd.DataFrame:
    """Return how few votes, raters and prompts each step of the board rests on, in a row for each step.

    `votes`, `raters` and `prompts` are the numbers whose removal turns the two round, verified by a refit;
    NaN where no such set was found or the votes do not record the kind.

    Raises:
        ValueError: the model of ties is not one that refits take.
        NotIdentified: the votes have no finite ratings.
    """
    import pandas as pd

    kinds: list[Removable] = ["vote"]
    recorded: tuple[Cluster, ...] = subject.clusters
    kinds += [name for name in ("rater", "prompt") if name in recorded]
    model = subject.model(subject.votes)
    if len(subject.names) < 2:
        raise ValueError("Fragility needs two listed contenders; there is one.")
    pairs = list(pairwise(subject.names))
    found = fragility(subject.votes, pairs=pairs, kinds=kinds, scale=subject.scale, **model)
    steps: dict[tuple[str, str], dict[str, object]] = {}
    for row in found.rows:
        step = steps.setdefault(
            (row.above, row.below), {"above": row.above, "below": row.below, "gap": row.gap}
        )
        step[f"{row.kind}s"] = float("nan") if row.needed is None else float(row.needed)
        step[f"{row.kind}s_of"] = float(row.of)
    return pd.DataFrame(list(steps.values()))
