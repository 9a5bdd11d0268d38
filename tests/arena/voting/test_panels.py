"""Panels that pay: return addresses, codes, and the sheet by which their members are paid."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from arena.voting.admission.models import Admission
from arena.voting.admission.panels import completion_of
from arena.voting.exclusions import exclude_rater
from arena.voting.models import Ballot, Rater, Study
from arena.voting.terms import InvalidTerms, Terms
from arena.voting.way.models import Step
from tests.factories import make_study
from tests.factories_voting import answer

pytestmark = pytest.mark.django_db
RETURN = "https://panel.example/done?cc={code}&who={participant}&in={study}&as={session}"


def _for_panel(**terms: object) -> Study:
    given = {"admission": "panel", "panel_query": "PROLIFIC_PID", "quota": 1, **terms}
    return make_study(prompts=3, terms=given)


def _follow(client: Client, query: str) -> None:
    page = client.get(f"/studies/study/start/?{query}")
    assert page.status_code == 200
    form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    assert client.post(f"/studies/study/start/?{query}", form, follow=True).status_code == 200


def _rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    capsys.readouterr()
    call_command("panel_payments", "study")
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_whoever_has_finished_returns_with_their_ids_and_the_code(client: Client) -> None:
    _for_panel(completion_url=RETURN, completion_code="C&DE")
    _follow(client, "PROLIFIC_PID=p/1&STUDY_ID=s&SESSION_ID=t")
    assert "panel.example" not in client.get("/studies/study/").content.decode()
    answer(client, Ballot.objects.get())
    page = client.get("/studies/study/").content.decode()
    assert 'href="https://panel.example/done?cc=C%26DE&amp;who=p%2F1&amp;in=s&amp;as=t"' in page
    assert "C&amp;DE" in page


def test_a_rater_without_an_admission_returns_without_ids() -> None:
    study = make_study(terms={"completion_url": RETURN})
    assert completion_of(study, Rater()).url == "https://panel.example/done?cc=&who=&in=&as="


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/done", "https://a b", "http://" + "x" * 500])
def test_a_return_address_is_one_of_the_web(url: str) -> None:
    with pytest.raises(InvalidTerms, match="completion_url must be empty or an address"):
        Terms(completion_url=url).check()


def test_codes_and_the_address_are_not_in_public_rules() -> None:
    terms = Terms(completion_url=RETURN, completion_code="C0DE", screened_out_code="0UT")
    assert terms.public == dict.fromkeys(("completion_code", "completion_url", "screened_out_code"), True)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("PROLIFIC_PID=a&STUDY_ID=b&SESSION_ID=c", ("a", "b", "c")),
        ("participantId=a&projectId=b&assignmentId=c", ("a", "b", "c")),
        ("workerId=a&hitId=b&assignmentId=c", ("a", "b", "c")),
    ],
)
def test_the_ids_of_each_panel_reach_the_sheet(
    client: Client, query: str, ids: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    study = _for_panel(panel_query=query.split("=")[0])
    _follow(client, query)
    (row,) = _rows(capsys)
    assert (row["participant"], row["study"], row["session"]) == ids
    assert (row["status"], row["votes"], row["last_vote_at"]) == ("unfinished", "0", "")
    answer(client, Ballot.objects.get())
    (row,) = _rows(capsys)
    assert (row["status"], row["votes"], row["counting"], row["excluded_by"]) == ("finished", "1", "1", "")
    exclude_rater(study=study, rater_id=Rater.objects.get().pk, rule="too-fast", reason="Too fast.")
    (row,) = _rows(capsys)
    assert (row["status"], row["votes"], row["counting"], row["excluded_by"]) == (
        "finished",
        "1",
        "0",
        "too-fast",
    )


def test_who_failed_a_required_check_is_screened_out_until_they_pass(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    study = _for_panel(sound_check="require", screened_out_code="0UT")
    page = client.get("/studies/study/start/?PROLIFIC_PID=a")
    form = {"csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    page = client.post("/studies/study/start/?PROLIFIC_PID=a", form, follow=True)
    assert "0UT" not in page.content.decode()
    attempt = page.content.decode().split('name="attempt" value="')[1].split('"')[0]
    failed = client.post("/studies/study/check/", {**form, "attempt": attempt})
    assert "0UT" in failed.content.decode()
    assert _rows(capsys)[0]["status"] == "screened out"
    Step.objects.create(study=study, rater=Rater.objects.get(), name=Step.Name.CHECK, is_done=True)
    assert _rows(capsys)[0]["status"] == "unfinished"


def test_ids_that_a_spreadsheet_would_compute_are_made_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    study = _for_panel()
    for number, name in enumerate(["=1+1", "@sum", "-2", "plain"]):
        Admission.objects.create(
            study=study, rater=Rater.objects.create(), group="panel", external_id=name, query={}
        )
        assert _rows(capsys)[number]["participant"] == (name if name == "plain" else f"'{name}")


def test_an_unknown_study_is_named() -> None:
    with pytest.raises(CommandError, match="Unknown study 'nothing'"):
        call_command("panel_payments", "nothing")
