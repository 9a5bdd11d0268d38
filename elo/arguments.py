"""The words that `fit` takes, and checks of arguments that are names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

Ties: TypeAlias = Literal["half", "davidson", "rao-kupper", "drop"]
"""Treatment of a tie: half a win to each side, a model of ties, or left out."""
BothBad: TypeAlias = Literal["tie", "drop", "floor"]
"""Treatment of a both_bad: like a tie, left out, or a win of the floor against both."""
Circumstance: TypeAlias = Literal["side", "order"]
"""Circumstance that may help a contender: being shown on the left, or being played first."""
Cluster: TypeAlias = Literal["prompt", "rater"]
"""Kind of cluster: something that several votes share."""
Intervals: TypeAlias = Literal["sandwich", "model", "bootstrap", "none"]
Correction: TypeAlias = Literal["CR3", "CR1", "CR0"]
"""Correction of clustered sandwiches for few clusters."""
VarianceFloor: TypeAlias = Literal["auto", "on", "off"]
"""Whether variances have a floor: `auto` is on, but off for the corrections CR0 and CR1."""
Separation: TypeAlias = Literal["apart", "error", "firth", "bounded"]
"""Policy for votes without a finite maximum."""
Weighting: TypeAlias = Literal["votes", "propensity"]
Resampling: TypeAlias = Literal["resample", "bayesian"]
"""Draws of the bootstrap: with replacement, or exponential weights."""

Word = TypeVar("Word", bound=str)


def several(argument: str, names: Sequence[Word]) -> tuple[Word, ...]:
    """Return the names as a tuple. A single string is refused: its letters would be taken for names.

    Raises:
        ValueError: a string was given.
    """
    if isinstance(names, str):
        raise ValueError(f"{argument}={names!r} is one name, where several may stand: give ({names!r},).")
    return tuple(names)


def shortened(value: object, longest: int = 60) -> str:
    """Return the value's repr, cut to `longest` characters."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."


def require_known(argument: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse a name that is not known.

    Raises:
        ValueError: names it, and those that are.
    """
    for name in names:
        if name not in known:
            raise ValueError(f"Unknown {argument}={name!r}. Known: {', '.join(known)}.")


def place_of(contender: str, contenders: tuple[str, ...]) -> int:
    """Return the contender's index.

    Raises:
        ValueError: it is not known; lists those that are.
    """
    if contender not in contenders:
        raise ValueError(f"Unknown contender {contender!r}. Known: {', '.join(contenders)}.")
    return contenders.index(contender)
