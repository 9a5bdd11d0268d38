"""Audit a study's blindness: collect, attack, and say which limits are exceeded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from arena.voting.blindness.attacks import EFFORTS, EVIDENCE, Accuracy, chance, name_contenders, recognise
from arena.voting.blindness.collecting import View, collect_views
from arena.voting.models import Study

COLLUDERS = (1, 2, 5, 10, 20)
MOST_ABOVE_CHANCE = 0.02
MOST_RECOGNISED = 0.15
LEAST_PROMPTS = 4


class NotAuditable(ValueError):
    """Study that can't be audited; the message says what is missing."""


@dataclass(frozen=True)
class Audit:
    """Results of all attacks on one study."""

    raters: int
    views: int
    clips: int
    chance: float
    named: dict[str, Accuracy]
    """Accuracy by kind of evidence."""
    recognised: dict[str, dict[int, float]]
    """Share of views recognised, by what is hashed and by the number of colluding raters."""

    @property
    def leaks(self) -> list[str]:
        """Limits that are exceeded, as sentences; empty if the study is blind.

        Accuracy exceeds a limit if its whole interval does.
        """
        content, found = self.named["content"], []
        if self.named["http"].low > self.chance + MOST_ABOVE_CHANCE:
            found.append("http names contenders more often than chance.")
        for kind in ("container", "stream"):
            if self.named[kind].low > content.high:
                found.append(f"{kind} names contenders more often than the clips' content does.")
        for effort in EFFORTS[:2]:
            share = max(self.recognised[effort].values(), default=0.0)
            if share > MOST_RECOGNISED:
                found.append(
                    f"Hashes of the {effort} recognise {share:.0%} of views; at most 15 % are allowed."
                )
        return found

    def lines(self) -> Iterator[str]:
        """Yield the tables in Markdown."""
        yield f"{self.views} views of {self.clips} clips by {self.raters} raters."
        yield ""
        yield "| evidence | contenders named on unseen prompts | 95 % interval, by clip |"
        yield "|---|---|---|"
        yield f"| chance | {self.chance:.3f} | |"
        for kind, right in self.named.items():
            yield f"| {kind} | {right.share:.3f} | {right.low:.3f} to {right.high:.3f} |"
        yield ""
        numbers = [number for number in COLLUDERS if number < self.raters]
        yield "| views recognised by hash, after colluding raters | " + " | ".join(map(str, numbers)) + " |"
        yield "|---|" + "---|" * len(numbers)
        for effort, shares in self.recognised.items():
            yield f"| {effort} | " + " | ".join(f"{100 * shares[number]:.0f} %" for number in numbers) + " |"


def audit_study(
    study: Study, *, raters: int, each: int, seed: int, report: Callable[[int], None] = lambda _: None
) -> Audit:
    """Attack an open study, and return how often contenders were named and clips recognised.

    Args:
        study: an open study of people.
        raters: browsers that open ballots, at least 2.
        each: most ballots of each.
        seed: decides pairs, halves and colluders.
        report: called with the number of raters after each.

    Raises:
        NotAuditable: the study is simulated or closed, or shows fewer than four prompts.
        NotCollected: a page or clip was refused.
    """
    if study.simulated or not study.is_open:
        raise NotAuditable(f"Study '{study.slug}' must be open and for people. Audit another, or reopen it.")
    views: list[View] = []
    for done, of_rater in enumerate(collect_views(study, raters=raters, each=each, seed=seed), start=1):
        views += of_rater
        report(done)
    prompts = len({view.prompt for view in views})
    if prompts < LEAST_PROMPTS:
        raise NotAuditable(
            f"An audit needs views of {LEAST_PROMPTS} prompts; got {prompts}. Take more raters."
        )
    numbers = [number for number in COLLUDERS if number < raters]
    return Audit(
        raters=raters,
        views=len(views),
        clips=len(np.unique([view.clip for view in views])),
        chance=chance(views),
        named={kind: name_contenders(views, kind, seed) for kind in EVIDENCE},
        recognised={
            effort: {number: recognise(views, effort, number, seed) for number in numbers}
            for effort in EFFORTS
        },
    )
