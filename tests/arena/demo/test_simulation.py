from __future__ import annotations

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from arena.catalog.models import Contender
from arena.demo.simulation import simulate_votes
from arena.runs.models import Rendition
from arena.voting.ballots import open_ballot
from arena.voting.ledger import counting_votes, verify_ledger
from arena.voting.models import Ballot, Rater, Study, Vote
from arena.voting.refusals import PeoplesStudy, SimulatedStudy
from generators.toyworld.referee.faults import Faults
from tests.factories import make_study
from tests.factories_voting import make_twin_row

CLIPS_JUDGED = 3


@pytest.mark.django_db
def test_a_simulated_rater_gets_no_ballot_of_a_peoples_study_nor_a_person_a_simulated_one() -> None:
    people, simulated = make_study("people"), make_study("simulated", simulated=True)
    with pytest.raises(PeoplesStudy):
        open_ballot(study=people, rater=Rater.objects.create(simulated=True))
    with pytest.raises(SimulatedStudy):
        open_ballot(study=simulated, rater=Rater.objects.create())
    assert not Ballot.objects.exists()


def _wins(study: Study) -> Counter[str]:
    return Counter(
        vote[f"contender_{vote['outcome']}"]
        for vote in counting_votes(study)
        if vote["outcome"] in ("a", "b")
    )


@pytest.mark.django_db
def test_votes_follow_the_files_and_not_the_names(produced_study: Study) -> None:
    right, wrong = (Contender.objects.get(slug=slug) for slug in ("zebra-9000", "aardvark-9000"))
    simulate_votes(study=produced_study, votes=24, seed=1, report=lambda _: None)
    before = _wins(produced_study)
    assert before["zebra-9000"] > 3 * before["aardvark-9000"]

    for contender, slug in ((right, "temporary"), (wrong, "zebra-9000"), (right, "aardvark-9000")):
        Contender.objects.filter(pk=contender.pk).update(slug=slug, name=slug.title())
    cache.clear()  # a slug never changes outside this test
    again = Study.objects.create(
        slug="again",
        title="Again",
        question="Which?",
        tracks=["t2v-audio"],
        clip_settings=produced_study.clip_settings,
        simulated=True,
    )
    again.suites.set(produced_study.suites.all())
    again.contenders.set([right, wrong])
    simulate_votes(study=again, votes=24, seed=1, report=lambda _: None)
    after = _wins(again)
    assert after == Counter({"aardvark-9000": before["zebra-9000"], "zebra-9000": before["aardvark-9000"]})


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Stands in for eyes and ears: what is watched, as content and caption; everything is faultless."""
    seen: list[tuple[str, str]] = []

    def find_faults(path: Path, caption: str) -> Faults:
        seen.append((path.read_text(), caption))
        return Faults()

    monkeypatch.setattr("arena.demo.simulation.find_faults", find_faults)
    return seen


@pytest.mark.django_db
def test_votes_take_the_road_of_real_ones(watched: list[tuple[str, str]]) -> None:
    study = make_study(simulated=True, contenders=3)
    reports: list[int] = []
    assert simulate_votes(study=study, votes=10, seed=0, report=reports.append) == 10
    assert reports == list(range(1, 11))
    assert verify_ledger(study) == Vote.objects.count() == 10
    assert set(Ballot.objects.values_list("state", flat=True)) == {Ballot.State.VOTED}
    assert set(Rater.objects.values_list("simulated", flat=True)) == {True}
    assert all(vote["simulated"] for vote in counting_votes(study))


@pytest.mark.django_db
def test_votes_on_training_pairs_are_none_of_those_asked_for(watched: list[tuple[str, str]]) -> None:
    study = make_study(simulated=True, contenders=3, terms={"training": 1})
    for rendition in Rendition.objects.all()[:2]:
        make_twin_row(rendition)
    reports: list[int] = []
    assert simulate_votes(study=study, votes=4, seed=0, report=reports.append) == 4
    assert reports == [1, 2, 3, 4]
    assert Vote.objects.after_training().count() == 4
    assert Vote.objects.count() == 4 + Rater.objects.count()


@pytest.mark.django_db
def test_raters_know_the_file_and_the_caption_and_watch_each_once(watched: list[tuple[str, str]]) -> None:
    study = make_study(simulated=True, contenders=3)
    simulate_votes(study=study, votes=12, seed=0, report=lambda _: None)
    assert len(watched) == len(set(watched)) == CLIPS_JUDGED
    names = [name for row in Contender.objects.values_list("slug", "name") for name in row]
    assert not [told for told in watched if any(name in "".join(told) for name in names)]


@pytest.mark.django_db
def test_a_seed_repeats_its_votes(watched: list[tuple[str, str]]) -> None:
    first, second = (make_study(slug, simulated=True, contenders=3) for slug in ("first", "second"))
    for study in (first, second):
        simulate_votes(study=study, votes=12, seed=5, report=lambda _: None)
    outcomes = [[vote["outcome"] for vote in counting_votes(study)] for study in (first, second)]
    assert outcomes[0] == outcomes[1]


@pytest.mark.django_db
def test_the_same_seed_again_adds_votes_by_new_raters(watched: list[tuple[str, str]]) -> None:
    study = make_study(simulated=True)
    for _ in range(2):
        simulate_votes(study=study, votes=3, seed=0, report=lambda _: None)
    assert verify_ledger(study) == 6


@pytest.mark.django_db
def test_a_study_without_pairs_gets_no_votes() -> None:
    study = make_study(simulated=True, prompts=0)
    assert simulate_votes(study=study, votes=5, seed=0, report=lambda _: None) == 0


@pytest.mark.django_db
def test_the_command_casts_into_simulated_studies(watched: list[tuple[str, str]]) -> None:
    make_study("machine", simulated=True)
    out = StringIO()
    call_command("simulate_votes", "machine", votes=2, stdout=out)
    assert "2 simulated votes cast into 'machine'." in out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["people", "nowhere"])
def test_the_command_casts_nowhere_else(slug: str) -> None:
    make_study("people")
    make_study("machine", simulated=True)
    with pytest.raises(CommandError, match=f"study must be a simulated one; got '{slug}'.* Known: machine"):
        call_command("simulate_votes", slug, votes=2)
    assert not Vote.objects.exists()
