from __future__ import annotations

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
