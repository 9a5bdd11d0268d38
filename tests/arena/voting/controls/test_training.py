from __future__ import annotations

import json
from random import Random

import pytest

from arena.organising.studies.numbers import count_study
from arena.runs.models import Rendition
from arena.screening.reading import read_evidence
from arena.standings.exports import export_raters, export_votes
from arena.voting.ballots import has_finished, open_ballot, skip_ballot
from arena.voting.ledger import counting_votes, verify_ledger
from arena.voting.models import Ballot, Control, LedgerEntry, Rater, Study, VoidReason, Vote
from arena.voting.openings import NothingToShow, close_study, reopen_study
from arena.voting.progress import Progress, rater_progress
from arena.voting.rule_changes import change_rules
from arena.voting.tally_sheets import TallySheet, rebuild_tallies
from arena.voting.terms import InvalidTerms, Terms
from arena.voting.voids import MOST_TRIES, void_ballot
from arena.voting.votes import cast_vote
from tests.factories import make_study
from tests.factories_voting import Always, make_twin_row

pytestmark = pytest.mark.django_db
KINDS = ("blur", "noise", "dropped-frames", "late-sound", "muffled-sound")


def _study(twins: int = 10, **terms: object) -> Study:
    study = make_study(contenders=3, prompts=8, terms={"training": 5, **terms})
    shown = Rendition.objects.filter(clip__job__contender__studies=study).order_by("pk")
    for number, one in enumerate(shown[:twins]):
        make_twin_row(one, KINDS[number % len(KINDS)])
    return study


def _next(study: Study, rater: Rater, seed: int = 1) -> Ballot:
    ballot = open_ballot(study=study, rater=rater, random=Random(seed))
    assert ballot is not None
    return ballot


def _train(study: Study, rater: Rater, pairs: int = 5) -> list[Vote]:
    return [cast_vote(ballot=_next(study, rater, seed), outcome="a") for seed in range(pairs)]


def test_a_new_rater_meets_each_kind_of_flaw_once_then_ordinary_pairs() -> None:
    study, rater = _study(), Rater.objects.create()
    ballots = [vote.ballot for vote in _train(study, rater)]
    assert {ballot.control for ballot in ballots} == {Control.TRAINING}
    twins = [ballot.twin for ballot in ballots if ballot.twin]
    assert {twin.degradation for twin in twins} == set(KINDS)
    assert all(ballot.rendition_a == ballot.rendition_b for ballot in ballots)
    assert _next(study, rater).control == ""


def test_no_study_trains_unless_its_terms_say_so_and_no_rater_who_has_begun() -> None:
    study, rater = _study(), Rater.objects.create()
    Study.objects.update(terms={})
    study.refresh_from_db()
    first = _next(study, rater)
    assert first.control == ""
    cast_vote(ballot=first, outcome="a")
    Study.objects.update(terms={"training": 5})
    study.refresh_from_db()
    assert _next(study, rater).control == ""
    assert _next(study, Rater.objects.create()).control == Control.TRAINING


@pytest.mark.parametrize("failure", ["void", "skip"])
def test_a_pair_that_was_voided_or_skipped_comes_back_after_the_others(failure: str) -> None:
    study, rater = _study(), Rater.objects.create()
    first = _next(study, rater)
    if failure == "void":
        void_ballot(ballot=first, reason=VoidReason.HIDDEN)
    else:
        skip_ballot(ballot=first)
    twins = [vote.ballot.twin_id for vote in _train(study, rater)]
    assert twins[-1] == first.twin_id
    assert len(set(twins)) == 5
    assert _next(study, rater).control == ""


def test_a_pair_that_keeps_failing_is_replaced_and_where_none_is_left_the_rater_goes_on() -> None:
    study, rater = _study(twins=2, training=1), Rater.objects.create()
    for number in range(2 * MOST_TRIES):
        ballot = _next(study, rater, number)
        assert ballot.control == Control.TRAINING
        skip_ballot(ballot=ballot)
    assert len(set(Ballot.objects.values_list("twin", flat=True))) == 2
    assert _next(study, rater).control == ""


def test_a_twin_that_retired_meanwhile_is_not_shown_again() -> None:
    study, rater = _study(), Rater.objects.create()
    first = _next(study, rater)
    void_ballot(ballot=first, reason=VoidReason.FILE)
    assert first.twin is not None
    first.twin.retired_at = first.issued_at
    first.twin.save()
    twins = [vote.ballot.twin_id for vote in _train(study, rater)]
    assert first.twin_id not in twins
    assert len(set(twins)) == 5


def test_gold_shows_none_of_the_twins_of_the_training() -> None:
    study, rater = _study(twins=6, gold=0.2), Rater.objects.create()
    trained = {vote.ballot.twin_id for vote in _train(study, rater)}
    gold = open_ballot(study=study, rater=rater, random=Always(1))
    assert gold is not None
    assert gold.control == Control.GOLD
    assert gold.twin_id not in trained


def test_training_has_numbers_of_its_own_and_counts_in_no_progress_and_no_quota() -> None:
    study, rater = _study(quota=2), Rater.objects.create()
    assert rater_progress(study=study, rater=rater) == Progress(0, 2, trained=0, training=5)
    _train(study, rater, 2)
    _next(study, rater)
    assert rater_progress(study=study, rater=rater) == Progress(0, 2, trained=2, training=5)
    _train(study, rater, 3)
    assert rater_progress(study=study, rater=rater) == Progress(0, 2, trained=5, training=5)
    assert not has_finished(study, rater)
    for seed in range(2):
        cast_vote(ballot=_next(study, rater, seed), outcome="a")
    assert has_finished(study, rater)


def test_votes_are_in_the_ledger_as_training_and_in_nothing_else() -> None:
    study, rater = _study(), Rater.objects.create()
    _train(study, rater)
    entries = LedgerEntry.objects.filter(study=study, kind="control")
    assert {json.loads(entry.payload)["control"] for entry in entries} == {"training"}
    assert verify_ledger(study) == 5
    assert not TallySheet.objects.exists()
    assert rebuild_tallies(study) == 0
    assert not list(counting_votes(study))
    assert json.loads(export_votes(study, "t2v-audio", "json"))["votes"] == []
    assert json.loads(export_raters(study, "t2v-audio", "json"))["raters"] == []
    counts = count_study(study)
    assert (counts.votes, counts.counting, counts.raters) == (0, 0, 0)


def test_failed_training_is_no_failure_on_gold() -> None:
    study, rater = _study(), Rater.objects.create()
    for seed in range(5):
        ballot = _next(study, rater, seed)
        cast_vote(ballot=ballot, outcome=ballot.twin_side)
    assert read_evidence(study).controls == {}


@pytest.mark.parametrize(("gold", "needed"), [(0.0, 5), (0.1, 6)])
def test_a_study_with_too_few_twins_does_not_open_and_one_that_is_open_gets_no_training(
    gold: float, needed: int
) -> None:
    study = _study(twins=needed - 1, gold=gold)
    close_study(study=study)
    told = rf"must be at least {needed} for its training .* got {needed - 1}\. .* manage.py make_twins study"
    with pytest.raises(NothingToShow, match=told):
        reopen_study(study=study)
    last = Rendition.objects.filter(twins__isnull=True).first()
    assert last is not None
    make_twin_row(last)
    reopen_study(study=study)
    with pytest.raises(InvalidTerms, match=r"must be at least \d+ for its training"):
        change_rules(study=study, terms=Terms(gold=gold, training=7), reason="More training.")


@pytest.mark.parametrize("training", [-1, 11, 0.5])
def test_other_numbers_are_refused(training: object) -> None:
    with pytest.raises(InvalidTerms, match="training must be a whole number from 0 to 10; got"):
        Terms.of({"training": training}).check()
