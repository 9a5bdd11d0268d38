from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from random import Random

import pytest
import time_machine

from arena.catalog.hashing import content_hash
from arena.runs.models import Job, Rendition
from arena.voting.ballots import open_ballot, skip_ballot
from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing import study_jobs
from arena.voting.pairing.drawing import Pairing, draw_from, draw_pairing, outlook_of
from arena.voting.votes import cast_vote
from tests.factories import SETTINGS, make_contender, make_prompt, make_rendition, make_study, make_suite

pytestmark = pytest.mark.django_db
DRAWS = 400
ALL = 100
"""Draws that bring each of eight pairings at least once."""


def _draw(study: Study, rater: Rater, seed: int) -> Pairing:
    pairing = draw_pairing(study=study, rater=rater, random=Random(seed))
    assert pairing is not None
    return pairing


def _draws(study: Study, rater: Rater, number: int) -> list[Pairing]:
    outlook = outlook_of(study, rater)
    drawn = [draw_from(outlook, Random(seed)) for seed in range(number)]
    return [pairing for pairing in drawn if pairing is not None]


def _uneven_study() -> Study:
    """Three contenders on the first prompt (3 pairs), two on the second (1 pair)."""
    study = make_study(contenders=3, prompts=2)
    last = study.contenders.order_by("pk").last()
    Job.objects.filter(contender=last, prompt__position=1).update(state=Job.State.FAILED)
    return study


def test_propensities_of_all_pairings_sum_to_one() -> None:
    study, rater = _uneven_study(), Rater.objects.create()
    drawn = set(_draws(study, rater, ALL))
    assert len(drawn) == 2 * (3 + 1)
    assert sum(pairing.propensity for pairing in drawn) == pytest.approx(1)


def test_pairings_come_as_often_as_their_propensity_says() -> None:
    study, rater = _uneven_study(), Rater.objects.create()
    counts = Counter(_draws(study, rater, DRAWS))
    for pairing, count in counts.items():
        spread = (DRAWS * pairing.propensity * (1 - pairing.propensity)) ** 0.5
        assert abs(count - DRAWS * pairing.propensity) < 4 * spread


def test_a_rater_sees_each_pair_once_until_all_are_seen() -> None:
    study, rater, random = _uneven_study(), Rater.objects.create(), Random(7)
    seen = []
    while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
        seen.append(frozenset((ballot.rendition_a_id, ballot.rendition_b_id)))
        skip_ballot(ballot=ballot)
    assert len(seen) == len(set(seen)) == 3 + 1
    assert draw_pairing(study=study, rater=rater, random=random) is None


def test_propensities_sum_to_one_over_what_is_left() -> None:
    study, rater, random = _uneven_study(), Rater.objects.create(), Random(7)
    for left in (3, 2, 1):
        ballot = open_ballot(study=study, rater=rater, random=random)
        assert ballot is not None
        skip_ballot(ballot=ballot)
        drawn = set(_draws(study, rater, ALL))
        assert len(drawn) == 2 * left
        assert sum(pairing.propensity for pairing in drawn) == pytest.approx(1)


def test_the_ballot_keeps_the_propensity_of_its_draw() -> None:
    study, rater = _uneven_study(), Rater.objects.create()
    expected = _draw(study, rater, 5)
    ballot = open_ballot(study=study, rater=rater, random=Random(5))
    assert ballot is not None
    assert (ballot.rendition_a, ballot.rendition_b) == (expected.rendition_a, expected.rendition_b)
    assert ballot.propensity == expected.propensity


def test_each_rendition_of_a_pair_is_on_the_left_about_half_of_the_time() -> None:
    study = make_study()
    rater = Rater.objects.create()
    left = Counter(pairing.rendition_a for pairing in _draws(study, rater, DRAWS))
    assert len(left) == 2
    assert abs(min(left.values()) - DRAWS / 2) < 4 * (DRAWS / 4) ** 0.5


def test_one_raters_pairs_dont_touch_anothers() -> None:
    study = make_study()
    first, second = Rater.objects.create(), Rater.objects.create()
    assert open_ballot(study=study, rater=first) is not None
    assert draw_pairing(study=study, rater=first, random=Random(0)) is None
    assert _draw(study, second, 0).propensity == pytest.approx(1 / 2)


def _same_clips_in_another(study: Study) -> Study:
    another = Study.objects.create(
        slug="another",
        title="Another",
        question="Which?",
        tracks=study.tracks,
        clip_settings=study.clip_settings,
    )
    another.suites.set(study.suites.all())
    another.contenders.set(study.contenders.all())
    return another


def test_a_clip_never_comes_back_once_its_maker_is_revealed() -> None:
    """Three contenders on a prompt are three pairs, but after one vote only one clip is blind."""
    study, rater, random = make_study(contenders=3, prompts=2), Rater.objects.create(), Random(7)
    revealed: set[int] = set()
    while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
        assert not revealed & {ballot.rendition_a_id, ballot.rendition_b_id}
        revealed |= {ballot.rendition_a_id, ballot.rendition_b_id}
        cast_vote(ballot=ballot, outcome="a")
    assert len(revealed) == 2 * 2


def test_a_clip_revealed_in_one_study_stays_away_in_another() -> None:
    study, rater = make_study(), Rater.objects.create()
    ballot = open_ballot(study=study, rater=rater)
    assert ballot is not None
    another = _same_clips_in_another(study)
    assert (
        open_ballot(study=another, rater=rater) is None
    )  # two open at once: a vote on one names the other's clips
    cast_vote(ballot=ballot, outcome="a")
    assert open_ballot(study=another, rater=rater) is None


@pytest.mark.parametrize("state", [Ballot.State.SKIPPED, Ballot.State.EXPIRED])
def test_a_pair_that_ended_without_a_vote_is_blind_in_another_study(state: str) -> None:
    study, rater = make_study(), Rater.objects.create()
    open_ballot(study=study, rater=rater)
    Ballot.objects.update(state=state)
    assert _draw(_same_clips_in_another(study), rater, 0).propensity == pytest.approx(1 / 2)


def test_a_ballot_left_open_past_its_time_holds_nothing_back() -> None:
    study, rater = make_study(), Rater.objects.create()
    ballot = open_ballot(study=study, rater=rater)
    assert ballot is not None
    with time_machine.travel(ballot.expires_at):
        assert _draw(_same_clips_in_another(study), rater, 0).propensity == pytest.approx(1 / 2)


def test_propensities_sum_to_one_over_what_a_vote_leaves() -> None:
    study, rater = make_study(contenders=4), Rater.objects.create()
    ballot = open_ballot(study=study, rater=rater, random=Random(7))
    assert ballot is not None
    cast_vote(ballot=ballot, outcome="a")
    drawn = set(_draws(study, rater, 20))
    assert [pairing.propensity for pairing in drawn] == pytest.approx([1 / 2, 1 / 2])


def test_only_clips_of_one_prompt_seed_and_settings_meet() -> None:
    study = make_study(contenders=3, prompts=2, seeds=(0, 1))
    wide = {**SETTINGS, "width": 128}
    for prompt in study.suites.get().prompts.all():
        for contender in study.contenders.all():
            make_rendition(contender, prompt, 0, settings=wide, settings_hash=content_hash(wide))
    assert len(_all_drawn(study)) == 3 * 2 * 2  # pairs of three; two prompts; two seeds; one set of settings
    study.clip_settings.append(wide)
    study.save()
    drawn = _all_drawn(study)
    assert len(drawn) == 3 * 2 * 3  # one of the seeds is there in both settings
    for a, b in drawn:
        assert (a.prompt_id, a.seed, a.settings_hash) == (b.prompt_id, b.seed, b.settings_hash)
        assert a.contender_id != b.contender_id


@pytest.mark.parametrize("why", ["track", "contender", "suite", "failed", "not shown"])
def test_what_isnt_of_the_study_or_isnt_ready_never_shows(why: str) -> None:
    study = make_study()
    prompt = study.suites.get().prompts.get()
    outsider = make_contender("outsider")
    if why == "track":
        study.contenders.add(outsider)
        make_rendition(outsider, prompt, track="t2v")
    elif why == "contender":
        make_rendition(outsider, prompt)
    elif why == "suite":
        study.contenders.add(outsider)
        other = make_prompt(make_suite(prompts=0), "other")
        for contender in study.contenders.all():
            make_rendition(contender, other)
    else:
        study.contenders.add(outsider)
        rendition = make_rendition(outsider, prompt)
        Job.objects.filter(clip=rendition.clip_id).update(state=Job.State.FAILED)
        if why == "not shown":
            Job.objects.update(state=Job.State.SUCCEEDED)
            rendition.delete()
    assert all("outsider" not in (a.contender.slug, b.contender.slug) for a, b in _all_drawn(study))


@pytest.mark.parametrize("seed", range(4))
def test_votes_left_and_what_can_be_drawn_are_those_counted_pair_by_pair(seed: int) -> None:
    study, rater, random = make_study(contenders=4, prompts=3), Rater.objects.create(), Random(seed)
    Job.objects.filter(prompt__position=seed % 3, contender=study.contenders.last()).update(
        state=Job.State.FAILED
    )
    units = _clips_by_prompt(study)
    while True:
        ballots = Ballot.objects.filter(rater=rater)
        seen = {frozenset((one.rendition_a_id, one.rendition_b_id)) for one in ballots}
        revealed = {clip for one in ballots.filter(state="voted") for clip in _clips_of(one)}
        blind = {prompt: clips - revealed for prompt, clips in units.items()}
        left = {prompt: _pairs(clips) - seen for prompt, clips in blind.items()}
        outlook = outlook_of(study, rater)
        assert outlook.votes_left == sum(len(blind[prompt]) // 2 for prompt in units if left[prompt])
        assert outlook.pool.units - len(outlook.finished) == sum(map(bool, left.values()))
        ballot = open_ballot(study=study, rater=rater, random=random)
        if ballot is None:
            break
        expected = 1 / sum(map(bool, left.values())) / len(left[ballot.prompt_id]) / 2
        assert ballot.propensity == pytest.approx(expected)
        if random.random() < 0.5:
            skip_ballot(ballot=ballot)
        else:
            cast_vote(ballot=ballot, outcome="a")
    assert not any(left.values())


def test_a_clip_that_is_taken_out_of_the_study_is_not_drawn_any_more() -> None:
    study, rater = make_study(contenders=3), Rater.objects.create()
    _draw(study, rater, 0)
    gone = study.contenders.first()
    Job.objects.filter(contender=gone).update(state=Job.State.FAILED)
    for seed in range(10):  # one of them meets the clip that is gone, and the pool is built anew
        _draw(study, rater, seed)
    drawn = set(_draws(study, rater, 20))
    assert len(drawn) == 2
    assert {pairing.propensity for pairing in drawn} == {1 / 2}
    assert gone not in {pairing.rendition_a.clip.job.contender for pairing in drawn}


def test_new_clips_are_drawn_without_a_restart() -> None:
    study, rater = make_study(), Rater.objects.create()
    assert _draw(study, rater, 0).propensity == pytest.approx(1 / 2)
    make_rendition(make_contender("elsewhere"), make_prompt(make_suite(prompts=0), "other"))
    assert outlook_of(study, rater).pool.pk == outlook_of(study, rater).pool.pk
    late = make_contender("late")
    study.contenders.add(late)
    make_rendition(late, study.suites.get().prompts.get())
    assert _draw(study, rater, 0).propensity == pytest.approx(1 / 6)


def _clips_by_prompt(study: Study) -> dict[int, set[int]]:
    clips: dict[int, set[int]] = defaultdict(set)
    for job in study_jobs(study).select_related("clip__rendition"):
        clips[job.prompt_id].add(job.clip.rendition.pk)
    return clips


def _clips_of(ballot: Ballot) -> set[int]:
    return {ballot.rendition_a_id, ballot.rendition_b_id}


def _pairs(clips: set[int]) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in combinations(clips, 2)}


def _all_drawn(study: Study) -> list[tuple[Job, Job]]:
    """Every pair that a rater comes to see."""
    rater, random = Rater.objects.create(), Random(3)
    while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
        skip_ballot(ballot=ballot)
    jobs = {row.pk: row.clip.job for row in Rendition.objects.select_related("clip__job__contender")}
    ballots = Ballot.objects.filter(rater=rater)
    assert not ballots.filter(propensity__gt=0.5).exists()
    return [(jobs[ballot.rendition_a_id], jobs[ballot.rendition_b_id]) for ballot in ballots]
