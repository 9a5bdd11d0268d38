from __future__ import annotations

from collections import Counter

import pytest

from arena.catalog.models import Prompt
from arena.runs.models import Rendition
from arena.standings import tallies
from arena.standings.boards import current_standing
from arena.standings.pages.finding import BoardPage
from arena.standings.pages.votes import votes_behind
from arena.standings.slices import (
    PUBLIC,
    WHOLE,
    Slice,
    UnknownSlice,
    choose_slice,
    known_slices,
    rater_groups,
)
from arena.standings.vote_facts import facts_of_votes
from arena.voting.admission.models import Admission
from arena.voting.models import Rater, Study, Vote
from generators.base import Track
from tests.factories import make_ballot
from tests.factories_voting import cast

pytestmark = pytest.mark.django_db
TRACK = "t2v-audio"


@pytest.fixture
def sliced_study(rated_study: Study) -> Study:
    """Two prompts with music, one in Chinese; clips of the last prompt are upright."""
    one, two, three = Prompt.objects.order_by("position")
    Prompt.objects.filter(pk__in=[one.pk, two.pk]).update(tags=["music", "night"])
    Prompt.objects.filter(pk=two.pk).update(language="zh")
    Rendition.objects.update(width=1280, height=720)
    Rendition.objects.filter(clip__job__prompt=three).update(width=720, height=1280)
    return rated_study


def test_a_board_names_the_values_that_its_prompts_and_clips_have(sliced_study: Study) -> None:
    assert known_slices(sliced_study, TRACK) == {
        "tag": ("music", "night"),
        "language": ("en", "zh"),
        "aspect": ("16:9", "9:16"),
        "group": ("public",),
        "mode": (),
    }


def test_empty_values_take_all_votes(sliced_study: Study) -> None:
    assert choose_slice(sliced_study, TRACK, {"tag": "", "language": ""}) == WHOLE
    assert not WHOLE


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"tag": "musik"}, "Unknown tag 'musik'. Known: music, night."),
        ({"language": "de"}, "Unknown language 'de'. Known: en, zh."),
        ({"colour": "red"}, "Unknown slice 'colour'. Known: tag, language, aspect, group, mode."),
    ],
)
def test_unknown_ones_are_refused_with_those_that_there_are(
    sliced_study: Study, asked: dict[str, str], message: str
) -> None:
    with pytest.raises(UnknownSlice) as refusal:
        choose_slice(sliced_study, TRACK, asked)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("part", "votes"),
    [
        (Slice(tag="music"), 24),
        (Slice(language="zh"), 12),
        (Slice(aspect="9:16"), 12),
        (Slice(tag="music", language="en"), 12),
        (Slice(tag="music", aspect="9:16"), 0),
        (WHOLE, 36),
    ],
)
def test_only_the_votes_of_the_slice_count(sliced_study: Study, part: Slice, votes: int) -> None:
    standing = current_standing(study=sliced_study, track=TRACK, part=part)
    assert (standing.votes, standing.slice) == (votes, part)
    assert current_standing(study=sliced_study, track=TRACK).votes == 36


def test_a_slice_says_what_it_is() -> None:
    assert str(Slice(tag="music", aspect="16:9")) == "tag=music, aspect=16:9"


@pytest.fixture
def admitted_study(rated_study: Study) -> Study:
    """Two of four raters were invited, one is of the panel."""
    raters = list(Rater.objects.order_by("created_at", "pk"))
    for rater, group in zip(raters, ("invitation", "invitation", "panel"), strict=False):
        Admission.objects.create(study=rated_study, rater=rater, group=group)
    return rated_study


def test_a_board_whose_voters_were_all_admitted_has_no_public(admitted_study: Study) -> None:
    visitor = Rater.objects.create()
    make_ballot(admitted_study, rater=visitor)
    assert PUBLIC in rater_groups(admitted_study, TRACK)
    left = Rater.objects.exclude(admissions__study=admitted_study).exclude(pk=visitor.pk)
    for rater in left:
        Admission.objects.create(study=admitted_study, rater=rater, group="panel")
    assert rater_groups(admitted_study, TRACK) == {"invitation", "panel"}


@pytest.mark.parametrize("many", [10**9, 0])
def test_a_slice_by_group_rates_the_votes_of_these_raters(
    admitted_study: Study, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Votes are taken one by one or counted by cluster; a page, an export and the rows agree on them."""
    monkeypatch.setattr(tallies, "MANY", many)
    assert known_slices(admitted_study, TRACK)["group"] == ("invitation", "panel", "public")
    part = choose_slice(admitted_study, TRACK, {"group": "invitation"})
    invited = Admission.objects.filter(group="invitation").values("rater")
    cast(admitted_study, "a", rater=Rater.objects.create())
    standing = current_standing(study=admitted_study, track=TRACK, part=part)
    assert (standing.votes, standing.raters) == (18, 2)
    behind = votes_behind(BoardPage(admitted_study, Track.T2V_AUDIO, part))
    wanted = Vote.objects.filter(ballot__rater__in=invited)
    assert set(behind) == set(wanted)
    whole = current_standing(study=admitted_study, track=TRACK, part=choose_slice(admitted_study, TRACK, {}))
    public = choose_slice(admitted_study, TRACK, {"group": "public"})
    assert whole.votes == 37
    assert current_standing(study=admitted_study, track=TRACK, part=public).votes == 10
    assert set(votes_behind(BoardPage(admitted_study, Track.T2V_AUDIO, public))).isdisjoint(wanted)
    facts = facts_of_votes(Vote.objects.all(), features=False)
    assert Counter(row["rater_group"] for row in facts.values()) == {
        "invitation": 18, "panel": 9, "public": 10
    }  # fmt: skip
