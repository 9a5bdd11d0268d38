from __future__ import annotations

import io
import json
from collections.abc import Callable

import evalica
import numpy as np
import pandas as pd
import pytest
from evalica.__main__ import read_csv as read_evalica
from scipy.optimize import minimize
from scipy.special import expit

from analysis.export.layouts import LAYOUTS, VOTE_FORMS, lay_out, vote_file
from analysis.subject import rate_frame
from elo.arrays import Floats
from tests.factories_frames import Study

FRAME = Study(votes=1500, ties=0.2, side=0.2).draw(1).assign(at="2026-03-01T12:00:00+00:00", language="en")
WINS = {"model_a": 1.0, "model_b": 0.0, "tie": 0.5, "both_bad": 0.5}
"""Credit of the left contender for the words that arena-rank documents."""


def on_the_left(frame: pd.DataFrame, credit: dict[str, float]) -> dict[str, float]:
    """Return the credit that each contender took while it was shown on the left."""
    left = np.where(frame["side"] == "left", frame["contender_a"], frame["contender_b"])
    won = frame["outcome"].map(credit)
    credited = won.where(frame["side"] == "left", 1 - won).groupby(left).sum()
    return {str(name): float(value) for name, value in credited.items()}


def test_evalica_rates_an_exported_file_as_we_do() -> None:
    content = vote_file(lay_out(FRAME, "evalica"), ".csv").decode()
    found = evalica.bradley_terry(*read_evalica(io.StringIO(content)), tolerance=1e-12, limit=10_000).scores
    ours = rate_frame(FRAME).ratings
    theirs = ours.method.asked.scale * np.log(found[list(ours.contenders)].to_numpy())
    assert theirs - theirs.mean() == pytest.approx(ours.ratings - ours.ratings.mean(), abs=1e-3)


def test_arena_rank_finds_the_columns_and_words_that_it_documents() -> None:
    """`PairDataset.from_pandas` takes model_a, model_b and winner; an unknown word would be half a win."""
    found = pd.read_csv(io.BytesIO(vote_file(lay_out(FRAME, "arena-rank"), ".csv")))
    assert set(found["winner"]) == set(WINS)
    assert found["winner"].map(WINS).groupby(found["model_a"]).sum().to_dict() == pytest.approx(
        on_the_left(FRAME, {"a": 1.0, "b": 0.0, "tie": 0.5, "both_bad": 0.5})
    )
    assert found["judge"].tolist() == FRAME["rater"].tolist()
    assert found["question_id"].tolist() == FRAME["prompt"].tolist()


def test_arena_ranks_published_algorithm_rates_an_exported_file_as_we_do() -> None:
    """The algorithm of arena-rank 0.1.1, without its package: the mean logistic loss by L-BFGS, from 0.

    Its ratings are 400 / ln 10 times the strengths, and 1000 for a strength of 0.
    """
    found = pd.read_csv(io.BytesIO(vote_file(lay_out(FRAME, "arena-rank"), ".csv")))
    names = sorted({*found["model_a"], *found["model_b"]})
    a, b = (found[side].map(names.index).to_numpy() for side in ("model_a", "model_b"))
    won = found["winner"].map(WINS).to_numpy(dtype=float)

    def loss(strengths: Floats) -> tuple[float, Floats]:
        gap = strengths[a] - strengths[b]
        error = expit(gap) - won
        slope = np.bincount(a, error, len(names)) - np.bincount(b, error, len(names))
        return float(np.mean(np.logaddexp(0, gap) - won * gap)), slope / len(found)

    solved = minimize(
        loss,
        np.zeros(len(names)),
        jac=True,
        method="L-BFGS-B",
        options={"ftol": 1e-18, "gtol": 1e-12, "maxiter": 1000},
    )
    theirs = 1000 + 400 / np.log(10) * solved.x
    ratings = rate_frame(FRAME).ratings
    ours = dict(zip(ratings.contenders, ratings.ratings, strict=True))
    wanted = np.array([ours[name] for name in names])
    assert theirs - theirs.mean() == pytest.approx(wanted - wanted.mean(), abs=1e-3)


def test_fastchat_finds_the_columns_that_its_analysis_reads() -> None:
    found = pd.read_json(io.BytesIO(vote_file(lay_out(FRAME, "fastchat"), ".json")))
    assert set(found["winner"]) == {"model_a", "model_b", "tie", "tie (bothbad)"}
    assert found["tstamp"].tolist() == [1772366400.0] * len(FRAME)
    assert found["anony"].all()
    assert found["turn"].eq(1).all()
    assert found["language"].eq("en").all()
    assert {"judge", "question_id"} <= set(found)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", VOTE_FORMS)
def test_what_is_written_is_read_again_with_the_same_ratings(layout: str, suffix: str) -> None:
    content = vote_file(lay_out(FRAME, layout), suffix)
    assert content == vote_file(lay_out(FRAME, layout), suffix)
    readers: dict[str, Callable[[io.BytesIO], pd.DataFrame]] = {
        ".csv": pd.read_csv,
        ".json": pd.read_json,
        ".jsonl": lambda file: pd.DataFrame([json.loads(line) for line in file]),
        ".parquet": pd.read_parquet,
    }
    again = rate_frame(readers[suffix](io.BytesIO(content))).ratings
    ours = rate_frame(FRAME).ratings
    assert again.contenders == ours.contenders
    assert again.ratings == pytest.approx(ours.ratings, abs=1e-6)
    assert (again.diagnostics.prompts, again.diagnostics.raters) == (24, 30)


def test_votes_without_times_keep_their_order_for_fastchat() -> None:
    found = lay_out(FRAME.drop(columns="at"), "fastchat")
    assert found["tstamp"].tolist() == list(range(len(FRAME)))
    assert "tstamp" not in lay_out(FRAME.drop(columns="at"), "arena-rank")


def test_a_weight_becomes_so_many_rows_and_empty_rows_none() -> None:
    frame = FRAME.head(3).assign(weight=[2, 0, 1])
    assert lay_out(frame, "arena-rank")["question_id"].tolist() == [
        frame["prompt"].iloc[0],
        frame["prompt"].iloc[0],
        frame["prompt"].iloc[2],
    ]
    with pytest.raises(ValueError, match=r"whole number of votes .* got 0.5"):
        lay_out(frame.assign(weight=0.5), "evalica")


def test_a_covariate_follows_the_contender_that_is_shown_on_the_left() -> None:
    found = lay_out(FRAME, "arena-rank", covariates=["duration"])
    sign = np.where(FRAME["side"] == "left", 1, -1)
    assert found["duration"].to_numpy() == pytest.approx(FRAME["duration"].to_numpy() * sign)


def test_an_unknown_layout_or_suffix_is_refused_with_those_known() -> None:
    with pytest.raises(ValueError, match="one of paddock, fastchat, arena-rank, evalica; got chess"):
        lay_out(FRAME, "chess")
    with pytest.raises(ValueError, match=r"one of .csv, .json, .jsonl, .parquet; got '.xml'"):
        vote_file(FRAME, ".xml")


def test_votes_that_cannot_be_read_are_refused_by_the_engines_message() -> None:
    with pytest.raises(ValueError, match="The votes lack outcome"):
        lay_out(FRAME.drop(columns="outcome"), "evalica")
    with pytest.raises(ValueError, match="Unknown outcome 'draw'"):
        lay_out(FRAME.assign(outcome="draw"), "evalica")
