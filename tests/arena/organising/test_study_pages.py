from __future__ import annotations

import csv
import html
import io
import re
from contextlib import closing

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from arena.organising.models import AuditEntry, Role
from arena.organising.permissions import own
from arena.organising.studies.numbers import votes_for, votes_needed
from arena.organising.studies.terms_form import GROUPS, LABELS
from arena.runs.models import Run
from arena.voting.admission.models import Invitation, PanelMember
from arena.voting.exclusions import exclude_rater
from arena.voting.models import Ballot, Rater, Study
from arena.voting.rules import rules_hash
from arena.voting.terms import RULES, Terms
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
        (2, {"work_bits": "25"}, "work_bits must be a whole number from 0 to 24"),
        (2, {"training": "some"}, "training must be a whole number"),
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


def test_the_step_on_raters_asks_for_work_and_training_as_the_rules_page_does(
    organiser: Client, run: Run
) -> None:
    given = {"runs": str(run.pk), "title": "T", "slug": "t", "step": "1", "go": "next", "training": "3"}
    page = html.unescape(organiser.post("/organise/studies/new/", given).content.decode())
    for name, value in (("work_bits", "0"), ("training", "3")):
        assert f'<label for="{name}">{LABELS[name]}</label>' in page
        assert f'<input id="{name}" name="{name}" value="{value}" inputmode="decimal">' in page
    _create(organiser, run, work_bits="18", training="5")
    terms = Terms.of(Study.objects.get().terms)
    assert (terms.work_bits, terms.training) == (18, 5)


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


def _form_of(page: str, heading: str = "Rules") -> dict[str, list[str]]:
    """Return what the form under a heading of the page of rules sends if nothing is changed."""
    [form] = [each for each in page.split("<form") if f"<h2>{heading}</h2>" in each]
    sent: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if given.get("type") not in ("checkbox", "hidden") or " checked" in tag:
            sent.setdefault(given["name"], []).append(given.get("value", "on"))
    for name, options in re.findall(r'<select[^>]*name="(\w+)">(.*?)</select>', form):
        sent[name] = re.findall(r'value="([^"]*)" selected', options)
    for name, text in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        sent[name] = [text]
    return sent


def test_every_term_has_a_field_that_keeps_it(organiser: Client) -> None:
    terms = Terms(
        answers=("a", "tie", "b"),
        aspects=("sound", "sync"),
        modes=("both", "muted"),
        reveal="close",
        public_board=False,
        admission="panel",
        panel_query="PID",
        quota=7,
        min_votes=20,
        consent="Yes?\nNo?",
        instructions=True,
        sound_check="ask",
        completion_code="C1",
        screening={"too-fast": 2.5, "few-votes": 3},
        repeats=0.05,
    )
    make_study(terms=terms.stored)
    page = organiser.get("/organise/studies/study/rules/").content.decode()
    sent = {**_form_of(page), "reason": ["Because"]}
    assert "has these rules already" in organiser.post("/organise/studies/study/rules/", sent).text
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(RULES)
    assert LABELS.keys() == RULES.keys()


def test_a_change_of_terms_is_a_new_version_that_the_page_tells(organiser: Client) -> None:
    study = make_study(terms={"gold": 0.1})
    sent = _form_of(organiser.get("/organise/studies/study/rules/").content.decode())
    sent |= {"quota": ["30"], "screening": ["too-fast: 2\n"], "reason": ["Shorter"]}
    answer = organiser.post("/organise/studies/study/rules/", sent)
    assert answer.headers["Location"] == "/organise/studies/study/"
    study.refresh_from_db()
    assert (study.rules_version, study.terms) == (2, {"gold": 0.1, "quota": 30, "screening": {"too-fast": 2}})
    page = organiser.get("/organise/studies/study/").content.decode()
    assert "Shorter" in page
    assert "quota: 0 → 30" in page
    assert AuditEntry.objects.filter(action="changed the terms of").exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("reason", "", "reason must be a sentence"),
        ("quota", "many", "quota must be a whole number"),
        ("gold", "0.9", "gold must be a number from 0 to 0.2"),
        ("screening", "too-fast", "screening must have lines"),
        ("screening", "unheard-of: 1", "screening must be"),
        ("panel_query", "PID", "panel_query must be empty unless"),
        ("answers", "a", "answers must be"),
    ],
)
def test_wrong_terms_are_refused_and_kept_in_the_form(
    organiser: Client, field: str, value: str, message: str
) -> None:
    study = make_study()
    sent = _form_of(organiser.get("/organise/studies/study/rules/").content.decode())
    sent |= {"reason": ["Because"], "consent": ["Typed at length"], field: [value]}
    answer = organiser.post("/organise/studies/study/rules/", sent)
    assert answer.status_code == 422
    assert message in html.unescape(answer.content.decode())
    assert "Typed at length" in answer.content.decode()
    study.refresh_from_db()
    assert (study.rules_version, study.terms) == (1, {})


def test_a_change_of_ratings_is_a_new_version_and_keeps_what_is_not_changed(organiser: Client) -> None:
    fit = {"ties": "davidson", "both_bad": "floor", "covariates": ["duration", "motion"], "scale": 100.5}
    study = make_study(fit=fit)
    sent = _form_of(organiser.get("/organise/studies/study/rules/").content.decode(), "Ratings")
    sent |= {"reason": ["Because"]}
    assert "has these rules already" in organiser.post("/organise/studies/study/rules/", sent).text
    anchor = study.contenders.order_by("slug").first()
    assert anchor is not None
    sent |= {"anchor": [anchor.slug], "anchor_rating": ["1200"], "side": ["on"], "covariates": ["motion"]}
    answer = organiser.post("/organise/studies/study/rules/", sent)
    assert answer.headers["Location"] == "/organise/studies/study/"
    study.refresh_from_db()
    changed = {"anchor": anchor.slug, "anchor_rating": 1200, "side": True, "covariates": ["motion"]}
    assert (study.rules_version, study.fit) == (2, {**fit, **changed})
    assert AuditEntry.objects.filter(action="changed the ratings of").exists()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("reason", "", "reason must be a sentence"),
        ("scale", "-1", "scale must be above 0"),
        ("scale", "1e999", "scale must be a number"),
        ("anchor_rating", "high", "anchor_rating must be a number"),
        ("anchor", "nobody", "anchor must be one of"),
        ("ties", "unheard-of", "ties must be one of"),
        ("covariates", "price", "covariates must be of"),
    ],
)
def test_wrong_ratings_are_refused_and_kept_in_the_form(
    organiser: Client, field: str, value: str, message: str
) -> None:
    study = make_study()
    sent = _form_of(organiser.get("/organise/studies/study/rules/").content.decode(), "Ratings")
    sent |= {"anchor_rating": ["1234"], "reason": ["Because"], field: [value]}
    answer = organiser.post("/organise/studies/study/rules/", sent)
    assert answer.status_code == 422
    assert message in html.unescape(answer.content.decode())
    kept = _form_of(answer.content.decode(), "Ratings")
    assert [kept["anchor_rating"], kept["scale"]] == [sent["anchor_rating"], sent["scale"]]
    study.refresh_from_db()
    assert (study.rules_version, study.fit) == (1, {})


def test_texts_are_changed_as_the_command_does(organiser: Client) -> None:
    study = make_study()
    texts = {"title": "Autumn", "slug": "autumn", "asked_by": "The lab", "introduction": "", "contact": ""}
    answer = organiser.post("/organise/studies/study/rules/", texts)
    assert answer.headers["Location"] == "/organise/studies/autumn/"
    study.refresh_from_db()
    assert (study.title, study.asked_by) == ("Autumn", "The lab")
    assert "asked_by is now" in study.changes.latest("number").reason
    cast(study, "a")
    wrong = organiser.post("/organise/studies/autumn/rules/", {**texts, "slug": "winter"})
    assert (wrong.status_code, "slug must stay" in wrong.content.decode()) == (422, True)
    assert 'name="slug"' not in organiser.get("/organise/studies/autumn/rules/").content.decode()


def test_the_last_step_says_how_many_votes_the_study_needs(organiser: Client, run: Run) -> None:
    given = {"runs": str(run.pk), "title": "T", "slug": "t", "step": "2", "go": "next"}
    page = organiser.post("/organise/studies/new/", given).content.decode()
    for width in (100, 50, 25):
        assert f'± {width} points</th><td class="number">{votes_for(width, contenders=2, boards=1)}<' in page
