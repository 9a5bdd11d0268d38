from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from arena.demo.tastes import Taste
from arena.voting.models import Outcome
from elo import Votes, fit
from generators.toyworld.referee.faults import Faults

FAULTLESS = Faults()
LATE = Faults(sound_offset_s=0.18)
EARLY = Faults(sound_offset_s=-0.1)
HELD = Faults(held=0.5)
WRONG = Faults(wrong_look=True)
ASTRAY = Faults(wrong_motion=True)
BLURRED = Faults(blurred=True)
MELTING = Faults(incoherent=0.6)
RESTLESS = Faults(unmatched=0.6)
SILENT = Faults(sound_offset_s=None)
ALL = (LATE, EARLY, HELD, WRONG, ASTRAY, BLURRED, MELTING, RESTLESS)
TYPICAL = Taste()
INDIFFERENT = Taste(sound=0, smoothness=0, prompt=0, picture=0)
PEOPLE = 4000


def _outcomes(a: Faults, b: Faults, taste: Taste | None = None) -> Counter[Outcome]:
    """Return the answers of this taste, or of as many people as votes, to one pair."""
    random = Random(11)
    return Counter((taste or Taste.draw(random)).judge(a, b, random) for _ in range(PEOPLE))


def _preferring(better: Faults, worse: Faults) -> float:
    """Return the share of decided votes for the better clip, on the left."""
    found = _outcomes(better, worse)
    return found[Outcome.A] / (found[Outcome.A] + found[Outcome.B])


@pytest.mark.parametrize("flawed", ALL)
def test_people_prefer_the_clip_without_a_fault_on_either_side(flawed: Faults) -> None:
    left, right = _outcomes(FAULTLESS, flawed), _outcomes(flawed, FAULTLESS)
    assert left[Outcome.A] > 2 * left[Outcome.B]
    assert right[Outcome.B] > 2 * right[Outcome.A]


@pytest.mark.parametrize("flawed", ALL)
def test_one_who_minds_nothing_prefers_neither(flawed: Faults) -> None:
    outcomes = _outcomes(FAULTLESS, flawed, INDIFFERENT)
    assert abs(outcomes[Outcome.A] - outcomes[Outcome.B]) < 4 * PEOPLE**0.5


def test_the_graver_fault_is_minded_more() -> None:
    assert _preferring(FAULTLESS, HELD) < _preferring(FAULTLESS, LATE) < _preferring(FAULTLESS, WRONG)
    assert _preferring(BLURRED, WRONG) > 0.7


def test_a_small_offset_is_noticed_by_few_and_earlier_if_the_sound_comes_first() -> None:
    late, early = Faults(sound_offset_s=0.07), Faults(sound_offset_s=-0.07)
    assert _preferring(FAULTLESS, late) < 0.6 < _preferring(FAULTLESS, early)


def test_a_clip_where_nothing_sounds_is_not_late() -> None:
    assert TYPICAL.worth(SILENT) == TYPICAL.worth(FAULTLESS) == 0


def test_two_wrong_clips_are_both_bad() -> None:
    assert _outcomes(WRONG, WRONG, TYPICAL) == {Outcome.BOTH_BAD: PEOPLE}


def test_close_calls_are_ties_sometimes() -> None:
    assert 0 < _outcomes(FAULTLESS, FAULTLESS)[Outcome.TIE] < PEOPLE / 2


def test_a_lapse_is_a_choice_by_chance() -> None:
    outcomes = _outcomes(FAULTLESS, WRONG, Taste(lapses=1.0))
    assert outcomes[Outcome.A] + outcomes[Outcome.B] == PEOPLE
    assert abs(outcomes[Outcome.A] - outcomes[Outcome.B]) < 4 * PEOPLE**0.5


def test_raters_differ_in_what_they_mind() -> None:
    random = Random(5)
    tastes = [Taste.draw(random) for _ in range(200)]
    assert {taste.worth(HELD) > taste.worth(BLURRED) for taste in tastes} == {True, False}
    assert {taste.worth(Faults(sound_offset_s=0.125)) < 0 for taste in tastes} == {True, False}
    assert all(0 <= taste.lapses <= 0.06 for taste in tastes)


def test_a_board_of_2000_votes_tells_the_faultless_from_each_flaw() -> None:
    ratings = fit(Votes.from_columns(**_board_votes(100, 20)), clusters=("prompt", "rater"))
    first, *others = ratings.rows()
    assert (first.contender, first.rank_low, first.rank_high) == ("truth", 1, 1)
    assert all(row.upper < first.lower for row in others)


def _board_votes(raters: int, each: int) -> dict[str, Any]:
    """Return votes on four contenders and 24 prompts; one of them errs in a third of the prompts."""
    random = Random(3)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("contender_a", "contender_b", "outcome", "prompt", "rater")
    }
    for rater in range(raters):
        taste = Taste.draw(random)
        for prompt in random.sample(range(24), each):
            shown = {"truth": FAULTLESS, "late": LATE, "stutter": HELD, "sometimes wrong": FAULTLESS}
            if prompt % 3 == 0:
                shown["sometimes wrong"] = WRONG
            a, b = random.sample(sorted(shown), 2)
            outcome = taste.judge(shown[a], shown[b], random)
            for name, value in zip(columns, (a, b, outcome.value, prompt, rater), strict=True):
                columns[name].append(value)
    return columns
