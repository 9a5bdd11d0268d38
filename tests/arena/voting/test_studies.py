from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from arena.catalog.models import Contender, Suite
from arena.catalog.tracks import Track
from arena.voting.models import Study
from arena.voting.studies import StudyExists, create_study, rules_hash, study_rules
from tests.factories import make_contender, make_suite

pytestmark = pytest.mark.django_db


@pytest.fixture
def contenders() -> list[Contender]:
    return [make_contender("alpha"), make_contender("beta")]


@pytest.fixture
def suite() -> Suite:
    return make_suite("scenes")


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
    assert (created, study.is_open) == (True, True)
    assert study_rules(study) == {
        "question": "Which clip is better for this prompt?",
        "choices": ["a", "tie", "both_bad", "b"],
        "tracks": ["t2v"],
        "suites": [f"scenes@1 {suite.content_hash}"],
        "contenders": ["alpha", "beta"],
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
    with pytest.raises(StudyExists, match="a study's rules never change"):
        _create(suite, [*contenders, make_contender("gamma")])
    with pytest.raises(StudyExists):
        _create(suite, contenders, simulated=True)
    with pytest.raises(StudyExists):
        _create(suite, contenders, tracks=[Track.I2V])
    assert rules_hash(study) == before


def test_a_study_compares_at_least_two(suite: Suite, contenders: list[Contender]) -> None:
    with pytest.raises(ValueError, match="at least two contenders, not 1"):
        _create(suite, [contenders[0], contenders[0]])


def test_a_study_without_a_track_is_refused(suite: Suite, contenders: list[Contender]) -> None:
    with pytest.raises(ValueError, match="at least one track and one suite"):
        _create(suite, contenders, tracks=[])


def _run(*changes: str) -> str:
    out = StringIO()
    rules = ["--title=Study", "--tracks=t2v", "--suites=scenes", "--contenders=alpha,beta"]
    call_command("create_study", "study", *rules, *changes, stdout=out)
    return out.getvalue()


def test_the_command_makes_a_study_and_says_where_it_is(suite: Suite, contenders: list[Contender]) -> None:
    assert _run() == "Created study study, /studies/study/\n"
    assert _run() == "Already there: study study, /studies/study/\n"
    assert list(Study.objects.get().contenders.all()) == contenders
    assert not Study.objects.get().simulated


def test_the_command_makes_a_simulated_study(suite: Suite, contenders: list[Contender]) -> None:
    _run("--simulated")
    assert Study.objects.get().simulated


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("--tracks=t2x", r"Unknown track 't2x'\. Known: i2v, i2v-audio, t2v, t2v-audio\."),
        ("--suites=nothing", r"Unknown suite 'nothing'\. Known: scenes@1\."),
        ("--contenders=alpha,nobody", r"Unknown contender 'nobody'\. Known: alpha, beta\."),
        ("--contenders=alpha", "at least two contenders"),
    ],
)
def test_the_command_names_what_is_wrong(
    suite: Suite, contenders: list[Contender], change: str, message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        _run(change)
    assert not Study.objects.exists()
