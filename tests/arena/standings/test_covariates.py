from __future__ import annotations

import numpy as np
import pytest

from arena.runs.models import Rendition
from arena.standings.boards import current_standing
from arena.standings.tallies import read_votes
from arena.voting.models import Study
from elo import Votes, fit
from tests.factories_voting import cast_all_pairs

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _measure_all(seed: int = 1) -> dict[int, tuple[float, float]]:
    """Give each rendition a loudness and a motion, and return them by key."""
    rng = np.random.default_rng(seed)
    for rendition in Rendition.objects.order_by("pk"):
        rendition.loudness_lufs, rendition.motion = rng.normal(-23, 2), rng.uniform(0, 20)
        rendition.save()
    return {each.pk: (each.loudness_lufs or 0.0, each.motion or 0.0) for each in Rendition.objects.all()}


def _control(study: Study, *covariates: str) -> None:
    Study.objects.filter(pk=study.pk).update(fit={"covariates": covariates})
    study.refresh_from_db()


def test_ratings_are_controlled_for_loudness_and_motion(rated_study: Study) -> None:
    features = _measure_all()
    _control(rated_study, "loudness", "motion")
    found = current_standing(study=rated_study, track=TRACK)
    assert found.ratings is not None
    assert found.fit.model.endswith("controlled for loudness, motion")
    rows = rated_study.ballots.values_list(
        "rendition_a__clip__job__contender__slug",
        "rendition_b__clip__job__contender__slug",
        "vote__outcome",
        "prompt",
        "rater",
        "rendition_a",
        "rendition_b",
    )
    a, b, outcome, prompt, rater, shown_a, shown_b = zip(*rows, strict=True)
    sides = zip(shown_a, shown_b, strict=True)
    gaps = np.array([np.subtract(features[one], features[other]) for one, other in sides])
    votes = Votes.from_columns(
        contender_a=a,
        contender_b=b,
        outcome=outcome,
        prompt=prompt,
        rater=[str(each) for each in rater],
        covariates={"loudness": gaps[:, 0].tolist(), "motion": gaps[:, 1].tolist()},
    )
    again = fit(votes, clusters=("prompt", "rater"), covariates=("loudness", "motion"))
    assert dict(zip(found.ratings.contenders, found.ratings.ratings, strict=True)) == pytest.approx(
        dict(zip(again.contenders, again.ratings, strict=True)), abs=1e-6
    )
    assert found.ratings.parameters["motion"] == pytest.approx(again.parameters["motion"])


def test_a_feature_that_is_not_recorded_is_named_and_read_once_it_is(rated_study: Study) -> None:
    _control(rated_study, "motion")
    before = current_standing(study=rated_study, track=TRACK)
    assert (before.board, before.votes) == (None, 36)
    assert before.missing == (
        "Motion must be recorded of every clip that was voted on; some have none. "
        "Run: manage.py measure_clips"
    )
    _measure_all()
    assert current_standing(study=rated_study, track=TRACK).board is not None


def test_a_feature_that_is_equal_everywhere_changes_nothing(rated_study: Study) -> None:
    plain = current_standing(study=rated_study, track=TRACK).board
    _control(rated_study, "frame_rate")
    cast_all_pairs(rated_study, rated_study.ballots.earliest("issued_at").rater)
    controlled = current_standing(study=rated_study, track=TRACK).board
    votes = read_votes(study=rated_study, track=TRACK)
    assert plain is not None
    assert controlled is not None
    assert votes is not None
    again = {row.contender: row.rating for row in fit(votes, clusters=("prompt", "rater")).rows()}
    assert {row.contender: row.rating for row in controlled.rows} == pytest.approx(again)
