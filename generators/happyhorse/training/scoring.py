"""Tables of the referee's scores: for checkpoints, the codecs, the truth and broken clips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from generators.happyhorse.toy.codecs import Codecs
from generators.happyhorse.training.clips import round_trip
from generators.toyworld.referee.broken import MAKERS
from generators.toyworld.referee.scores import PromptedClip, Score, score_clips
from generators.toyworld.senses.footage import Footage
from generators.toyworld.world.examples import Example

SCORED_SEED = 2
"""Seed of the held-out stream for scores; learning curves use another."""
CEILING = "codec"
"""Column of the true clips through the codecs, the best that a model on them can reach."""
Scores = dict[str, Score]
"""Scores by name."""


def references(examples: Sequence[Example], codecs: Codecs, broken: bool = True) -> dict[str, Scores]:
    """Score the truth, the true clips through the codecs, and, unless left out, clips broken on purpose."""
    table: dict[str, Scores] = {}
    for name, maker in MAKERS.items():
        if name == "truth" or broken:
            clips = [maker(own, after) for own, after in _neighbours(examples)]
            table[name] = score(clips, examples)
        if name == "truth":
            table[CEILING] = score(list(round_trip(examples, codecs)), examples)
    return table


def score(clips: Sequence[Footage], examples: Sequence[Example], from_image: bool = False) -> Scores:
    """Score clips, and measure synchrony by chance: with the next clip's sound.

    Args:
        clips: One clip for each example.
        examples: What was asked for.
        from_image: Whether the examples' first frames were given.
    """
    return score_clips(
        PromptedClip(clip, own.caption, own.frames[0] if from_image else None)
        for clip, own in zip(clips, examples, strict=True)
    )


def shares(table: Mapping[str, Scores]) -> dict[str, Scores]:
    """Divide each score and its interval by the codecs' own score."""
    ceiling = {name: found.value for name, found in table[CEILING].items() if found.value > 0}
    return {
        title: {
            name: _over(found, ceiling[name])
            for name, found in scores.items()
            if name in ceiling and not np.isnan(found.low)
        }
        for title, scores in table.items()
    }


def _over(score: Score, most: float) -> Score:
    return Score(score.value / most, score.low / most, score.high / most, score.count)


def _neighbours(items: Sequence[Example]) -> list[tuple[Example, Example]]:
    """Pair each item with the next one, and the last with the first."""
    return list(zip(items, [*items[1:], items[0]], strict=True))
