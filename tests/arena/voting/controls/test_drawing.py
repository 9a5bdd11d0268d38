from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from arena.runs.models import Rendition
from arena.voting.ballots import open_ballot
from arena.voting.controls.drawing import REPEAT_AFTER, draw_control
from arena.voting.models import Ballot, Control, Rater, Study, VoidReason
from arena.voting.pairing.drawing import draw_pairing, outlook_of
from arena.voting.progress import rater_progress
from arena.voting.voids import void_ballot
from arena.voting.votes import cast_vote
from tests.factories import make_ballot, make_study
from tests.factories_voting import Always, Never, cast, make_twin_row

pytestmark = pytest.mark.django_db
GOLD, IDENTICAL = {"gold": 0.2}, {"identical": 0.2}
REPEATS = {"repeats": 0.2, "reveal": "close"}


def _study(**terms: object) -> Study:
    return make_study(contenders=3, prompts=8, terms=terms)


def _renditions(study: Study) -> list[Rendition]:
    shown = Rendition.objects.filter(clip__job__contender__studies=study)
    return list(shown.select_related("clip__job__prompt").order_by("pk"))


def _vote_often(study: Study, rater: Rater, votes: int) -> list[Ballot]:
    """Vote on ordinary pairs."""
    random, ballots = Random(5), []
    for _ in range(votes):
        pairing = draw_pairing(study=study, rater=rater, random=random)
        assert pairing is not None
        pair = (pairing.rendition_a, pairing.rendition_b)
        ballots.append(cast_vote(ballot=make_ballot(study, rater, pair=pair), outcome="a").ballot)
    return ballots


def test_no_study_has_controls_unless_its_terms_say_so() -> None:
    study = _study()
    make_twin_row(_renditions(study)[0])
    assert draw_control(outlook_of(study, Rater()), Always(1)) is None


def test_gold_shows_a_clip_beside_its_twin_on_either_side_and_never_the_same_twin_again() -> None:
    study, rater = _study(**GOLD), Rater.objects.create()
    twins = {make_twin_row(one).pk for one in _renditions(study)[:4]}
    sides: Counter[str] = Counter()
    for number in range(4):
        ballot = open_ballot(study=study, rater=rater, random=Always(number))
        assert ballot is not None
        assert ballot.twin is not None
        assert (ballot.control, ballot.rendition_a) == (Control.GOLD, ballot.rendition_b)
        assert ballot.twin.rendition == ballot.rendition_a
        sides[ballot.twin_side] += 1
        twins.remove(ballot.twin.pk)
        cast_vote(ballot=ballot, outcome="a")
    after = open_ballot(study=study, rater=rater, random=Always(9))
    assert after is not None
    assert (after.control, set(sides), twins) == ("", {"a", "b"}, set())


def test_retired_twins_and_those_of_clips_out_of_the_study_are_not_drawn() -> None:
    study = _study(**GOLD)
    retired = make_twin_row(_renditions(study)[0])
    retired.retired_at = retired.created_at
    retired.save()
    make_twin_row(_renditions(make_study(slug="other"))[0])
    assert draw_control(outlook_of(study, Rater()), Always(1)) is None


def test_a_degradation_is_drawn_in_modes_alone_in_which_it_is_noticed() -> None:
    study = _study(**GOLD, modes=["both", "muted", "sound"])
    twin = make_twin_row(_renditions(study)[0], "late-sound")
    seen = {_gold_mode(study, number) for number in range(20)}
    assert seen == {"both"}
    twin.degradation = "blur"
    twin.save()
    assert {_gold_mode(study, number) for number in range(20)} == {"both", "muted"}


def _gold_mode(study: Study, number: int) -> str:
    pairing = draw_control(outlook_of(study, Rater()), Always(number))
    assert pairing is not None
    return pairing.mode


def test_an_identical_pair_shows_one_clip_on_both_sides() -> None:
    study, rater = _study(**IDENTICAL), Rater.objects.create()
    ballot = open_ballot(study=study, rater=rater, random=Always(2))
    assert ballot is not None
    assert (ballot.control, ballot.rendition_a, ballot.twin) == (Control.IDENTICAL, ballot.rendition_b, None)


def test_a_pair_is_repeated_once_some_ballots_later_in_its_mode_on_swapped_sides() -> None:
    study, rater = _study(**REPEATS), Rater.objects.create()
    early = _vote_often(study, rater, REPEAT_AFTER)
    assert draw_control(outlook_of(study, rater), Always(1)) is None
    _vote_often(study, rater, 1)
    ballot = open_ballot(study=study, rater=rater, random=Always(3))
    assert ballot is not None
    first = early[0]
    assert ballot.control == Control.REPEAT
    assert (ballot.rendition_a, ballot.rendition_b) == (first.rendition_b, first.rendition_a)
    assert (ballot.prompt, ballot.mode) == (first.prompt, first.mode)
    cast_vote(ballot=ballot, outcome="b")
    again = draw_control(outlook_of(study, rater), Always(3))
    assert again is not None
    assert {again.rendition_a, again.rendition_b} != {first.rendition_a, first.rendition_b}


def test_a_voided_gold_pair_comes_back_as_it_was() -> None:
    study, rater = _study(**GOLD), Rater.objects.create()
    make_twin_row(_renditions(study)[0])
    ballot = open_ballot(study=study, rater=rater, random=Always(1))
    assert ballot is not None
    void_ballot(ballot=ballot, reason=VoidReason.STALL)
    _vote_often(study, rater, 3)
    again = open_ballot(study=study, rater=rater, random=Random(1))
    assert again is not None
    assert (again.twin, again.twin_side, again.mode) == (ballot.twin, ballot.twin_side, ballot.mode)


def test_a_voided_repetition_comes_back_as_it_was_and_leaves_the_progress_alone() -> None:
    study, rater = make_study(contenders=3, prompts=12, terms=REPEATS), Rater.objects.create()
    _vote_often(study, rater, REPEAT_AFTER + 1)
    ballot = open_ballot(study=study, rater=rater, random=Always(3))
    assert ballot is not None
    total = rater_progress(study=study, rater=rater).total
    void_ballot(ballot=ballot, reason=VoidReason.STALL)
    assert rater_progress(study=study, rater=rater).total == total
    _vote_often(study, rater, 3)
    again = open_ballot(study=study, rater=rater, random=Never(1))
    assert again is not None
    assert (again.control, again.mode) == (Control.REPEAT, ballot.mode)
    assert (again.rendition_a, again.rendition_b) == (ballot.rendition_a, ballot.rendition_b)
    cast_vote(ballot=again, outcome="a")
    after = open_ballot(study=study, rater=rater, random=Never(1))
    assert after is not None
    assert after.control == ""


@pytest.mark.slow
def test_controls_come_as_often_as_the_terms_say_and_leave_propensities_exact() -> None:
    """3,000 draws: the share within 4 standard errors, and each ordinary pair as often as its propensity."""
    study = make_study(contenders=3, prompts=2, terms={"gold": 0.1, "identical": 0.1})
    make_twin_row(_renditions(study)[0])
    outlook, random, draws = outlook_of(study, Rater()), Random(3), 3000
    controls = sum(draw_control(outlook, random) is not None for _ in range(draws))
    assert abs(controls - 0.2 * draws) < 4 * (0.16 * draws) ** 0.5
    found: Counter[tuple[int, int]] = Counter()
    for _ in range(600):
        pairing = draw_pairing(study=study, rater=Rater(), random=random)
        assert pairing is not None
        assert pairing.propensity == pytest.approx(1 / 12)
        found[pairing.rendition_a.pk, pairing.rendition_b.pk] += 1
    assert len(found) == 12
    assert max(abs(count - 50) for count in found.values()) < 4 * (600 * 11 / 144) ** 0.5


def test_the_total_of_the_progress_does_not_give_a_control_away() -> None:
    study, rater = _study(**GOLD), Rater.objects.create()
    for one in _renditions(study)[:3]:
        make_twin_row(one)
    totals = set()
    for random in (Random(1), Always(1), Random(2), Always(2)):
        ballot = open_ballot(study=study, rater=rater, random=random)
        assert ballot is not None
        totals.add(rater_progress(study=study, rater=rater).total)
        cast_vote(ballot=ballot, outcome="a")
        totals.add(rater_progress(study=study, rater=rater).total)
    assert len(totals) == 1
    assert rater_progress(study=study, rater=rater).votes == 4


@pytest.mark.parametrize("twins", [2, 20])
def test_a_gold_pair_costs_as_many_queries_whatever_the_number_of_twins(twins: int) -> None:
    study, rater = _study(**GOLD), Rater.objects.create()
    for one in _renditions(study)[:twins]:
        make_twin_row(one)
    outlook_of(study, rater)  # builds the pool
    with CaptureQueriesContext(
        connection,
    ) as ordinary:
        open_ballot(study=study, rater=Rater(), random=Never(1))
    with CaptureQueriesContext(connection) as gold:
        open_ballot(study=study, rater=Rater(), random=Always(1))
    assert len(gold) <= len(ordinary)


def test_no_control_comes_once_the_ordinary_pairs_are_over() -> None:
    study, rater = make_study(terms=GOLD), Rater.objects.create()
    make_twin_row(_renditions(study)[0])
    cast(study, rater=rater)
    assert open_ballot(study=study, rater=rater, random=Always(1)) is None


def test_the_database_refuses_a_pair_of_one_clip_that_is_no_control_and_gold_without_its_twin() -> None:
    study = _study()
    one, *_ = _renditions(study)
    for fields in (
        {},
        {"control": "repeat"},
        {"control": "gold"},
        {"control": "gold", "twin": make_twin_row(one)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            make_ballot(study, pair=(one, one), **fields)
