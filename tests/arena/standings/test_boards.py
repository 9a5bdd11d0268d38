from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from arena.standings import boards
from arena.standings.boards import LARGE_S, RECENT_S, current_standing, recent_standing
from arena.voting.exclusions import exclude_rater, exclude_vote
from arena.voting.ledger import GENESIS, ledger_head
from arena.voting.models import Rater, Study
from tests.factories import make_study
from tests.factories_voting import cast, cast_all_pairs

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


def test_without_votes_it_says_so() -> None:
    standing = current_standing(study=make_study(), track=TRACK)
    assert (standing.head, standing.votes, standing.board) == (GENESIS, 0, None)
    assert standing.missing == "There are no votes yet."


def test_with_one_rater_on_one_prompt_it_asks_for_another_of_either() -> None:
    study, rater = make_study(), Rater.objects.create()
    for outcome in ("a", "b"):
        cast(study, outcome, rater=rater)
    standing = current_standing(study=study, track=TRACK)
    assert (standing.votes, standing.board) == (2, None)
    assert "one rater’s on one prompt" in standing.missing


def test_with_one_rater_intervals_are_clustered_on_prompts_alone() -> None:
    study = make_study(contenders=2, prompts=4)
    cast_all_pairs(study, Rater.objects.create(), "aab")
    board = current_standing(study=study, track=TRACK).board
    assert board is not None
    assert board.settings["clusters"] == ["prompt"]


def test_with_one_prompt_intervals_are_clustered_on_raters_alone() -> None:
    study = make_study()
    for outcome in ("a", "a", "b", "a"):
        cast(study, outcome)
    board = current_standing(study=study, track=TRACK).board
    assert board is not None
    assert board.settings["clusters"] == ["rater"]


def test_with_several_of_both_they_are_clustered_on_both(rated_study: Study) -> None:
    board = current_standing(study=rated_study, track=TRACK).board
    assert board is not None
    assert board.settings["clusters"] == ["prompt", "rater"]
    assert board.settings["votes"] == 36


def test_while_one_contender_wins_all_it_names_what_is_missing() -> None:
    study = make_study(prompts=2)
    for prompt in (0, 1):
        cast(study, "a", prompt=prompt)
    standing = current_standing(study=study, track=TRACK)
    assert standing.board is None
    assert standing.missing == "Ratings need more votes."
    assert any(slug in standing.culprits for slug in study.contenders.values_list("slug", flat=True))


def test_one_who_won_everything_leaves_the_others_their_board() -> None:
    study = make_study(contenders=3, prompts=3)
    first, second, unbeaten = study.contenders.order_by("pk").values_list("slug", flat=True)
    for prompt, outcomes in enumerate(("ab", "bab", "aab")):
        for outcome in outcomes:
            cast(study, outcome, prompt=prompt)
    alone = current_standing(study=study, track=TRACK).board
    for prompt in range(2):
        cast(study, "a", sides=(2, 0), prompt=prompt)
    standing = current_standing(study=study, track=TRACK)
    assert standing.board is not None
    assert alone is not None
    assert standing.board.rows == alone.rows
    assert set(standing.board.contenders) == {first, second}
    assert [each.contender for each in standing.board.unrated] == [unbeaten]
    assert standing.culprits == f"{unbeaten} has no finite rating yet: it won all its 2 votes."


def test_if_the_rated_have_one_rater_on_one_prompt_it_asks_for_another_of_either() -> None:
    study, rater = make_study(contenders=3, prompts=2), Rater.objects.create()
    for outcome in ("a", "b"):
        cast(study, outcome, rater=rater)
    cast(study, "a", sides=(2, 0), prompt=1)
    standing = current_standing(study=study, track=TRACK)
    assert (standing.votes, standing.board) == (3, None)
    assert "one rater’s on one prompt" in standing.missing


def test_who_wins_more_stands_higher(rated_study: Study) -> None:
    """In each pair of the fixture the first contender wins most."""
    board = current_standing(study=rated_study, track=TRACK).board
    assert board is not None
    assert list(board.contenders) == list(
        rated_study.contenders.order_by("pk").values_list("slug", flat=True)
    )


def test_an_excluded_vote_doesnt_count(rated_study: Study) -> None:
    """A rater who comes and is excluded leaves the board as it was."""
    before = current_standing(study=rated_study, track=TRACK)
    robot = Rater.objects.create()
    cast_all_pairs(rated_study, robot, "b")
    assert current_standing(study=rated_study, track=TRACK).board != before.board
    exclude_rater(study=rated_study, rater_id=robot.pk, rule="robot", reason="Votes in its sleep.")
    after = current_standing(study=rated_study, track=TRACK)
    assert (after.votes, after.board) == (before.votes, before.board)
    assert after.head != before.head


def test_it_is_computed_once_for_each_head(
    rated_study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = current_standing(study=rated_study, track=TRACK)
    with django_assert_num_queries(3):
        assert current_standing(study=rated_study, track=TRACK) == first
    vote = cast(rated_study, "b")
    second = current_standing(study=rated_study, track=TRACK)
    assert (second.votes, second.head) == (first.votes + 1, ledger_head(rated_study))
    exclude_vote(vote=vote, rule="withdrawn", reason="Asked to.")
    assert current_standing(study=rated_study, track=TRACK).votes == first.votes


def test_in_passing_a_standing_may_be_a_minute_old(
    rated_study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = recent_standing(study=rated_study, track=TRACK)
    cast(rated_study, "b")
    with django_assert_num_queries(0):
        assert recent_standing(study=rated_study, track=TRACK) == first
    with time_machine.travel(timezone.now() + timedelta(seconds=RECENT_S + 1)):
        assert recent_standing(study=rated_study, track=TRACK).votes == first.votes + 1


def test_a_large_board_may_be_seconds_old_and_tells_its_own_head(
    rated_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "LARGE", 36)
    first = current_standing(study=rated_study, track=TRACK)
    cast(rated_study, "b")
    assert current_standing(study=rated_study, track=TRACK) == first
    with time_machine.travel(timezone.now() + timedelta(seconds=LARGE_S + 1)):
        later = current_standing(study=rated_study, track=TRACK)
    assert (later.votes, later.head) == (first.votes + 1, ledger_head(rated_study))
