from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from random import Random

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from arena.voting.exclusions import exclude_vote, undo_exclusion
from arena.voting.ledger import verify_ledger
from arena.voting.models import Exclusion, Rater, Study, Vote
from arena.voting.tally_sheets import ENTRY, FULL, TallySheet, rebuild_tallies
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
Entry = tuple[object, ...]


def _counts() -> Counter[Entry]:
    """Sum of the signs of each entry, by board and rater."""
    counts: Counter[Entry] = Counter()
    for sheet in TallySheet.objects.all():
        content = bytes(sheet.entries)
        assert len(content) == sheet.size * ENTRY.size
        for *entry, sign in ENTRY.iter_unpack(content):
            counts[sheet.study_id, sheet.track, sheet.rater_id, *entry] += sign
    return +counts


def test_a_vote_is_one_entry_of_its_raters_sheet() -> None:
    study, rater = make_study(), Rater.objects.create()
    vote = cast(study, "tie", rater=rater)
    cast(study, "a", rater=rater)
    sheet = TallySheet.objects.get()
    assert (sheet.rater, sheet.size, sheet.sequence) == (rater, 2, 2)
    at, a, b, outcome, order, sign = ENTRY.unpack_from(sheet.entries)
    assert (a, b) == (vote.ballot.rendition_a_id, vote.ballot.rendition_b_id)
    assert at == round(vote.created_at.timestamp() * 1e6)
    assert (outcome, order, sign) == (2, 0, 1)


def test_an_excluded_vote_is_taken_back_and_counted_again() -> None:
    vote = cast(make_study(), "a")
    before = _counts()
    exclusion = exclude_vote(vote=vote, rule="too-fast", reason="Answered within a second.")
    assert _counts() == {}
    undo_exclusion(exclusion=exclusion, reason="It was a slow connection.")
    assert _counts() == before


def test_a_full_sheet_is_followed_by_another() -> None:
    study, rater = make_study(), Rater.objects.create()
    cast(study, rater=rater)
    TallySheet.objects.update(size=FULL)
    cast(study, rater=rater)
    assert list(TallySheet.objects.order_by("pk").values_list("size", flat=True)) == [FULL, 1]


@pytest.mark.parametrize("seed", range(3))
def test_rebuilding_from_the_ledger_changes_nothing(seed: int) -> None:
    """After votes of four raters on two boards, exclusions and undoings in a random order."""
    random = Random(seed)
    study = make_study(contenders=2, tracks=["t2v-audio", "t2v"])
    raters = [Rater.objects.create() for _ in range(4)]
    counting: list[Vote] = []
    taken_back: list[Exclusion] = []
    for _ in range(40):
        what = random.choice(["vote", "vote", "exclude", "undo"])
        if what == "exclude" and counting:
            vote = counting.pop(random.randrange(len(counting)))
            taken_back.append(exclude_vote(vote=vote, rule="robot", reason="Votes in its sleep."))
        elif what == "undo" and taken_back:
            exclusion = taken_back.pop(random.randrange(len(taken_back)))
            undo_exclusion(exclusion=exclusion, reason="It was no robot.")
            counting.append(exclusion.vote)
        else:
            track = random.choice(study.tracks)
            ballot = make_ballot(study, random.choice(raters), track=track)
            counting.append(cast_vote(ballot=ballot, outcome=random.choice(["a", "b", "tie", "both_bad"])))
    before = _counts()
    assert before.total() == len(counting)
    verify_ledger(study)
    with transaction.atomic():
        assert rebuild_tallies(study) == len(counting)
    assert _counts() == before


def test_the_command_rebuilds_damaged_sheets(capsys: pytest.CaptureFixture[str]) -> None:
    cast(make_study(), "a")
    before = _counts()
    TallySheet.objects.all().delete()
    call_command("rebuild_tallies")
    assert _counts() == before
    assert "Study study: 1 votes that count" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Unknown study 'other'"):
        call_command("rebuild_tallies", "other")


def test_votes_from_before_are_counted_by_the_migration() -> None:
    study = make_study()
    for outcome in ("a", "b"):
        cast(study, outcome)
    exclude_vote(vote=cast(study, "tie"), rule="too-fast", reason="Answered within a second.")
    before = _counts()
    TallySheet.objects.all().delete()
    import_module("arena.voting.migrations.0005_tally_sheets").count_votes(apps, None)
    assert _counts() == before


def _vote(study: Study, rater: Rater) -> None:
    try:
        for _ in range(8):
            cast(study, rater=rater)
    finally:
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_votes_at_the_same_time_are_all_counted() -> None:
    study = make_study()
    raters = [Rater.objects.create() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(_vote, study, rater) for rater in raters]:
            done.result()
    assert _counts().total() == 32
    assert sorted(TallySheet.objects.values_list("sequence", flat=True))[-1] == 32
