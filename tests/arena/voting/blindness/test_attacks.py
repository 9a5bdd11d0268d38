from __future__ import annotations

import numpy as np
import pytest

from arena.voting.blindness.attacks import Accuracy, chance, name_contenders, recognise
from arena.voting.blindness.collecting import View
from arena.voting.blindness.evidence import Evidence
from arena.voting.blindness.report import Audit

CONTENDERS, PROMPTS, RATERS = 4, 8, 6


def _views(*, tells: float, variants: int) -> list[View]:
    """Return a view of each clip by each rater: a feature tells the contender, a hash the variant."""
    random = np.random.default_rng(3)
    views = []
    for rater in range(RATERS):
        for prompt in range(PROMPTS):
            for contender in range(CONTENDERS):
                clip = f"{contender}/{prompt}"
                number = tells * contender + random.normal()
                digest = f"{clip}/{random.integers(variants)}"
                evidence = Evidence({"http": {"length": number}}, {"whole file": [digest]})
                views.append(View(rater, contender, clip, prompt, evidence, evidence))
    return views


def test_a_feature_that_tells_contenders_names_them_on_unseen_prompts() -> None:
    views = _views(tells=20, variants=1)
    assert chance(views) == 1 / CONTENDERS
    right = name_contenders(views, "http", 0)
    assert right.share > 0.95
    assert right.low <= right.share <= right.high


def test_a_feature_that_tells_nothing_names_them_no_better_than_chance() -> None:
    right = name_contenders(_views(tells=0, variants=1), "http", 0)
    assert right.low < 1 / CONTENDERS + 0.02


def test_hashes_of_equal_files_recognise_every_clip_and_those_of_many_variants_few() -> None:
    assert recognise(_views(tells=0, variants=1), "whole file", 1, 0) == 1.0
    assert recognise(_views(tells=0, variants=10_000), "whole file", 5, 0) < 0.05


def _audit(http: float, stream: float, recognised: float) -> Audit:
    shares = {"http": http, "container": 0.4, "stream": stream, "content": 0.6}
    named = {kind: Accuracy(share, share - 0.05, share + 0.05) for kind, share in shares.items()}
    return Audit(2, 8, 4, 0.25, named, {"whole file": {1: recognised}, "file without padding": {1: 0.0}})


def test_a_blind_study_exceeds_no_limit() -> None:
    audit = _audit(0.3, 0.6, 0.15)
    assert audit.leaks == []
    assert "| http | 0.300 | 0.250 to 0.350 |" in list(audit.lines())
    assert "| whole file | 15 % |" in list(audit.lines())


@pytest.mark.parametrize(
    ("audit", "told"),
    [
        (_audit(0.4, 0.6, 0.0), "http names contenders more often than chance."),
        (_audit(0.25, 0.9, 0.0), "stream names contenders more often than the clips' content does."),
        (
            _audit(0.25, 0.6, 0.5),
            "Hashes of the whole file recognise 50% of views; at most 15 % are allowed.",
        ),
    ],
)
def test_each_limit_that_is_exceeded_is_told(audit: Audit, told: str) -> None:
    assert audit.leaks == [told]
