from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd
import pytest

from analysis.subject import rate_frame
from analysis.tables.raters import agreement_table, consistency_table, fragility_table
from elo.raters import agreement, consistency
from elo.robustness import fragility
from tests.factories_frames import Study

SUBJECT = rate_frame(Study(votes=1200, prompts=6, raters=12, ties=0.1).draw(1))


def test_agreement_is_that_of_the_engine() -> None:
    table = agreement_table(SUBJECT).set_index("metric")
    found = agreement(SUBJECT.votes, metric="ordinal")
    row = table.loc["ordinal"]
    assert (row["alpha"], row["lower"], row["upper"]) == (found.alpha, found.lower, found.upper)
    assert row["items"] == found.items


def test_consistency_is_that_of_the_engine() -> None:
    row, found = consistency_table(SUBJECT).iloc[0], consistency(SUBJECT.votes)
    assert (row["same_answer"], row["repeats"]) == (found.same.share, found.same.repeats)
    assert row["chance"] == found.chance


def test_fragility_has_a_row_for_each_step_with_all_kinds() -> None:
    table = fragility_table(SUBJECT)
    assert table[["above", "below"]].to_numpy().tolist() == [
        [above, below] for above, below in zip(SUBJECT.names, SUBJECT.names[1:], strict=False)
    ]
    for row in fragility(SUBJECT.votes).rows:
        found = table[table["above"] == row.above].iloc[0][f"{row.kind}s"]
        assert found == row.needed or (row.needed is None and found != found)


def test_kinds_that_votes_do_not_record_have_no_column() -> None:
    frame = Study().draw(1).drop(columns="rater")
    assert "raters" not in fragility_table(rate_frame(frame))


def test_agreement_needs_raters() -> None:
    with pytest.raises(ValueError, match="rater"):
        agreement_table(rate_frame(Study().draw(1).drop(columns="rater")))


def first_answers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return each rater's first answer to each prompt and pair: 0, 1 or 2, with the pair's names in order."""
    first = frame[["contender_a", "contender_b"]].min(axis=1)
    code = frame["outcome"].map({"a": 0, "tie": 1, "both_bad": 1, "b": 2})
    pair = first + "|" + frame[["contender_a", "contender_b"]].max(axis=1)
    answers = frame.assign(pair=pair, code=code.where(frame["contender_a"] == first, 2 - code))
    return answers.drop_duplicates(["prompt", "pair", "rater"])


def test_alpha_is_that_of_the_package_krippendorff() -> None:
    frame = Study(votes=1200, prompts=6, raters=12, ties=0.1).draw(1)
    answers = first_answers(frame)
    counts = pd.crosstab([answers["prompt"], answers["pair"]], answers["code"]).to_numpy()
    both_orders = np.concatenate([counts, counts[:, ::-1]])
    table = agreement_table(SUBJECT).set_index("metric")
    n = counts[counts.sum(axis=1) > 1].sum()
    assert table["answers"].tolist() == [n, n]
    for metric in ("nominal", "ordinal"):
        theirs = krippendorff.alpha(value_counts=both_orders, level_of_measurement=metric)
        # The package takes each answer for two, in its correction (n - 1) / n for small samples.
        expected = 1 - (1 - theirs) * (1 - 1 / n) / (1 - 1 / (2 * n))
        assert table["alpha"].to_dict()[metric] == pytest.approx(expected)


def test_self_consistency_is_that_of_a_count_by_hand() -> None:
    frame = Study(votes=1200, prompts=6, raters=12, ties=0.1).draw(1)
    first = frame[["contender_a", "contender_b"]].min(axis=1)
    code = frame["outcome"].map({"a": 0, "tie": 1, "b": 2, "both_bad": 3})
    turned = code.map({0: 2, 1: 1, 2: 0, 3: 3})
    pair = first + "|" + frame[["contender_a", "contender_b"]].max(axis=1)
    said = frame.assign(pair=pair, code=code.where(frame["contender_a"] == first, turned))
    same = of = 0
    for _, group in said.groupby(["rater", "prompt", "pair"]):
        codes = group["code"].to_numpy()
        pairs = np.triu_indices(len(codes), 1)
        same += int((codes[pairs[0]] == codes[pairs[1]]).sum())
        of += len(pairs[0])
    row = consistency_table(SUBJECT).iloc[0]
    assert row["same_answer"] == pytest.approx(same / of, abs=0.02)


def test_the_fewest_votes_that_turn_two_contenders_are_those_of_arithmetic() -> None:
    """Of 30 wins to 25, six must go until the other is ahead."""
    frame = pd.DataFrame({"contender_a": "x", "contender_b": "y", "outcome": ["a"] * 30 + ["b"] * 25})
    row = fragility_table(rate_frame(frame)).iloc[0]
    assert (row["above"], row["below"], row["votes"], row["votes_of"]) == ("x", "y", 6, 55)
