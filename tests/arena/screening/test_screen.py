from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from arena.screening.reading import read_evidence
from arena.screening.screen import exclude_found, screen_study
from arena.standings.boards import current_standing
from arena.voting.exclusions import exclude_vote
from arena.voting.ledger import verify_ledger
from arena.voting.models import Exclusion, LedgerEntry, Rater, Study, Vote
from arena.voting.origins import RaterOrigin
from tests.factories import make_study
from tests.factories_voting import cast_all_pairs, open_page, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Iterator[Study]:
    """Three raters of 9 votes each, the third of whom always answers `a`; the rule finds streaks of 9."""
    made = make_study(contenders=3, prompts=3, terms={"screening": {"streaks": 9}})
    with time_machine.travel(timezone.now()):
        for outcomes in ("aabt", "abta", "a"):
            cast_all_pairs(made, Rater.objects.create(), outcomes)
        yield made


def _screen(*arguments: str) -> str:
    out = StringIO()
    call_command("screen", *arguments, stdout=out)
    return out.getvalue()


def test_evidence_is_what_counts_in_the_ledger(study: Study) -> None:
    excluded = exclude_vote(vote=Vote.objects.earliest("pk"), rule="robot", reason="Votes in its sleep.").vote
    evidence = read_evidence(study)
    votes = list(Vote.objects.counting().order_by("pk").select_related("ballot"))
    assert evidence.ballots == [str(vote.ballot_id) for vote in votes]
    assert str(excluded.ballot_id) not in evidence.ballots
    assert evidence.outcomes == [vote.outcome for vote in votes]
    assert [evidence.raters[number] for number in evidence.rater] == [str(v.ballot.rater_id) for v in votes]
    made_a = [vote.ballot.rendition_a.clip.job.contender.slug for vote in votes]
    assert [evidence.contenders[number].contender for number in evidence.a] == made_a
    assert (evidence.seconds >= 0).all()


def test_a_study_without_votes_has_nothing_to_screen() -> None:
    study = make_study(terms={"screening": {"loyalty": 0.8, "disagreement": 0.01, "streaks": 9}})
    screening = screen_study(study)
    assert screening.votes == set()
    assert exclude_found(screening) == 0


def test_what_a_rule_finds_is_excluded_with_its_version_threshold_and_figures(study: Study) -> None:
    assert "9 votes excluded. Take it back with: manage.py undo_exclusions study" in _screen("study")
    robot = Rater.objects.order_by("created_at", "pk")[2]
    assert set(Exclusion.objects.values_list("vote__ballot__rater", "rule")) == {(robot.pk, "streaks")}
    entry = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.EXCLUSION).earliest("sequence")
    assert json.loads(entry.payload)["evidence"] == {
        "version": 1,
        "threshold": 9,
        "figures": {"streak": 9, "answer": "a"},
    }
    assert verify_ledger(study) == 27 + 9
    assert "0 votes excluded" in _screen("study")


def test_a_dry_run_changes_nothing_and_shows_the_ratings(study: Study) -> None:
    before = recorded()
    told = _screen("study", "--dry-run")
    assert recorded() == before
    assert not Exclusion.objects.exists()
    lines = [line.split() for line in told.splitlines()]
    assert ["streaks", "9", "1", "9"] in lines
    assert told.endswith("Nothing was changed: this was a dry run.\n")
    board = current_standing(study=study, track="t2v-audio").board
    assert board is not None
    now = {line[1]: line[2] for line in lines if line[:1] == ["t2v-audio"]}
    assert now == {row.contender: f"{row.rating:.0f}" for row in board.rows}
    screened = {line[1]: line[-1] for line in lines if line[:1] == ["t2v-audio"]}
    _screen("study")
    board = current_standing(study=study, track="t2v-audio").board
    assert board is not None
    assert screened == {row.contender: f"{row.rating:.0f}" for row in board.rows}


def test_other_rules_can_be_tried(study: Study) -> None:
    told = _screen("study", "--dry-run", "--try", "too-fast=60", "--try", "one-sided=0.05")
    lines = [line.split() for line in told.splitlines()]
    assert ["too-fast", "60", "3", "27"] in lines
    assert ["one-sided", "0.05", "0", "0"] in lines  # no votes are left for it
    told = _screen("study", "--dry-run", "--try", "one-sided=0.05")
    assert ["one-sided", "0.05", "1", "9"] in [line.split() for line in told.splitlines()]
    assert "streaks" not in told


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["nowhere"], "Unknown study 'nowhere'"),
        (["study", "--try", "streaks=9"], "--try must come with --dry-run"),
        (
            ["study", "--dry-run", "--try", "streaks"],
            "--try must be RULE=THRESHOLD with a number; got 'streaks'",
        ),
        (["study", "--dry-run", "--try", "luck=1"], "known rules, few-votes from 2 to 100.*; got 'luck'"),
        (
            ["study", "--dry-run", "--try", "loyalty=0.2"],
            r"loyalty must be a number from 0.5 to 1 .*; got 0.2",
        ),
        (["bare"], "has no screening rules in its terms. Known: few-votes"),
    ],
)
def test_what_cannot_be_screened_is_refused(study: Study, arguments: list[str], fault: str) -> None:
    make_study("bare")
    before = recorded()
    with pytest.raises(CommandError, match=fault):
        _screen(*arguments)
    assert recorded() == before


def test_undone_exclusions_count_again_and_the_same_rule_lets_them_be(study: Study) -> None:
    whole = current_standing(study=study, track="t2v-audio").board
    _screen("study")
    out = StringIO()
    call_command("undo_exclusions", "study", rule="streaks", reason="It was a real taste.", stdout=out)
    assert out.getvalue().startswith("9 votes of 'study' count again")
    assert current_standing(study=study, track="t2v-audio").board == whole
    assert "0 votes excluded" in _screen("study")
    assert verify_ledger(study) == 27 + 18
    with pytest.raises(
        CommandError, match=r"must have exclusions in 'study' that hold; got 'streaks'\. There are: none"
    ):
        call_command("undo_exclusions", "study", rule="streaks", reason="Again.")
    with pytest.raises(CommandError, match="Unknown study"):
        call_command("undo_exclusions", "nowhere", rule="streaks", reason="Again.")


def test_undoing_needs_a_reason(study: Study) -> None:
    _screen("study")
    with pytest.raises(CommandError, match="blank"):
        call_command("undo_exclusions", "study", rule="streaks", reason="")
    assert Exclusion.objects.holding().count() == 9


# Origins.


def test_a_new_rater_leaves_keyed_hashes_for_some_days(settings: object) -> None:
    study = make_study(prompts=3)
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        open_page(Client(REMOTE_ADDR="192.0.2.7"), study)
    old = RaterOrigin.objects.get()
    ballot = open_page(Client(REMOTE_ADDR="192.0.2.7", headers={"user-agent": "Other"}), study)
    kept = RaterOrigin.objects.get()
    assert kept.rater_id == ballot.rater_id
    assert kept.network == old.network != old.device != kept.device
    assert "192.0.2.7" not in kept.network
    assert read_evidence(study).origins == {str(ballot.rater_id): (kept.network, kept.device)}


def test_no_origin_is_kept_where_none_is_wanted(settings: object) -> None:
    settings.ORIGINS_KEPT_DAYS = 0  # type: ignore[attr-defined]
    open_page(Client(), make_study())
    assert not RaterOrigin.objects.exists()
