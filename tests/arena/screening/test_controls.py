from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from arena.runs.models import Rendition
from arena.screening.controls import judge_controls
from arena.screening.evidence import Answered, Evidence, Place
from arena.screening.rules import RULES
from arena.screening.screen import exclude_found, screen_study
from arena.voting.ledger import verify_ledger
from arena.voting.models import Exclusion, Rater
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import make_twin_row


def _record(outcome: str, **fields: str) -> dict[str, str]:
    return {"rater": "r", "rendition_a": "1", "rendition_b": "2", "outcome": outcome, **fields}


@pytest.mark.parametrize(
    ("outcome", "found"),
    [("a", (1, 0)), ("b", (0, 1)), ("tie", (0, 1)), ("both_bad", (0, 0))],
)
def test_gold_is_right_where_the_clip_is_preferred(outcome: str, found: tuple[int, int]) -> None:
    gold = _record(outcome, control="gold", degraded="b")
    assert judge_controls([gold], []) == {"gold": {"r": Answered(*found)}}


@pytest.mark.parametrize(
    ("outcome", "found"), [("a", (0, 1)), ("b", (0, 1)), ("tie", (1, 0)), ("both_bad", (1, 0))]
)
def test_an_identical_pair_is_wrong_where_a_side_is_preferred(outcome: str, found: tuple[int, int]) -> None:
    assert judge_controls([_record(outcome, control="identical")], []) == {
        "identical": {"r": Answered(*found)}
    }


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("a", "b", (1, 0)),
        ("a", "a", (0, 1)),
        ("b", "b", (0, 1)),
        ("tie", "a", (0, 0)),
        ("a", "tie", (0, 0)),
    ],
)
def test_a_repeated_pair_is_right_where_the_same_clip_is_preferred(
    first: str, second: str, found: tuple[int, int]
) -> None:
    repeat = _record(second, control="repeat") | {"rendition_a": "2", "rendition_b": "1"}
    others = [_record("b") | {"rater": "another"}, _record(first)]
    assert judge_controls([repeat], others) == {"repeat": {"r": Answered(*found)}}


def _evidence(controls: Mapping[str, Mapping[str, Answered]]) -> Evidence:
    return Evidence(
        ballots=["1", "2"],
        outcomes=["a", "b"],
        seconds=np.ones(2),
        raters=["careful", "careless"],
        rater=np.array([0, 1]),
        contenders=[Place("t2v", "x"), Place("t2v", "y")],
        a=np.array([0, 0]),
        b=np.array([1, 1]),
        controls=controls,
    )


@pytest.mark.parametrize(
    ("rule", "kind", "threshold", "least"),
    [("gold", "gold", 0.4, 3), ("identical", "identical", 0.5, 3), ("inconsistent", "repeat", 0.7, 5)],
)
def test_a_rule_finds_raters_above_its_threshold_once_they_answered_enough(
    rule: str, kind: str, threshold: float, least: int
) -> None:
    answers = {kind: {"careful": Answered(least, 1), "careless": Answered(0, least)}}
    [found] = RULES[rule].find(_evidence(answers), threshold)
    assert found == ("careless", [1], {"wrong": least, "answered": least})
    assert RULES[rule].find(_evidence({kind: {"careless": Answered(0, least - 1)}}), threshold) == []
    assert RULES[rule].find(_evidence({}), threshold) == []


@pytest.mark.django_db
def test_a_rater_who_fails_gold_loses_their_ordinary_votes() -> None:
    study = make_study(contenders=3, prompts=4, terms={"gold": 0.2, "screening": {"gold": 0.4}})
    clips = list(
        Rendition.objects.filter(clip__job__contender__studies=study).select_related("clip__job__prompt")
    )
    ordinary = {}
    for name, outcome in (("careful", "a"), ("careless", "b")):
        rater = Rater.objects.create()
        ordinary[name] = cast_vote(ballot=make_ballot(study, rater), outcome="a")
        for clip in clips[:3]:
            twin = clip.twins.first() or make_twin_row(clip)
            fields = {"control": "gold", "twin": twin, "twin_side": "b"}
            cast_vote(ballot=make_ballot(study, rater, pair=(clip, clip), **fields), outcome=outcome)
    assert exclude_found(screen_study(study)) == 1
    exclusion = Exclusion.objects.get()
    assert exclusion.vote == ordinary["careless"]
    assert exclusion.evidence == {
        "version": 1,
        "threshold": 0.4,
        "figures": {"wrong": 3, "answered": 3},
    }
    assert verify_ledger(study) == 9
