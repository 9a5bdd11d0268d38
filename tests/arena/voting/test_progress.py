from __future__ import annotations

from random import Random

import pytest

from arena.voting.ballots import open_ballot, skip_ballot
from arena.voting.models import Rater
from arena.voting.progress import Effort, Progress, rater_progress
from arena.voting.votes import cast_vote
from tests.factories import make_study

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("contenders", "prompts", "total"), [(2, 3, 3), (3, 2, 2), (4, 2, 4), (5, 1, 2)])
def test_the_total_is_reached_by_voting_and_never_moves(contenders: int, prompts: int, total: int) -> None:
    study, rater, random = (
        make_study(contenders=contenders, prompts=prompts),
        Rater.objects.create(),
        Random(3),
    )
    assert rater_progress(study=study, rater=None) == Progress(0, total)
    for votes in range(total):
        ballot = open_ballot(study=study, rater=rater, random=random)
        assert ballot is not None
        assert rater_progress(study=study, rater=rater) == Progress(votes, total)
        cast_vote(ballot=ballot, outcome="a")
    assert rater_progress(study=study, rater=rater) == Progress(total, total)
    assert open_ballot(study=study, rater=rater, random=random) is None


def test_a_skipped_pair_is_no_longer_part_of_the_total() -> None:
    study, rater = make_study(prompts=3), Rater.objects.create()
    ballot = open_ballot(study=study, rater=rater)
    assert ballot is not None
    skip_ballot(ballot=ballot)
    assert rater_progress(study=study, rater=rater) == Progress(0, 2)


def test_another_raters_votes_change_nothing() -> None:
    study = make_study(prompts=3)
    ballot = open_ballot(study=study, rater=Rater.objects.create())
    assert ballot is not None
    cast_vote(ballot=ballot, outcome="a")
    assert rater_progress(study=study, rater=Rater.objects.create()) == Progress(0, 3)


@pytest.mark.parametrize(("pair_s", "pairs", "minutes"), [(10, 1, 1), (30, 4, 2), (31, 4, 3), (10, 0, 1)])
def test_minutes_are_rounded_up(pair_s: int, pairs: int, minutes: int) -> None:
    assert Effort(True, pair_s).minutes(pairs) == minutes
