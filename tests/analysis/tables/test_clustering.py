from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.subject import rate_frame
from analysis.tables.clustering import clustering, independent_fit, steps_told_apart, typical_ratio
from elo.fit import ELO_SCALE
from tests.factories_frames import Study, draw_tastes

SUBJECT = rate_frame(draw_tastes(1))


def test_independent_intervals_are_those_of_statsmodels() -> None:
    """Sandwich errors of a logistic regression on the votes: HC0, about the mean of all contenders."""
    frame = Study(votes=1500).draw(2)
    subject = rate_frame(frame)
    table = clustering(subject).set_index("contender").sort_index()
    names = table.index.tolist()
    design = np.stack(
        [(frame["contender_a"] == name).astype(float) - (frame["contender_b"] == name) for name in names],
        axis=1,
    )
    fitted = sm.GLM((frame["outcome"] == "a").astype(float), design[:, 1:], family=sm.families.Binomial())
    covariance = np.zeros((len(names), len(names)))
    covariance[1:, 1:] = fitted.fit(cov_type="HC0", tol=1e-14).cov_params()
    centre = np.eye(len(names)) - 1 / len(names)
    errors = ELO_SCALE * np.sqrt(np.diag(centre @ covariance @ centre))
    half = (table["independent_upper"] - table["independent_lower"]).to_numpy() / 2
    assert half == pytest.approx(1.959964 * errors, rel=1e-3)


def test_tastes_of_raters_and_prompts_make_clustered_intervals_wider() -> None:
    table = clustering(SUBJECT)
    typical, least, most = typical_ratio(table)
    assert 1 <= least <= typical <= most
    assert typical > 1.4
    assert table["rating"].tolist() == [row.rating for row in SUBJECT.board.rows]


def test_votes_without_tastes_have_much_the_same_intervals() -> None:
    typical, _, _ = typical_ratio(clustering(rate_frame(Study(votes=3000).draw(1))))
    assert 0.9 < typical < 1.4


def test_fewer_neighbours_differ_with_clustering() -> None:
    independent = independent_fit(SUBJECT)
    found = steps_told_apart(SUBJECT, independent)
    assert found.clustered <= found.independent <= found.of == len(SUBJECT.names) - 1
    gaps = [independent.difference(*pair) for pair in zip(SUBJECT.names[:-1], SUBJECT.names[1:], strict=True)]
    assert found.independent == sum(gap.lower > 0 for gap in gaps)


def test_votes_without_prompts_and_raters_have_no_clusters() -> None:
    with pytest.raises(ValueError, match="column prompt or rater"):
        clustering(rate_frame(Study().draw(1).drop(columns=["prompt", "rater"])))


def test_an_anchor_has_no_interval_and_no_ratio() -> None:
    table = clustering(rate_frame(Study().draw(1), anchor=("m0", 1000))).set_index("contender")
    assert np.isnan(table["wider"].to_numpy()[table.index.tolist().index("m0")])
    assert table["wider"].notna().sum() == 4
