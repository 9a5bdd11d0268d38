"""Which side is heard first: drawn for each ballot by itself, and kept with the vote."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from random import Random

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from arena.voting.ballots import open_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Ballot, LedgerEntry, Rater, Study
from arena.voting.votes import cast_vote
from elo import Votes, fit
from tests.factories import make_rendition, make_study
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
DRAWS = 200


def _drawn(study: Study, seed: int) -> Ballot:
    ballot = open_ballot(study=study, rater=Rater.objects.create(), random=Random(seed))
    assert ballot is not None
    return ballot


def test_each_side_is_heard_first_as_often_whichever_clip_it_shows() -> None:
    study = make_study()
    counts = Counter(
        (ballot.order, ballot.rendition_a_id) for ballot in (_drawn(study, i) for i in range(DRAWS))
    )
    assert len(counts) == 4
    spread = (DRAWS * 0.25 * 0.75) ** 0.5
    assert all(abs(count - DRAWS / 4) < 4 * spread for count in counts.values())


def test_the_propensity_is_that_of_pair_and_sides_alone() -> None:
    study = make_study()
    assert {_drawn(study, seed).propensity for seed in range(8)} == {1 / 2}


def test_silent_pairs_have_no_order() -> None:
    study = make_study(tracks=["t2v"], prompts=0)
    prompt = study.suites.get().prompts.create(key="p", position=0, text="t", language="en", seeds=[0])
    for contender in study.contenders.all():
        make_rendition(contender, prompt, track="t2v")
    ballot = _drawn(study, 1)
    assert ballot.order == ""
    cast_vote(ballot=ballot, outcome="a")
    assert "order" not in json.loads(LedgerEntry.objects.get().payload)
    assert verify_ledger(study) == 1


def test_the_ledger_keeps_the_order() -> None:
    study = make_study()
    ballot = _drawn(study, 1)
    cast_vote(ballot=ballot, outcome="a")
    assert json.loads(LedgerEntry.objects.get().payload)["order"] == ballot.order


def test_votes_from_before_orders_were_drawn_keep_their_entries() -> None:
    study = make_study()
    cast(study)  # a ballot without an order, as they were
    assert "order" not in json.loads(LedgerEntry.objects.get().payload)
    assert verify_ledger(study) == 1


def test_the_database_refuses_another_order() -> None:
    ballot = _drawn(make_study(), 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Ballot.objects.filter(pk=ballot.pk).update(order="c")


def test_side_and_order_are_told_apart_in_an_export() -> None:
    study = make_study(contenders=3, prompts=4)
    random = Random(5)
    for _ in range(12):
        rater = Rater.objects.create()
        while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
            cast_vote(ballot=ballot, outcome=random.choice(["a", "b", "tie"]))
    out = io.StringIO()
    call_command("export", "study", "--what=votes", "--format=csv", stdout=out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    votes = Votes.from_columns(
        contender_a=[row["contender_a"] for row in rows],
        contender_b=[row["contender_b"] for row in rows],
        outcome=[row["outcome"] for row in rows],
        order=[row["order"] for row in rows],
        rater=[row["rater"] for row in rows],
    )
    ratings = fit(votes, effects=("side", "order"))
    assert {"side", "order"} <= set(ratings.parameters)


def test_an_export_of_silent_pairs_has_no_column_of_orders() -> None:
    study = make_study()
    cast(study)
    out = io.StringIO()
    call_command("export", "study", "--what=votes", "--format=csv", stdout=out)
    assert "order" not in out.getvalue().splitlines()[0].split(",")
