from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from arena.screening.evidence import Evidence
from arena.screening.findings import Finding
from arena.screening.rules import RULES
from arena.voting.screening_rules import THRESHOLDS
from tests.factories_evidence import make_evidence, vote_as


def _find(name: str, evidence: Evidence, threshold: float | None = None) -> list[Finding]:
    return RULES[name].find(evidence, THRESHOLDS[name].default if threshold is None else threshold)


def _kinds(findings: list[Finding]) -> Counter[str]:
    """Count the raters found by their kind."""
    return Counter(finding.rater.split()[0] for finding in findings)


def _answers(outcomes: str, rater: str = "one") -> list[tuple[str, int, int, str]]:
    named = {"a": "a", "b": "b", "t": "tie"}
    return [(rater, 0, 1, named[letter]) for letter in outcomes]


def test_each_rule_has_a_threshold_that_terms_can_set() -> None:
    assert RULES.keys() == THRESHOLDS.keys()
    for name, rule in RULES.items():
        assert (rule.name, rule.version) == (name, 1)
        assert THRESHOLDS[name].least <= THRESHOLDS[name].default <= THRESHOLDS[name].most
        assert rule.reason.endswith(".")


def test_raters_with_fewer_votes_do_not_count() -> None:
    evidence = make_evidence(_answers("ab") + _answers("abt", "two"))
    (found,) = _find("few-votes", evidence, 3)
    assert (found.rater, found.votes, found.figures) == ("one", [0, 1], {"votes": 2})


def test_too_fast_takes_the_fast_votes_alone() -> None:
    evidence = make_evidence(_answers("aba") + _answers("b", "two"), seconds=[0.5, 30, 1.2, 40])
    (found,) = _find("too-fast", evidence, 2.0)
    assert (found.rater, list(found.votes), dict(found.figures)) == ("one", [0, 2], {"fastest_s": 0.5})


@pytest.mark.parametrize(("outcomes", "streak"), [("bb" + "a" * 15 + "b", 15), ("ab" * 30, None)])
def test_streaks_are_equal_answers_in_a_row(outcomes: str, streak: int | None) -> None:
    found = _find("streaks", make_evidence(_answers(outcomes)), 15)
    assert [each.figures["streak"] for each in found] == ([streak] if streak else [])
    assert all(len(each.votes) == len(outcomes) for each in found)


def test_one_sided_is_told_by_an_exact_test() -> None:
    # Two-sided: 2 * 0.5 ** 11 is below a thousandth, 2 * 0.5 ** 10 is not.
    evidence = make_evidence(_answers("a" * 11) + _answers("b" * 10, "two") + _answers("abt" * 9, "three"))
    (found,) = _find("one-sided", evidence, 0.001)
    assert (found.rater, found.figures["left"], found.figures["chance"]) == ("one", 11, 0.000977)


def test_loyal_raters_give_each_other_away() -> None:
    cast = vote_as(np.random.default_rng(1), {"honest": 60, "loyal": 20})
    evidence = make_evidence(cast)
    found = _find("loyalty", evidence)
    assert _kinds(found)["loyal"] >= 16
    assert _kinds(found)["honest"] <= 2
    assert {each.figures["contender"] for each in found if each.rater.startswith("loyal")} == {"c7"}
    assert all(len(each.votes) == 20 for each in found)


def test_nobody_is_loyal_to_the_best_for_liking_it() -> None:
    """Honest raters prefer the best contender most of the time."""
    cast = vote_as(np.random.default_rng(2), {"honest": 60}, taste=0.0)
    assert not _find("loyalty", make_evidence(cast))


def test_disagreement_finds_inverted_and_some_random_raters() -> None:
    cast = vote_as(np.random.default_rng(3), {"honest": 60, "inverted": 5, "random": 15}, votes=60)
    kinds = _kinds(_find("disagreement", make_evidence(cast)))
    assert kinds["inverted"] == 5
    assert kinds["random"] >= 4
    assert kinds["honest"] <= 1


def test_a_few_votes_are_too_few_to_disagree() -> None:
    cast = vote_as(np.random.default_rng(3), {"honest": 60}) + vote_as(
        np.random.default_rng(4), {"inverted": 20}, votes=4
    )
    assert not _kinds(_find("disagreement", make_evidence(cast)))["inverted"]


def test_a_rater_who_moves_a_rating_alone_has_leverage() -> None:
    rng = np.random.default_rng(5)
    cast = vote_as(rng, {"honest": 40}) + vote_as(rng, {"loyal": 1}, votes=400)
    (found,) = _find("leverage", make_evidence(cast))
    assert (found.rater, found.figures["contender"]) == ("loyal 0", "c7")
    assert float(found.figures["points"]) > 20
    assert not _find("leverage", make_evidence(cast), 1000)


def test_an_eager_honest_rater_has_none() -> None:
    rng = np.random.default_rng(5)
    cast = vote_as(rng, {"honest": 40})
    cast += [("eager", a, b, out) for _, a, b, out in vote_as(rng, {"honest": 1}, votes=400, taste=0.0)]
    assert not _find("leverage", make_evidence(cast))


def test_raters_from_one_origin_who_push_one_contender_are_found() -> None:
    rng = np.random.default_rng(6)
    cast = vote_as(rng, {"honest": 60, "loyal": 12}, votes=8)
    lab = {f"honest {number}": ("lab", f"pc {number}") for number in range(12)}
    farm = {f"loyal {number}": ("farm", f"phone {number}") for number in range(12)}
    evidence = make_evidence(cast, origins=lab | farm)
    found = _find("shared-origin", evidence)
    assert _kinds(found) == {"loyal": 12}
    assert {(each.figures["raters"], each.figures["contender"]) for each in found} == {(12, "c7")}
    assert not _find("shared-origin", make_evidence(cast))


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"few-votes"}))
def test_rules_stand_a_single_vote_and_votes_without_preference(name: str) -> None:
    for outcomes in ("a", "ttt"):
        assert not _find(name, make_evidence(_answers(outcomes)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_honest_raters_are_hardly_ever_excluded(seed: int) -> None:
    """The rules' defaults, on crowds without an attack: all honest, or a fifth at random."""
    for kinds in ({"honest": 100}, {"honest": 75, "random": 20, "loyal": 5}):
        evidence = make_evidence(vote_as(np.random.default_rng(seed), kinds))
        found = {each.rater for name in RULES for each in _find(name, evidence)}
        wrongly = sum(rater.startswith("honest") for rater in found)
        assert wrongly <= 0.02 * kinds["honest"]
