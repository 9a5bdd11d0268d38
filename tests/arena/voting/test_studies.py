from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import JSONField, Value
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from arena.catalog.hashing import content_hash
from arena.catalog.models import Contender, Suite
from arena.runs.models import Run
from arena.voting.ballots import open_ballot
from arena.voting.ledger import verify_ledger
from arena.voting.models import Rater, Study
from arena.voting.openings import NothingToShow, close_study, reopen_study
from arena.voting.rules import StudyExists, rules_hash, study_rules
from arena.voting.studies import create_study, find_study, rename_study
from generators.base import Track
from tests.factories import SETTINGS, make_contender, make_rendition, make_run, make_study, make_suite
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def contenders() -> list[Contender]:
    return [make_contender("alpha"), make_contender("beta")]


@pytest.fixture
def suite(contenders: list[Contender]) -> Suite:
    """Make a suite of one prompt, with a clip of each contender."""
    suite = make_suite("scenes")
    for contender in contenders:
        make_rendition(contender, suite.prompts.get(), track="t2v", **clip_settings())
    return suite


def clip_settings(**changes: object) -> dict[str, Any]:
    settings = {**SETTINGS, "track": "t2v", **changes}
    return {"settings": settings, "settings_hash": content_hash(settings)}


def _create(
    suite: Suite,
    contenders: Sequence[Contender],
    *,
    tracks: Sequence[Track] = (Track.T2V,),
    simulated: bool = False,
) -> tuple[Study, bool]:
    return create_study(
        slug="study",
        title="Study",
        tracks=tracks,
        suites=[suite],
        contenders=contenders,
        simulated=simulated,
    )


def test_a_study_is_made_open_with_its_rules(suite: Suite, contenders: list[Contender]) -> None:
    study, created = _create(suite, contenders)
    assert list(study.changes.values_list("number", "kind")) == [(1, "opened")]
    assert verify_ledger(study) == 1
    assert (created, study.is_open) == (True, True)
    assert study_rules(study) == {
        "question": "Which clip is better for this prompt?",
        "choices": ["a", "tie", "both_bad", "b"],
        "tracks": ["t2v"],
        "suites": [f"scenes@1 {suite.content_hash}"],
        "contenders": ["alpha", "beta"],
        "clips": [{"track": "t2v", "duration_s": 1.0, "width": 64, "height": 64, "fps": 12}],
        "pairing": "uniform over units, pairs and orders that the rater can still judge blind",
        "simulated": False,
    }


def test_the_same_rules_again_find_the_same_study(suite: Suite, contenders: list[Contender]) -> None:
    first, _ = _create(suite, contenders)
    assert _create(suite, contenders[::-1]) == (first, False)
    assert Study.objects.count() == 1


def test_other_rules_under_the_same_slug_are_refused(suite: Suite, contenders: list[Contender]) -> None:
    study, _ = _create(suite, contenders)
    before = rules_hash(study)
    with pytest.raises(StudyExists, match="It has contenders alpha, beta, not alpha, beta, gamma"):
        _create(suite, [*contenders, make_contender("gamma")])
    with pytest.raises(StudyExists):
        _create(suite, contenders, simulated=True)
    with pytest.raises(StudyExists, match=r"It has tracks t2v, not t2v, i2v|It has tracks t2v, not i2v"):
        _create(suite, contenders, tracks=[Track.I2V])
    assert rules_hash(study) == before


def test_a_study_compares_at_least_two(suite: Suite, contenders: list[Contender]) -> None:
    with pytest.raises(ValueError, match="contenders must be two or more; got 1"):
        _create(suite, [contenders[0], contenders[0]])


def test_a_study_without_a_track_is_refused(suite: Suite, contenders: list[Contender]) -> None:
    with pytest.raises(ValueError, match="tracks and suites must have an entry each"):
        _create(suite, contenders, tracks=[])


def _run(*changes: str) -> str:
    out = StringIO()
    rules = ["--title=Study", "--tracks=t2v", "--suites=scenes", "--contenders=alpha,beta"]
    call_command("create_study", "study", *rules, *changes, stdout=out)
    return out.getvalue()


def test_the_command_makes_a_study_and_says_where_it_is(suite: Suite, contenders: list[Contender]) -> None:
    where = "study study, /studies/study/start/, clips t2v: 64×64, 1 s, 12 fps\n"
    assert (_run(), _run()) == (f"Created {where}", f"Already there: {where}")
    assert list(Study.objects.get().contenders.all()) == contenders
    assert not Study.objects.get().simulated


def test_a_study_that_is_created_closed_opens_by_hand(suite: Suite, contenders: list[Contender]) -> None:
    out = StringIO()
    names = ("--contenders=alpha,beta", "--suites=scenes", "--tracks=t2v")
    call_command("create_study", "study", "--title=Study", "--closed", *names, stdout=out)
    study = Study.objects.get()
    assert not study.is_open
    assert "Open it with: manage.py reopen_study study" in out.getvalue()
    reopen_study(study=study)
    assert [change.kind for change in study.changes.all()] == ["opened"]


def test_the_command_takes_what_the_front_page_says(suite: Suite, contenders: list[Contender]) -> None:
    _run("--asked-by=The lab", "--introduction=We look at motion.", "--contact=us@lab.org")
    study = Study.objects.get()
    assert (study.asked_by, study.introduction) == ("The lab", "We look at motion.")
    assert study.contact == "us@lab.org"
    assert study.has_introduction


def test_the_command_makes_a_simulated_study(suite: Suite, contenders: list[Contender]) -> None:
    _run("--simulated")
    assert Study.objects.get().simulated


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("--tracks=t2x", r"Unknown track 't2x'\. Known: i2v, i2v-audio, t2v, t2v-audio\."),
        ("--suites=nothing", r"Unknown suite 'nothing'\. Known: scenes@1\."),
        ("--contenders=alpha,nobody", r"Unknown contender 'nobody'\. Known: alpha, beta\."),
        ("--contenders=alpha", "contenders must be two or more"),
    ],
)
def test_the_command_names_what_is_wrong(
    suite: Suite, contenders: list[Contender], change: str, message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        _run(change)
    assert not Study.objects.exists()


# What a study can be called.

ODD_SLUGS = ["odd 2", "Prüfung", "a/b", "", "x" * 80, "a.b", "ü", "a\n"]


@pytest.mark.parametrize("slug", ODD_SLUGS)
def test_a_slug_that_no_address_can_hold_is_refused(
    suite: Suite, contenders: list[Contender], slug: str
) -> None:
    with pytest.raises(CommandError, match=r"^slug must be 1 to 64 of A-Z, a-z, 0-9, '-' and '_'; got "):
        _run_as(slug)
    assert not Study.objects.exists()


@pytest.mark.parametrize("title", ["x" * 300, "", "  ", "two\nlines", "null\0", "\ud800"])
def test_a_title_that_no_page_can_show_is_refused(
    suite: Suite, contenders: list[Contender], title: str
) -> None:
    with pytest.raises(CommandError, match=r"^title must be one line of 1 to 120 printable characters; got "):
        _run(f"--title={title}")
    with pytest.raises(CommandError, match=r"^question must be one line of 1 to 200 printable characters"):
        _run(f"--question={title}")
    assert not Study.objects.exists()


def _run_as(slug: str) -> None:
    rules = ["--title=Study", "--tracks=t2v", "--suites=scenes", "--contenders=alpha,beta"]
    call_command("create_study", slug, *rules)


def test_another_title_is_refused_and_changed_by_name(suite: Suite, contenders: list[Contender]) -> None:
    _run()
    with pytest.raises(
        CommandError, match=r"title 'Study', not 'Other' \(change it with: manage.py rename_study"
    ):
        _run("--title=Other")
    call_command("rename_study", "study", "--title=Other", stdout=StringIO())
    assert Study.objects.get().title == "Other"
    assert "Already there" in _run("--title=Other")


@pytest.mark.parametrize("slug", ODD_SLUGS[:3])
def test_rows_with_odd_slugs_break_no_page_and_can_be_renamed(client: Client, slug: str) -> None:
    fine = make_study("fine")
    odd = make_study("odd")
    Study.objects.filter(pk=odd.pk).update(slug=slug)
    for page in ("/", "/boards/"):
        response = client.get(page)
        assert (response.status_code, fine.title in response.content.decode()) == (200, True)
    rename_study(study=find_study(slug), slug="even")
    assert "Odd" in client.get("/").content.decode()


@pytest.mark.parametrize("tracks", [[], "t2v", ["t2x"], None, {"t2v": 1}])
def test_rows_with_odd_tracks_break_no_page(client: Client, tracks: object) -> None:
    study = make_study("odd")
    make_study("fine")
    Study.objects.filter(pk=study.pk).update(tracks=Value(json.dumps(tracks), JSONField()))
    for page in ("/", "/boards/"):
        assert client.get(page).status_code == 200
    for page in ("/studies/odd/", "/studies/odd/start/", "/boards/odd/t2v-audio/"):
        assert client.get(page).status_code == 404
    assert client.post("/studies/odd/start/").status_code == 404
    assert not Rater.objects.exists()


# What its front page says.

FRONT: dict[str, Any] = {"asked_by": "A lab", "introduction": "Watch two clips.", "contact": "us@lab.org"}


@pytest.mark.parametrize("name", FRONT)
def test_a_text_of_the_front_page_is_changed_and_the_ledger_says_so(name: str) -> None:
    study = make_study()
    for value in (FRONT[name], ""):
        call_command("rename_study", "study", f"--{name.replace('_', '-')}={value}", stdout=StringIO())
        study.refresh_from_db()
        assert getattr(study, name) == value
    assert list(study.changes.values_list("kind", "reason")) == [
        ("revised", f"{name} is now “{FRONT[name]}”"),
        ("revised", f"{name} is now “”"),
    ]
    assert verify_ledger(study) == 2


def test_a_text_that_stays_the_same_is_no_change() -> None:
    study = make_study(**FRONT)
    rename_study(study=study, **FRONT)
    assert not study.changes.exists()


def test_a_text_that_no_page_can_show_is_refused_and_changes_nothing() -> None:
    study = make_study(**FRONT)
    with pytest.raises(ValueError, match="contact must be one line of at most 200 printable characters"):
        rename_study(study=study, asked_by="Others", contact="x" * 201)
    study.refresh_from_db()
    assert (study.asked_by, study.contact, study.changes.count()) == ("A lab", "us@lab.org", 0)


def test_a_study_whose_texts_changed_before_its_clips_came_still_opens_for_the_first_time(
    contenders: list[Contender],
) -> None:
    suite = make_suite("later")
    study, _ = _create(suite, contenders)
    rename_study(study=study, asked_by="A lab")
    for contender in contenders:
        make_rendition(contender, suite.prompts.get(), track="t2v", **clip_settings())
    _create(suite, contenders)
    assert list(study.changes.values_list("kind", flat=True)) == ["revised", "opened"]


@pytest.mark.parametrize("name", FRONT)
def test_creating_a_study_again_with_another_text_says_what_differs(
    suite: Suite, contenders: list[Contender], name: str
) -> None:
    option = f"--{name.replace('_', '-')}"
    _run(f"{option}={FRONT[name]}")
    with pytest.raises(CommandError, match=rf"{name} '{FRONT[name]}', not 'Other' \(change it with"):
        _run(f"{option}=Other")
    assert "Already there" in _run(f"{option}={FRONT[name]}")
    assert "Already there" in _run()


def test_a_study_with_votes_keeps_its_slug(client: Client) -> None:
    study = make_study()
    cast(study)
    with pytest.raises(ValueError, match="once the study has votes, since they name it"):
        rename_study(study=study, slug="other")
    rename_study(study=study, title="Other")
    assert verify_ledger(study) == 1


def test_a_slug_that_another_study_has_is_refused() -> None:
    make_study("taken")
    with pytest.raises(ValueError, match=r"got 'taken'. Take another one"):
        rename_study(study=make_study("free"), slug="taken")


# Which clips a study shows.


def test_a_study_made_before_its_clips_is_closed_until_it_has_a_pair(contenders: list[Contender]) -> None:
    suite = make_suite("bare")
    study, created = _create(suite, contenders)
    assert (created, study.is_open, study.clip_settings) == (True, False, [])
    make_rendition(contenders[0], suite.prompts.get(), track="t2v", **clip_settings())
    with pytest.raises(NothingToShow, match=r"Make them first: manage.py run_suite"):
        reopen_study(study=study)
    assert not Study.objects.get().is_open
    make_rendition(contenders[1], suite.prompts.get(), track="t2v", **clip_settings())
    reopen_study(study=study)
    assert Study.objects.get().is_open
    assert [change.kind for change in study.changes.all()] == ["opened"]
    assert Study.objects.get().clip_settings == [clip_settings()["settings"]]
    assert verify_ledger(study) == 1


def test_creating_a_study_again_opens_it_once_it_has_a_pair(contenders: list[Contender]) -> None:
    suite = make_suite("bare")
    _create(suite, contenders)
    for contender in contenders:
        make_rendition(contender, suite.prompts.get(), track="t2v", **clip_settings())
    study, created = _create(suite, contenders)
    assert (created, study.is_open) == (False, True)
    assert [change.kind for change in study.changes.all()] == ["opened"]
    close_study(study=study)
    assert not _create(suite, contenders)[0].is_open


def test_the_command_says_that_a_study_without_a_pair_is_closed(contenders: list[Contender]) -> None:
    suite, out = make_suite("bare"), StringIO()
    slugs = ",".join(contender.slug for contender in contenders)
    options = ["--title", "Bare", "--tracks", "t2v", "--suites", suite.name, "--contenders", slugs]
    call_command("create_study", "bare", *options, stdout=out)
    assert "It is closed, since no two of its contenders have clips" in out.getvalue()
    assert "manage.py reopen_study bare" in out.getvalue()


def _second_run(suite: Suite, contenders: list[Contender]) -> Run:
    """Clips of the same prompt at another size, and the run that made them."""
    wide = clip_settings(width=128)
    for contender in contenders:
        make_rendition(contender, suite.prompts.get(), track="t2v", **wide)
    return make_run(suite, contenders, settings=wide["settings"])


def test_a_later_run_with_other_settings_changes_no_study(suite: Suite, contenders: list[Contender]) -> None:
    study, _ = _create(suite, contenders)
    _second_run(suite, contenders)
    ballot = open_ballot(study=study, rater=Rater.objects.create())
    assert ballot is not None
    assert ballot.rendition_a.clip.job.settings["width"] == 64
    assert _create(suite, contenders) == (study, False)


def test_several_settings_are_listed_and_one_is_chosen_by_its_run(
    suite: Suite, contenders: list[Contender]
) -> None:
    first = make_run(suite, contenders, settings=clip_settings()["settings"])
    wide = _second_run(suite, contenders)
    with pytest.raises(CommandError) as caught:
        _run()
    assert str(caught.value) == (
        "Clips on track t2v have several settings, and a study shows those of one: "
        f"run {first.pk} of scenes v1 on t2v (64×64, 1 s, 12 fps); "
        f"run {wide.pk} of scenes v1 on t2v (128×64, 1 s, 12 fps). Choose by --run NUMBER."
    )
    assert "clips t2v: 128×64, 1 s, 12 fps" in _run(f"--run={wide.pk}")
    with pytest.raises(CommandError, match="clips 128×64, 1 s, 12 fps, not 64×64, 1 s, 12 fps"):
        _run(f"--run={first.pk}")


@pytest.mark.parametrize("number", ["999", "one", "-1", "²"])
def test_an_unknown_run_is_refused(suite: Suite, contenders: list[Contender], number: str) -> None:
    with pytest.raises(CommandError, match=f"^Unknown run '{number}'. Known: none yet"):
        _run(f"--run={number}")


def test_a_run_of_another_suite_is_refused(suite: Suite, contenders: list[Contender]) -> None:
    other = make_run(make_suite("other"), contenders, settings=clip_settings()["settings"])
    with pytest.raises(CommandError, match="is of another suite or track than the study"):
        _run(f"--run={other.pk}")


def test_studies_are_listed_in_few_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cast(make_study("one"))
    Study.objects.filter(pk=make_study("two").pk).update(slug="odd 2")
    out = StringIO()
    with django_assert_num_queries(2):
        call_command("list_studies", stdout=out)
    first, second = out.getvalue().splitlines()
    assert first == "one  open  1 votes  2 contenders  t2v-audio 64×64, 1 s, 12 fps  “One”"
    assert second.endswith("manage.py rename_study 'odd 2' --slug NEW")
