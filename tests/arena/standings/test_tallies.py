from __future__ import annotations

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.standings.tallies import NOTHING, read_votes, votes_at_head
from arena.voting.exclusions import exclude_vote
from arena.voting.ledger import GENESIS, ledger_head
from arena.voting.models import Rater, Study
from arena.voting.votes import cast_vote
from elo import OUTCOMES, Votes
from tests.factories import make_ballot, make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _read(study: Study, track: str = TRACK) -> Votes:
    votes = read_votes(study=study, track=track)
    assert votes is not None
    return votes


def _rows(votes: Votes) -> list[tuple[str, str, str, float]]:
    """Sides, outcome and weight of each row, by name."""
    return [
        (votes.contenders[a], votes.contenders[b], OUTCOMES[outcome], weight)
        for a, b, outcome, weight in zip(
            votes.contender_a, votes.contender_b, votes.outcome, votes.weight, strict=True
        )
    ]


def test_a_study_without_votes_has_no_tally() -> None:
    assert read_votes(study=make_study(), track=TRACK) is None


def test_sides_and_outcomes_come_as_they_were_voted() -> None:
    study = make_study()
    one, other = study.contenders.order_by("pk").values_list("slug", flat=True)
    cast(study, "a")
    cast(study, "both_bad", sides=(1, 0))
    assert sorted(_rows(_read(study))) == sorted([(one, other, "a", 1), (other, one, "both_bad", 1)])


def test_each_vote_of_one_rater_on_one_prompt_counts() -> None:
    study, rater = make_study(), Rater.objects.create()
    for outcome in ("a", "a", "tie"):
        cast(study, outcome, rater=rater)
    votes = _read(study)
    assert votes.weight.sum() == 3
    assert (votes.raters, votes.prompts) == (1, 1)


def test_raters_and_prompts_come_along_as_clusters() -> None:
    study, rater = make_study(prompts=2), Rater.objects.create()
    cast(study, rater=rater, prompt=0)
    cast(study, rater=rater, prompt=1)
    cast(study, prompt=1)
    votes = _read(study)
    assert (votes.raters, votes.prompts) == (2, 2)


def test_an_excluded_vote_doesnt_count() -> None:
    study = make_study()
    cast(study, "a")
    exclude_vote(vote=cast(study, "b"), rule="too-fast", reason="Answered within a second.")
    assert [outcome for _, _, outcome, _ in _rows(_read(study))] == ["a"]


def test_other_studies_and_tracks_dont_count() -> None:
    study = make_study(tracks=[TRACK, "t2v"])
    cast(study, "a")
    cast_vote(ballot=make_ballot(study, track="t2v"), outcome="b")
    cast(make_study("other"), "tie")
    assert [outcome for _, _, outcome, _ in _rows(_read(study))] == ["a"]
    assert [outcome for _, _, outcome, _ in _rows(_read(study, "t2v"))] == ["b"]


def test_the_head_comes_with_the_votes_that_it_stands_for() -> None:
    study = make_study()
    assert votes_at_head(study=study, track=TRACK)[:2] == (NOTHING, GENESIS)
    cast(study)
    now = votes_at_head(study=study, track=TRACK)
    assert now.tallied.votes is not None
    assert now.head == ledger_head(study)


def test_after_one_more_vote_only_its_rater_is_read_again(
    rated_study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    before = _read(rated_study)
    cast(rated_study, "b")
    with django_assert_num_queries(2):  # the board's version, and the changed sheet
        after = _read(rated_study)
    assert len(after.weight) == len(before.weight) + 1
    with django_assert_num_queries(1):
        assert len(_read(rated_study).weight) == len(after.weight)
