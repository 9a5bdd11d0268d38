from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from arena.voting.ledger import verify_ledger
from arena.voting.models import LedgerEntry, Vote
from arena.voting.refusals import UnknownAspect
from arena.voting.rule_changes import change_rules
from arena.voting.terms import ANSWERS, Terms
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import answer, answer_url, open_page, recorded

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("answers", ANSWERS, ids=len)
def test_the_page_offers_the_answers_of_the_terms_and_the_server_takes_no_other(
    client: Client, answers: tuple[str, ...]
) -> None:
    study = make_study(prompts=5, terms=Terms(answers=answers).stored)
    for outcome in ("a", "b", "tie", "both_bad"):
        ballot = open_page(client, study)
        page = client.get(reverse("ballot", args=["study"])).content.decode()
        assert (f'value="{outcome}"' in page) == (outcome in answers)
        before, response = recorded(), answer(client, ballot, outcome)
        assert response.status_code == (302 if outcome in answers else 400)
        if outcome not in answers:
            assert f"Answer with one of: {', '.join(answers)}, skip." in response.content.decode()
            assert recorded() == before
    assert Vote.objects.count() == len(answers)


def test_a_ballot_takes_the_answers_that_its_page_offered(client: Client) -> None:
    study = make_study(prompts=2)
    ballot = open_page(client, study)
    change_rules(study=study, terms=Terms(answers=("a", "b")), reason="Decide.")
    assert answer(client, ballot, "tie").status_code == 302
    assert answer(client, open_page(client, study), "tie").status_code == 400


def test_answers_about_aspects_are_stored_with_the_vote_and_in_the_ledger_and_exports(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    study = make_study(prompts=2, terms={"aspects": ["picture", "sound"]})
    ballot = open_page(client, study)
    form = {"outcome": "a", "aspect_picture": "b", "aspect_sound": ""}
    assert client.post(answer_url(ballot), form).status_code == 302
    answer(client, open_page(client, study))
    assert [vote.aspects for vote in Vote.objects.order_by("pk")] == [{"picture": "b"}, {}]
    first, second = (json.loads(entry.payload) for entry in LedgerEntry.objects.order_by("sequence"))
    assert (first["aspects"], "aspects" in second) == ({"picture": "b"}, False)
    assert verify_ledger(study) == 2
    call_command("export", "study", "--what=votes")
    heads, row, other = (line.split(",") for line in capsys.readouterr().out.splitlines())
    assert "aspect_sound" not in heads
    assert (row[heads.index("aspect_picture")], other[heads.index("aspect_picture")]) == ("b", "")


@pytest.mark.parametrize("given", [{"aspect_picture": "c"}, {"aspect_sync": "a"}, {"aspect_": "a"}])
def test_other_answers_about_aspects_are_refused(client: Client, given: dict[str, str]) -> None:
    study = make_study(terms={"aspects": ["picture"]})
    ballot, before = open_page(client, study), recorded()
    response = client.post(answer_url(ballot), {"outcome": "a", **given})
    assert response.status_code == 400
    assert "Aspects of this pair: picture; answers: a, same, b." in response.content.decode()
    assert recorded() == before


def test_silent_clips_have_no_questions_about_sound() -> None:
    study = make_study(terms={"aspects": ["picture", "sync"]})
    with pytest.raises(UnknownAspect, match="Aspects of this pair: picture;"):
        cast_vote(ballot=make_ballot(study, track="t2v"), outcome="a", aspects={"sync": "a"})


def test_a_page_without_aspects_has_no_questions(client: Client) -> None:
    study = make_study()
    open_page(client, study)
    assert "data-aspects" not in client.get(reverse("ballot", args=["study"])).content.decode()
