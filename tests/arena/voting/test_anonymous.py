"""Anonymous contenders in studies: their votes are counted, and past a cap no new pair shows them."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.db.models import F
from django.utils import timezone

from arena.catalog.commitments import commit, reveal, withdraw
from arena.catalog.models import Commitment, Contender
from arena.voting.ballots import open_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Rater, Study
from arena.voting.pairing.drawing import draw_pairing
from arena.voting.votes import cast_vote
from tests.factories import make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db


def _study_with_amber(**fields: int) -> tuple[Study, Contender]:
    study = make_study(contenders=3, prompts=2)
    amber = study.contenders.order_by("pk")[0]
    amber.codename = "Amber"
    amber.save()
    commit(amber, "1", **fields)
    return study, amber


def _drawn(study: Study) -> set[int]:
    """Return the contenders that new raters are shown."""
    found = set()
    for seed in range(30):
        pairing = draw_pairing(study=study, rater=Rater(), random=Random(seed))
        if pairing:
            found |= {pairing.rendition_a.clip.job.contender_id, pairing.rendition_b.clip.job.contender_id}
    return found


def test_votes_on_a_hidden_contender_are_counted() -> None:
    study, _ = _study_with_amber()
    cast(study, sides=(0, 1))
    cast(study, sides=(2, 0))
    cast(study, sides=(1, 2))
    assert Commitment.objects.get().votes == 2
    assert verify_ledger(study) == 3


def test_no_vote_is_counted_after_the_reveal() -> None:
    study, amber = _study_with_amber()
    reveal(amber)
    cast(study, sides=(0, 1))
    assert Commitment.objects.get().votes == 0


@pytest.mark.parametrize("end", ["votes", "time", "withdrawal"])
def test_past_a_cap_it_is_shown_no_more_until_its_reveal(end: str) -> None:
    study, amber = _study_with_amber()
    assert amber.pk in _drawn(study)
    if end == "votes":
        Commitment.objects.update(votes=F("most_votes"))
    elif end == "time":
        Commitment.objects.update(until=timezone.now() - timedelta(seconds=1))
    else:
        withdraw(amber)
    assert _drawn(study) == set(study.contenders.values_list("pk", flat=True)) - {amber.pk}
    if end != "withdrawal":
        reveal(amber)
        assert amber.pk in _drawn(study)


def test_the_cap_ends_exposure_by_the_votes_cast() -> None:
    study, amber = _study_with_amber(most_votes=2)
    for seed in range(20):
        ballot = open_ballot(study=study, rater=Rater.objects.create(), random=Random(seed))
        assert ballot is not None
        cast_vote(ballot=ballot, outcome="a")
    assert Commitment.objects.get().votes == 2
    assert amber.pk not in _drawn(study)


def test_propensities_are_those_of_what_may_be_drawn() -> None:
    study, amber = _study_with_amber()
    withdraw(amber)
    pairing = draw_pairing(study=study, rater=Rater(), random=Random(1))
    assert pairing is not None
    assert pairing.propensity == pytest.approx(1 / 2 / 2)  # two prompts, one pair, two sides
