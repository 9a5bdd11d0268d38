from __future__ import annotations

import json

import pytest

from arena.voting.exclusions import exclude_rater
from arena.voting.models import Exclusion, LedgerEntry, Vote
from arena.voting.openings import StudyState, close_study, pause_study
from arena.webhooks.endpoints import add_endpoint
from arena.webhooks.models import Delivery
from tests.factories_voting import make_rated_study

pytestmark = pytest.mark.django_db


def _told() -> list[tuple[str, dict[str, object]]]:
    rows = Delivery.objects.order_by("pk").values_list("payload", flat=True)
    return [(each["type"], each["data"]) for each in map(json.loads, rows)]


def test_a_study_that_closes_is_told_once_with_its_ledgers_head() -> None:
    add_endpoint(address="https://example.org/hook", events=[])
    study = make_rated_study()
    pause_study(study=study)
    assert _told() == []
    close_study(study=study, reason="Model X has won")
    last = LedgerEntry.objects.filter(study=study).latest("sequence")
    ledger = {"entries": last.sequence, "head": last.entry_hash}
    data = {"study": study.slug, "simulated": study.simulated, "change": 2, "ledger": ledger}
    assert _told() == [("study.closed", data)]
    with pytest.raises(StudyState):
        close_study(study=study)
    assert len(_told()) == 1


def test_an_excluded_vote_is_told_without_its_contenders() -> None:
    add_endpoint(address="https://example.org/hook", events=["vote.excluded"])
    study = make_rated_study()
    vote = Vote.objects.counting().order_by("pk")[0]
    number = exclude_rater(
        study=study, rater_id=vote.ballot.rater_id, rule="too-fast", reason="Fast on zebra"
    )
    told = _told()
    assert len(told) == number == Exclusion.objects.count()
    data = {
        "study": study.slug,
        "simulated": study.simulated,
        "ballot": str(vote.ballot_id),
        "rule": "too-fast",
    }
    assert ("vote.excluded", data) in told
    for contender in study.contenders.all():
        assert contender.slug not in str(told)
