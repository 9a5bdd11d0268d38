from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.test import Client

from arena.runs.models import Rendition
from arena.standings.exports import export_votes
from arena.standings.tallies import answers_on
from arena.voting.exclusions import exclude_rater, exclude_vote
from arena.voting.ledger import counting_votes, verify_ledger
from arena.voting.models import Ballot, LedgerEntry, Rater, Study, Vote
from arena.voting.tally_sheets import TallySheet, rebuild_tallies
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import Always, Never, answer, fetch, make_twin_row, media_url, open_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return make_study(contenders=3, prompts=8, terms={"gold": 0.2})


def _gold(study: Study, rater: Rater | None = None, outcome: str = "a") -> Vote:
    clip = Rendition.objects.filter(clip__job__contender__studies=study).order_by("pk").first()
    assert clip is not None
    twin = make_twin_row(clip) if not clip.twins.exists() else clip.twins.get()
    fields = {"control": "gold", "twin": twin, "twin_side": "b"}
    return cast_vote(ballot=make_ballot(study, rater, pair=(clip, clip), **fields), outcome=outcome)


def test_a_vote_on_gold_is_in_the_ledger_with_its_kind_and_twin_and_in_nothing_else(study: Study) -> None:
    vote = _gold(study)
    entry = LedgerEntry.objects.get(study=study, kind="control")
    record = json.loads(entry.payload)
    told = {name: record[name] for name in ("control", "degraded", "degradation", "twin", "outcome")}
    assert vote.ballot.twin is not None
    assert told == {
        "control": "gold",
        "degraded": "b",
        "degradation": "blur",
        "twin": vote.ballot.twin.sha256,
        "outcome": "a",
    }
    assert not TallySheet.objects.exists()
    assert not list(counting_votes(study))
    assert verify_ledger(study) == 1
    assert rebuild_tallies(study) == 0


def test_exports_and_counts_hold_ordinary_votes_alone(study: Study) -> None:
    rater = Rater.objects.create()
    ordinary = cast_vote(ballot=make_ballot(study, rater), outcome="a")
    _gold(study, rater, "b")
    exported = json.loads(export_votes(study, "t2v-audio", "json"))["votes"]
    assert [vote["ballot"] for vote in exported] == [str(ordinary.ballot_id)]
    assert "control" not in export_votes(study, "t2v-audio", "csv").splitlines()[0]
    assert list(Vote.objects.counting()) == [ordinary]
    assert exclude_rater(study=study, rater_id=rater.pk, rule="by-hand", reason="Tried.") == 1


def test_a_vote_on_a_control_cannot_be_excluded(study: Study) -> None:
    with pytest.raises(ValueError, match="vote must be on an ordinary pair; got one on a control pair"):
        exclude_vote(vote=_gold(study), rule="by-hand", reason="Tried.")


def test_a_forged_control_shows_in_the_ledger(study: Study) -> None:
    vote = _gold(study)
    Ballot.objects.filter(pk=vote.ballot_id).update(twin_side="a")
    with pytest.raises(ValueError, match="differs from its row"):
        verify_ledger(study)


def test_gold_is_served_as_any_other_pair_is_and_its_page_names_nobody(
    client: Client, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in Rendition.objects.filter(clip__job__contender__studies=study):
        make_twin_row(one)
    monkeypatch.setattr("arena.voting.ballots.SystemRandom", lambda: Never(4))
    ordinary = open_page(client, study)
    assert ordinary.control == ""
    plain = client.get("/studies/study/")
    answer(client, ordinary)
    monkeypatch.setattr("arena.voting.ballots.SystemRandom", lambda: Always(4))
    gold = open_page(client, study)
    assert gold.control == "gold"
    page = client.get("/studies/study/")
    assert set(page.headers) == set(plain.headers)
    for word in ("gold", "twin", "degrad", "blur", "control"):
        assert plain.content.lower().count(word.encode()) == page.content.lower().count(word.encode())
    bodies = {side: fetch(client, media_url(gold, side)) for side in ("a", "b")}
    lengths = {len(body) for _, body in bodies.values()}
    assert len(lengths) == 1
    assert dict(bodies["a"][0].headers) == dict(bodies["b"][0].headers)
    assert gold.twin is not None
    assert f"blur of {gold.rendition_a_id}".encode() in bodies[gold.twin_side][1]
    response = answer(client, gold)
    told = client.get(response["Location"])
    assert "This pair was a check" in told.content.decode()
    names = [row.name for row in study.contenders.all()]
    assert not any(name in told.content.decode() for name in names)


def test_own_votes_list_controls_until_names_are_told(client: Client) -> None:
    study = make_study(contenders=3, prompts=8, terms={"gold": 0.2, "reveal": "close"})
    ballot = open_page(client, study)
    answer(client, ballot)
    _gold(study, ballot.rater)
    url = "/studies/study/votes/"
    assert len(client.get(url).context["votes"]) == 2
    call_command("close_study", "study")
    assert [own.vote.ballot_id for own in client.get(url).context["votes"]] == [ballot.pk]


def test_answers_of_others_hold_no_controls(study: Study) -> None:
    _gold(study)
    slugs = list(study.contenders.values_list("slug", flat=True))
    assert not +answers_on(study=study, track="t2v-audio", one=slugs[0], other=slugs[1], mode="both")
