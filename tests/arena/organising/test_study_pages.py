from __future__ import annotations

import csv
import io
from contextlib import closing

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from arena.organising.models import AuditEntry, Role
from arena.organising.permissions import own
from arena.organising.studies.numbers import votes_needed
from arena.runs.models import Run
from arena.voting.admission.models import Invitation, PanelMember
from arena.voting.exclusions import exclude_rater
from arena.voting.models import Ballot, Rater, Study
from arena.voting.rules import rules_hash
from tests.factories import make_contender, make_rendition, make_run, make_study, make_suite
from tests.factories_organising import client_of, make_person, signed_in
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
STEPS = [{}, {"title": "Spring", "slug": "spring"}, {"quota": "5"}, {}]


@pytest.fixture
def organiser() -> Client:
    return client_of(Role.ORGANISER)


@pytest.fixture
def run() -> Run:
    suite, contenders = make_suite(prompts=2), [make_contender("alpha"), make_contender("beta")]
    for prompt in suite.prompts.all():
        for contender in contenders:
            make_rendition(contender, prompt)
    return make_run(suite, contenders)


def _create(client: Client, run: Run, **fields: str) -> str:
    """Go through the steps, each with the fields of those before; return the last page or address."""
    given: dict[str, str] = {"runs": str(run.pk)}
    answer = None
    for number, step in enumerate(STEPS):
        given |= {**step, **(fields if number == 2 else {})}
        answer = client.post("/organise/studies/new/", {**given, "step": str(number), "go": "next"})
    assert answer is not None
    return answer.headers.get("Location", "") or answer.content.decode()


def test_steps_create_a_closed_study_that_its_page_opens_pauses_and_closes(
    organiser: Client, run: Run
) -> None:
    assert _create(organiser, run) == "/organise/studies/spring/"
    study = Study.objects.get()
    assert (study.is_open, study.terms, study.contenders.count()) == (False, {"quota": 5}, 2)
    page = organiser.get("/organise/studies/spring/").content.decode()
    assert rules_hash(study) in page
    assert "not opened yet" in page
    for action, state in (("open", "open"), ("pause", "paused"), ("open", "open"), ("close", "closed")):
        organiser.post("/organise/studies/spring/change/", {"action": action, "reason": "Because"})
        study.refresh_from_db()
        assert study.state == state
    kinds = list(study.changes.values_list("kind", "reason"))
    assert kinds == [(kind, "Because") for kind in ("opened", "paused", "reopened", "closed")]
    wanted = {"created", "opened", "paused", "closed"}
    assert wanted <= set(AuditEntry.objects.values_list("action", flat=True))


def test_an_action_that_cannot_be_says_why(organiser: Client, run: Run) -> None:
    _create(organiser, run)
    answer = organiser.post("/organise/studies/spring/change/", {"action": "pause"})
    assert answer.status_code == 422
    assert "only an open one can pause" in answer.content.decode().replace("&#x27;", "'")
    assert organiser.post("/organise/studies/spring/change/", {"action": "erase"}).status_code == 404


@pytest.mark.parametrize(
    ("step", "fields", "message"),
    [
        (0, {"runs": ""}, "Unknown run"),
        (1, {"title": ""}, "title must be one line"),
        (1, {"title": "T", "slug": "no spaces"}, "slug must be"),
        (2, {"quota": "many"}, "quota must be a whole number"),
        (2, {"completion_url": "javascript:1"}, "completion_url must be"),
        (2, {"panel_query": "x"}, "panel_query must be empty unless"),
    ],
)
def test_each_step_refuses_what_is_wrong_in_it(
    organiser: Client, run: Run, step: int, fields: dict[str, str], message: str
) -> None:
    given = {"runs": str(run.pk), "title": "T", "slug": "t", "step": str(step), "go": "next", **fields}
    answer = organiser.post("/organise/studies/new/", given)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Study.objects.exists()


def test_going_back_keeps_what_was_filled_in(organiser: Client, run: Run) -> None:
    given = {
        "runs": str(run.pk),
        "title": "Kept",
        "slug": "kept",
        "aspects": "motion",
        "step": "2",
        "go": "back",
    }
    page = organiser.post("/organise/studies/new/", given).content.decode()
    assert 'value="Kept"' in page
    assert f'name="runs" value="{run.pk}"' in page


def test_the_preview_shows_a_pair_and_stores_nothing(organiser: Client, run: Run) -> None:
    _create(organiser, run)
    page = organiser.get("/organise/studies/spring/preview/").content.decode()
    assert page.count("<video") == 2
    assert "Both bad" in page
    assert not Ballot.objects.exists()
    address = page.split('<video src="')[1].split('"')[0]
    with closing(organiser.get(address)) as clip:
        assert clip.status_code == 200


def test_invitations_have_quotas_and_panels_are_pasted_or_sent(organiser: Client, run: Run) -> None:
    _create(organiser, run, admission="invitation")
    page = organiser.post("/organise/studies/spring/invite/", {"uses": "7"}).content.decode()
    assert "http://testserver/studies/spring/start/?invitation=" in page
    assert Invitation.objects.get().uses == 7
    assert organiser.post("/organise/studies/spring/invite/", {"uses": "none"}).status_code == 422
    assert organiser.post("/organise/studies/spring/invite/", {"ids": "a"}).status_code == 422
    Study.objects.update(terms={"admission": "panel"})
    organiser.post("/organise/studies/spring/invite/", {"ids": "anna\n\n ben \n"})
    file = SimpleUploadedFile("ids.txt", b"\xef\xbb\xbfcarl\nanna\n")
    page = organiser.post("/organise/studies/spring/invite/", {"file": file}).content.decode()
    assert page.count("http://testserver/studies/spring/start/?panel=") == 2
    assert sorted(PanelMember.objects.values_list("external_id", flat=True)) == ["anna", "ben", "carl"]
    bad = SimpleUploadedFile("ids.txt", b"\xff")
    assert organiser.post("/organise/studies/spring/invite/", {"file": bad}).status_code == 422
    sheet = organiser.get("/organise/studies/spring/participants.csv").content.decode()
    assert next(csv.reader(io.StringIO(sheet)))[:3] == ["participant", "study", "session"]


def test_votes_raters_and_exclusions_are_counted_live(organiser: Client) -> None:
    study = make_study(prompts=3, terms={"screening": {"too-fast": 2.5}})
    rater = Rater.objects.create()
    for _ in range(2):
        cast(study, "a", rater=rater)
    exclude_rater(study=study, rater_id=rater.pk, rule="by-hand", reason="Test.")
    cast(study, "b")
    part = organiser.get("/organise/studies/study/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    counts = [text.split("</dd>")[0] for text in part.split("<dd>")[1:]]
    assert counts == ["3", "1", "2", "2"]
    assert "excluded by by-hand" in part
    page = organiser.get("/organise/studies/study/screening/").content.decode()
    assert "Less too-fast" in page
    assert organiser.post("/organise/studies/study/screening/").status_code == 302


def test_a_member_makes_studies_of_their_own_runs_only(run: Run) -> None:
    member = make_person(Role.MEMBER)
    client = signed_in(member)
    given = {"runs": str(run.pk), "step": "0", "go": "next"}
    assert client.post("/organise/studies/new/", given).status_code == 403
    own(member, run)
    assert client.post("/organise/studies/new/", given).status_code == 200
    assert _create(client, run) == "/organise/studies/spring/"
    assert client.get("/organise/studies/spring/").status_code == 200
    assert signed_in(make_person(Role.MEMBER)).get("/organise/studies/spring/").status_code == 403


def test_narrower_intervals_take_more_votes_by_the_square() -> None:
    study = make_study(contenders=4)
    assert votes_needed(study, 25) == pytest.approx(4 * votes_needed(study, 50), rel=0.01)
