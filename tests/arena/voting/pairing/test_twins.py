from __future__ import annotations

from io import StringIO
from random import Random

import pytest
from django.core.management import call_command

from arena.catalog.models import Prompt
from arena.runs.models import Clip, Rendition
from arena.voting.ballots import open_ballot
from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing.drawing import draw_pairing
from arena.voting.pairing.pools import build_pool
from arena.voting.pairing.twins import UnitClip, describe_twins, different_clips, groups_of
from arena.voting.pairing.units import Unit
from arena.voting.votes import cast_vote
from tests.factories import make_study

UNIT = Unit(1, 0, "settings", "t2v")


def _clip(contender: int, original: str, rendition: str = "") -> UnitClip:
    return UnitClip(contender, 10 * contender, original, rendition or f"rendition {contender}")


def test_clips_of_one_original_or_one_rendition_are_twins_over_any_chain() -> None:
    clips = [_clip(1, "x"), _clip(2, "y", "same"), _clip(3, "x"), _clip(4, "z", "same"), _clip(5, "u")]
    assert [[clip.contender for clip in group] for group in groups_of(clips)] == [[1, 3], [2, 4], [5]]
    chain = [_clip(1, "x"), _clip(2, "y", "same"), _clip(3, "x", "same")]
    assert [[clip.contender for clip in group] for group in groups_of(chain)] == [[1, 2, 3]]


def test_over_many_units_each_twin_is_drawn_from_about_equally_often() -> None:
    clips = [_clip(1, "x"), _clip(2, "x"), _clip(3, "y")]
    chosen = [different_clips(UNIT._replace(seed=seed), clips) for seed in range(400)]
    assert all(len(each) == 2 and (3, 30) in each for each in chosen)
    assert 150 < sum((1, 10) in each for each in chosen) < 250
    assert chosen[0] == different_clips(UNIT, list(reversed(clips)))


@pytest.fixture
def study() -> Study:
    """Study of three contenders on four prompts; the first two have equal clips on the first prompt."""
    made = make_study(contenders=3, prompts=4)
    first = Prompt.objects.order_by("position")[0]
    twins = Clip.objects.filter(job__prompt=first).order_by("job__contender")[:2]
    Clip.objects.filter(pk__in=list(twins.values_list("pk", flat=True))).update(sha256="e" * 64)
    return made


@pytest.mark.django_db
def test_twins_are_never_paired(study: Study) -> None:
    equal = set(Rendition.objects.filter(clip__sha256="e" * 64).values_list("pk", flat=True))
    drawn = []
    for number in range(60):
        pairing = draw_pairing(study=study, rater=Rater(), random=Random(number))
        assert pairing is not None
        drawn.append({pairing.rendition_a.pk, pairing.rendition_b.pk})
    assert len(equal) == 2
    assert all(pair != equal for pair in drawn)
    assert build_pool(study).clips == 11


@pytest.mark.django_db
def test_a_rater_ends_without_having_seen_both(study: Study) -> None:
    rater, random = Rater.objects.create(), Random(1)
    while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
        cast_vote(ballot=ballot, outcome="a")
    assert Ballot.objects.count() == 4
    shown = Ballot.objects.values_list("rendition_a__clip__sha256", "rendition_b__clip__sha256")
    assert sum(list(row).count("e" * 64) for row in shown) <= 1


@pytest.mark.django_db
def test_a_new_study_names_the_twins(study: Study) -> None:
    slugs = sorted(study.contenders.order_by("pk").values_list("slug", flat=True)[:2])
    key = Prompt.objects.order_by("position")[0].key
    told = (
        f"{' and '.join(slugs)}: byte-equal clips on prompts {key}; one of them is shown, and they never meet"
    )
    assert list(describe_twins(study, "t2v-audio")) == [told]
    suite = study.suites.get()
    out = StringIO()
    call_command(
        "create_study", "other", f"--suites={suite.name}@{suite.version}", "--tracks=t2v-audio",
        f"--contenders={','.join(study.contenders.values_list('slug', flat=True))}", "--title=Other",
        "--question=Which?", stdout=out,
    )  # fmt: skip
    assert f"t2v-audio: {told}" in out.getvalue()
