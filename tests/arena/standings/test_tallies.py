from __future__ import annotations

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.standings.tallies import NOTHING, read_votes, votes_at_head
from arena.voting.ledger import GENESIS, ledger_head
from arena.voting.models import Ballot, Rater, Study
from arena.voting.votes import exclude_vote
from elo import OUTCOMES, Votes
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def _read(study: Study, track: str = TRACK) -> Votes:
    votes = read_votes(study=study, track=track).votes
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
    assert read_votes(study=make_study(), track=TRACK) == NOTHING


def test_sides_and_outcomes_come_as_they_were_voted() -> None:
    study = make_study()
    one, other = study.contenders.order_by("pk").values_list("slug", flat=True)
    cast(study, "a")
    cast(study, "both_bad", sides=(1, 0))
    assert sorted(_rows(_read(study))) == sorted([(one, other, "a", 1), (other, one, "both_bad", 1)])


def test_equal_votes_of_one_rater_on_one_prompt_add_up() -> None:
    study, rater = make_study(), Rater.objects.create()
    for outcome in ("a", "a", "tie"):
        cast(study, outcome, rater=rater)
    assert sorted(weight for *_, weight in _rows(_read(study))) == [1, 2]


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
    silent = cast(study, "b")
    Ballot.objects.filter(pk=silent.ballot_id).update(track="t2v")
    cast(make_study("other"), "tie")
    assert [outcome for _, _, outcome, _ in _rows(_read(study))] == ["a"]
    assert [outcome for _, _, outcome, _ in _rows(_read(study, "t2v"))] == ["b"]


def test_the_head_comes_with_the_votes_that_it_stands_for() -> None:
    study = make_study()
    assert votes_at_head(study=study, track=TRACK) == (NOTHING, GENESIS)
    cast(study)
    tallied, head = votes_at_head(study=study, track=TRACK)
    assert tallied.votes is not None
    assert head == ledger_head(study)


def test_one_query_for_any_number_of_votes(
    rated_study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        read_votes(study=rated_study, track=TRACK)
