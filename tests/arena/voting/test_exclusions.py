from __future__ import annotations

import json
import uuid
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import transaction

from arena.voting.exclusions import exclude_rater, exclude_vote, undo_exclusion, undo_rule
from arena.voting.ledger import BrokenLedger, counting_votes, verify_ledger
from arena.voting.models import Exclusion, LedgerEntry, Rater, Undoing, Vote
from arena.voting.tally_sheets import rebuild_tallies
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import cast, recorded, unprotect

pytestmark = pytest.mark.django_db
UNDOING = LedgerEntry.Kind.UNDOING


def test_an_exclusion_names_its_rule_in_the_ledger_and_leaves_the_vote() -> None:
    study = make_study()
    vote = cast(study, "b")
    exclusion = exclude_vote(vote=vote, rule="too-fast", reason="Answered within a second.")
    entry = LedgerEntry.objects.get(kind=LedgerEntry.Kind.EXCLUSION)
    for told in (str(vote.ballot_id), '"rule":"too-fast"', "Answered within a second."):
        assert told in entry.payload
    assert exclusion.rule == "too-fast"
    assert Vote.objects.get() == vote
    assert verify_ledger(study) == 2


@pytest.mark.parametrize(("rule", "reason"), [("", "why"), ("two words", "why"), ("too-fast", "")])
def test_an_exclusion_needs_a_rules_name_and_a_reason(rule: str, reason: str) -> None:
    vote = cast(make_study())
    before = recorded()
    with pytest.raises(ValidationError):
        exclude_vote(vote=vote, rule=rule, reason=reason)
    assert recorded() == before
    assert not Exclusion.objects.exists()


def test_a_vote_is_excluded_once() -> None:
    vote = cast(make_study())
    exclude_vote(vote=vote, rule="too-fast", reason="Answered within a second.")
    before = recorded()
    with pytest.raises(ValidationError, match="already exists"):
        exclude_vote(vote=vote, rule="withdrawn", reason="Asked to.")
    assert recorded() == before


def test_excluding_a_rater_takes_their_votes_of_one_study() -> None:
    study, other = make_study(prompts=2), make_study("other")
    rater, honest = Rater.objects.create(), Rater.objects.create()
    kept = [cast(study, rater=honest), cast(other, rater=rater)]
    excluded = [cast(study, rater=rater, prompt=prompt) for prompt in (0, 1)]
    exclude_vote(vote=excluded[0], rule="withdrawn", reason="Asked to.")
    assert exclude_rater(study=study, rater_id=rater.pk, rule="robot", reason="Votes in its sleep.") == 1
    assert set(Exclusion.objects.values_list("vote", "rule")) == {
        (excluded[0].pk, "withdrawn"),
        (excluded[1].pk, "robot"),
    }
    assert not Exclusion.objects.filter(vote__in=kept).exists()


def test_the_command_excludes_and_says_how_many() -> None:
    study, rater, out = make_study(prompts=2), Rater.objects.create(), StringIO()
    for prompt in (0, 1):
        cast(study, rater=rater, prompt=prompt)
    _exclude("study", rater.pk, out)
    assert out.getvalue() == "2 votes excluded from 'study' by rule robot.\n"
    assert verify_ledger(study) == 4


def test_the_command_says_when_there_is_nothing_to_exclude() -> None:
    make_study()
    with pytest.raises(CommandError, match="must have votes in 'study' that count; got"):
        _exclude("study", uuid.uuid4())
    with pytest.raises(CommandError, match="Unknown study 'nowhere'"):
        _exclude("nowhere", uuid.uuid4())


def test_the_command_refuses_a_rule_that_is_no_name() -> None:
    study, rater = make_study(), Rater.objects.create()
    cast(study, rater=rater)
    with pytest.raises(CommandError, match="valid"):
        _exclude("study", rater.pk, rule="two words")
    assert not Exclusion.objects.exists()


def _exclude(study: str, rater: uuid.UUID, out: StringIO | None = None, *, rule: str = "robot") -> None:
    call_command(
        "exclude_votes",
        study,
        rater=rater,
        rule=rule,
        reason="Votes in its sleep.",
        stdout=out or StringIO(),
    )


def test_votes_that_count_are_those_without_an_exclusion() -> None:
    study = make_study(contenders=3)
    kept, taken_out = (cast_vote(ballot=make_ballot(study), outcome="a") for _ in range(2))
    exclude_vote(vote=taken_out, rule="test", reason="for a test")
    assert list(Vote.objects.counting()) == [kept]


def test_an_exclusion_by_hand_has_the_record_that_it_always_had() -> None:
    exclude_vote(vote=cast(make_study()), rule="too-fast", reason="Answered within a second.")
    record = json.loads(LedgerEntry.objects.get(kind=LedgerEntry.Kind.EXCLUSION).payload)
    assert set(record) == {"study", "ballot", "rule", "reason", "at"}


def test_evidence_stands_in_the_ledger() -> None:
    study = make_study()
    evidence = {"version": 1, "threshold": 4.0, "seconds": 0.8}
    exclude_vote(vote=cast(study), rule="too-fast", reason="Answered at once.", evidence=evidence)
    record = json.loads(LedgerEntry.objects.get(kind=LedgerEntry.Kind.EXCLUSION).payload)
    assert record["evidence"] == evidence
    assert verify_ledger(study) == 2


def test_an_undone_exclusion_is_an_entry_and_its_vote_counts_again() -> None:
    study = make_study()
    vote = cast(study)
    exclusion = exclude_vote(vote=vote, rule="too-fast", reason="Answered within a second.")
    undo_exclusion(exclusion=exclusion, reason="It was a slow clock.")
    record = json.loads(LedgerEntry.objects.get(kind=UNDOING).payload)
    assert (record["ballot"], record["rule"]) == (str(vote.ballot_id), "too-fast")
    assert (record["exclusion"], record["reason"]) == (1, "It was a slow clock.")
    assert list(Vote.objects.counting()) == [vote]
    assert [each["ballot"] for each in counting_votes(study)] == [str(vote.ballot_id)]
    assert Exclusion.objects.get() == exclusion
    assert verify_ledger(study) == 3


def test_an_undone_vote_can_be_excluded_again() -> None:
    study = make_study()
    vote = cast(study)
    for number, rule in ((1, "too-fast"), (2, "streaks"), (3, "too-fast")):
        exclusion = exclude_vote(vote=vote, rule=rule, reason="It looks odd.")
        assert exclusion.number == number
        if number < 3:
            undo_exclusion(exclusion=exclusion, reason="It was not.")
    assert not Vote.objects.counting().exists()
    assert list(counting_votes(study)) == []
    assert verify_ledger(study) == 6
    with transaction.atomic():
        assert rebuild_tallies(study) == 0


def test_an_exclusion_is_undone_once_and_for_a_reason() -> None:
    exclusion = exclude_vote(vote=cast(make_study()), rule="robot", reason="Votes in its sleep.")
    with pytest.raises(ValidationError, match="blank"):
        undo_exclusion(exclusion=exclusion, reason="")
    undo_exclusion(exclusion=exclusion, reason="It was none.")
    before = recorded()
    with pytest.raises(ValidationError, match="already exists"):
        undo_exclusion(exclusion=exclusion, reason="It was none.")
    assert recorded() == before


def test_undoing_a_rule_leaves_the_others() -> None:
    study, other = make_study(), make_study("other")
    for rule in ("robot", "robot", "withdrawn"):
        exclude_vote(vote=cast(study), rule=rule, reason="Votes in its sleep.")
    exclude_vote(vote=cast(other), rule="robot", reason="Votes in its sleep.")
    assert undo_rule(study=study, rule="robot", reason="It was none.") == 2
    assert undo_rule(study=study, rule="robot", reason="It was none.") == 0
    assert set(Exclusion.objects.holding().values_list("rule", "vote__ballot__study__slug")) == {
        ("withdrawn", "study"),
        ("robot", "other"),
    }


def test_an_undoing_that_is_deleted_or_made_up_is_found() -> None:
    study = make_study()
    exclusion = exclude_vote(vote=cast(study), rule="robot", reason="Votes in its sleep.")
    undo_exclusion(exclusion=exclusion, reason="It was none.")
    again = exclude_vote(vote=exclusion.vote, rule="robot", reason="It was one.")
    made_up = Undoing.objects.create(exclusion=again, reason="None.", created_at=again.created_at)
    with pytest.raises(
        BrokenLedger, match=f"entry 5 is missing, the undoing 2 on ballot {again.vote.ballot_id}"
    ):
        verify_ledger(study)
    unprotect("voting_undoing")
    made_up.delete()
    assert verify_ledger(study) == 4
    Undoing.objects.all().delete()
    with pytest.raises(BrokenLedger, match=r"entry 3 of the ledger .undoing. differs from its row"):
        verify_ledger(study)
