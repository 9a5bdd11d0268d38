"""Votes as answers to items: which two clips were judged, by whom, and the answer whatever the sides."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from elo.raters.labels import clusters_of
from elo.votes.table import Votes

ANSWERS = ("first", "tie", "second", "both_bad")
"""Answers in the order of worth to the second contender; `both_bad` has no place in it."""
FIRST, TIE, SECOND, BOTH_BAD = range(4)
_ANSWER = np.array([[FIRST, SECOND, TIE, BOTH_BAD], [SECOND, FIRST, TIE, BOTH_BAD]])
"""Place of an answer, by whether contender a is the second, and by outcome."""


class Answers(NamedTuple):
    """N rows of answers."""

    item: NDArray[np.intp]
    """Item of each answer as 0, 1, 2, ...: a prompt and an unordered pair of contenders, shape (N,)."""
    rater: NDArray[np.intp]
    answer: NDArray[np.intp]
    """Place in `ANSWERS`, shape (N,); the first is the contender that comes first in the votes' names."""
    swapped: NDArray[np.intp]
    """1 where the first contender was shown on the right, shape (N,)."""
    raters: tuple[Hashable, ...]
    """The raters' labels."""


def answers_of(votes: Votes, need: str) -> Answers:
    """Read votes as answers to items.

    Raises:
        ValueError: the votes do not record raters and prompts; begins with `need`, what needs them.
    """
    prompt, rater = clusters_of(votes, "prompt", need), clusters_of(votes, "rater", need)
    a, b = votes.contender_a.astype(np.intp), votes.contender_b.astype(np.intp)
    size = len(votes.contenders)
    pair = np.minimum(a, b) * size + np.maximum(a, b)
    item = np.unique(prompt.code * size**2 + pair, return_inverse=True)[1]
    named_second = a > b
    answer = _ANSWER[named_second.astype(np.intp), votes.outcome]
    on_right = named_second if votes.side is None else named_second ^ (votes.side < 0)
    return Answers(item, rater.code, answer, on_right.astype(np.intp), rater.labels)
