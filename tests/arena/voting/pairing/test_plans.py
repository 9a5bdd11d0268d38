"""Plans of studies with a goal, and draws from them."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from itertools import combinations, pairwise
from random import Random

import pytest
from django.core.management import CommandError, call_command

from arena.runs.models import Job
from arena.voting.ballots import open_ballot
from arena.voting.exclusions import exclude_vote
from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing.counting import count_pairs
from arena.voting.pairing.drawing import choose_pair, choose_unit, draw_pairing, outlook_of
from arena.voting.pairing.models import PairingPlan, PoolUnit
from arena.voting.pairing.plans import Plan, current_plan, load_plan, make_plan
from arena.voting.pairing.refreshing import is_due
from arena.voting.votes import cast_vote
from tests.factories import make_contender, make_rendition, make_study

pytestmark = pytest.mark.django_db


def voted(study: Study, raters: int, votes: int) -> None:
    """Cast votes in which the contender whose slug comes first always wins."""
    random = Random(1)
    for _ in range(raters):
        rater = Rater.objects.create()
        for _ in range(votes):
            ballot = open_ballot(study=study, rater=rater, random=random)
            assert ballot is not None
            a, b = (clip.clip.job.contender.slug for clip in (ballot.rendition_a, ballot.rendition_b))
            cast_vote(ballot=ballot, outcome="a" if a < b else "b")


def weights_of(plan: Plan) -> dict[frozenset[int], int]:
    """Return the weight of each two contenders, by their ids."""
    return {frozenset(pair): int(plan.of_pairs(pair)[0, 1]) for pair in combinations(plan.contenders, 2)}


def test_votes_are_counted_by_contender_without_the_excluded() -> None:
    study = make_study(contenders=3, prompts=2)
    voted(study, raters=3, votes=2)
    last = Ballot.objects.order_by("issued_at").last()
    assert last is not None
    exclude_vote(vote=last.vote, rule="test", reason="test")
    contenders = list(study.contenders.order_by("slug"))
    tally = count_pairs(study, [one.pk for one in contenders], [one.slug for one in contenders])
    expected = Counter[tuple[str, str, str]]()
    for ballot in Ballot.objects.filter(vote__exclusions__isnull=True):
        a, b = (clip.clip.job.contender.slug for clip in (ballot.rendition_a, ballot.rendition_b))
        expected[a, b, ballot.vote.outcome] += 1
    found = {
        (tally.contenders[i], tally.contenders[j], ("a", "b", "tie", "both_bad")[outcome]): number
        for (i, j, outcome), number in zip(
            zip(*tally.counts.nonzero(), strict=True), tally.counts[tally.counts > 0], strict=True
        )
    }
    assert found == expected
    assert sum(expected.values()) == 5


def test_a_plan_leaves_no_pair_out_and_favours_its_goal() -> None:
    study = make_study(contenders=6, prompts=3, pairing="top-2")
    voted(study, raters=8, votes=3)
    plan = make_plan(study)
    assert plan is not None
    assert plan.votes == 24
    weights = weights_of(load_plan(plan.pk, plan.made_at))
    assert len(weights) == 15
    assert min(weights.values()) > 0
    place = {one.pk: rank for rank, one in enumerate(study.contenders.order_by("slug"))}
    top = [weight for pair, weight in weights.items() if all(place[pk] < 3 for pk in pair)]
    assert sum(top) / 3 > 2 * sum(weights.values()) / 15


def test_a_newcomer_gets_most_of_the_pairs() -> None:
    study = make_study(contenders=5, prompts=2)
    voted(study, raters=10, votes=2)
    late = make_contender("late")
    study.contenders.add(late)
    for prompt in study.suites.get().prompts.all():
        make_rendition(late, prompt)
    study.pairing = "newcomer:late"
    study.save()
    plan = make_plan(study)
    assert plan is not None
    weights = weights_of(load_plan(plan.pk, plan.made_at))
    assert sum(weight for pair, weight in weights.items() if late.pk in pair) > sum(weights.values()) / 2


def test_a_study_with_a_goal_draws_evenly_until_its_first_plan() -> None:
    study = make_study(contenders=3, prompts=2, pairing="whole-board")
    outlook = outlook_of(study, Rater())
    plan = current_plan(study, outlook.pool)
    assert plan is not None
    assert len(set(weights_of(plan).values())) == 1
    assert PairingPlan.objects.get().votes == 0
    assert current_plan(study, outlook.pool) is plan


def test_the_plan_goes_on_when_clips_are_added() -> None:
    study = make_study(contenders=4, prompts=2, pairing="top-1")
    voted(study, raters=6, votes=2)
    before = make_plan(study)
    assert before is not None
    late = make_contender("late")
    study.contenders.add(late)
    for prompt in study.suites.get().prompts.all():
        make_rendition(late, prompt)
    outlook = outlook_of(study, Rater())
    after = current_plan(study, outlook.pool)
    assert after is not None
    known = weights_of(load_plan(before.pk, before.made_at))
    assert {pair: weights_of(after)[pair] for pair in known} == known
    assert min(weights_of(after).values()) > 0
    assert len(weights_of(after)) == 10


def test_prompts_that_the_rater_has_not_seen_come_first() -> None:
    study = make_study(contenders=4, prompts=3, seeds=(0, 1), pairing="whole-board")
    rater, random, prompts = Rater.objects.create(), Random(5), []
    while (ballot := open_ballot(study=study, rater=rater, random=random)) is not None:
        prompts.append(ballot.prompt_id)
        cast_vote(ballot=ballot, outcome="tie")
    assert len(set(prompts[:3])) == 3
    assert len(prompts) == 3 * 2 * 2  # two blind pairs of four clips in each of six units


def test_no_plan_is_made_where_pairs_are_uniform() -> None:
    study = make_study()
    assert make_plan(study) is None
    assert draw_pairing(study=study, rater=Rater(), random=Random(0)) is not None
    assert not PairingPlan.objects.exists()


def uneven_study() -> Study:
    """Units of four, three and two clips, and votes by which some pairs weigh more than others."""
    study = make_study(contenders=4, prompts=3, pairing="top-1")
    last, third = study.contenders.order_by("-slug")[:2]
    Job.objects.filter(contender=last, prompt__position__gte=1).update(state=Job.State.FAILED)
    Job.objects.filter(contender=third, prompt__position=2).update(state=Job.State.FAILED)
    voted(study, raters=12, votes=3)
    make_plan(study)
    return study


@pytest.mark.parametrize(
    ("pairing", "seen", "draws"),
    [
        ("top-1", 1, 5_000),
        *(
            pytest.param(pairing, seen, 100_000, marks=pytest.mark.slow)
            for pairing in ("uniform", "top-1")
            for seen in (0, 1, 3)
        ),
    ],
)
def test_propensities_are_the_frequencies_of_many_draws(pairing: str, seen: int, draws: int) -> None:
    study, rater = uneven_study(), Rater.objects.create()
    study.pairing = pairing
    for seed in range(seen):
        ballot = open_ballot(study=study, rater=rater, random=Random(seed))
        assert ballot is not None
        cast_vote(ballot=ballot, outcome="tie")
    outlook = outlook_of(study, rater)
    plan = current_plan(study, outlook.pool)
    units = {unit.number: unit for unit in PoolUnit.objects.filter(pool=outlook.pool)}
    counts, propensities, random = Counter[tuple[int, int]](), {}, Random(9)
    for _ in range(draws):
        drawn = choose_unit(plan, outlook, random)
        assert drawn is not None
        pair = choose_pair(plan, outlook, units[drawn.number], random)
        counts[pair.a, pair.b] += 1
        propensities[pair.a, pair.b] = drawn.probability * pair.probability
    assert sum(propensities.values()) == pytest.approx(1, abs=1e-9)

    # Pearson's statistic stays within five standard deviations of its mean, for fixed seeds.
    squares = sum(
        (counts[pair] - draws * share) ** 2 / (draws * share) for pair, share in propensities.items()
    )
    freedom = len(propensities) - 1
    assert squares < freedom + 5 * (2 * freedom) ** 0.5 + 5


def test_the_ballot_keeps_the_exact_propensity_of_a_planned_pair() -> None:
    study = uneven_study()
    rater = Rater.objects.create()
    ballot = open_ballot(study=study, rater=rater, random=Random(3))
    assert ballot is not None
    plan = current_plan(study, outlook_of(study, Rater()).pool)
    assert plan is not None
    pair = frozenset(clip.clip.job.contender_id for clip in (ballot.rendition_a, ballot.rendition_b))
    assert ballot.propensity == pytest.approx(weights_of(plan)[pair] / plan.total / 2, rel=1e-12)


def test_plans_are_due_more_seldom_the_more_votes_there_are() -> None:
    due = [entries for entries in range(1, 30_000) if is_due(entries)]
    assert due[:3] == [50, 100, 150]
    assert len(due) < 80
    assert all(later - earlier <= max(50, earlier / 3) for earlier, later in pairwise(due))


def test_the_command_plans_open_studies_with_a_goal() -> None:
    voted(make_study("planned", contenders=3, prompts=2, pairing="whole-board"), raters=2, votes=2)
    make_study("even")
    out = StringIO()
    call_command("plan_pairs", stdout=out)
    assert out.getvalue().startswith("planned: whole-board from 4 votes, at least 9")
    assert "even" not in out.getvalue()


@pytest.mark.parametrize(
    ("slug", "fault"), [("even", "draws its pairs uniformly"), ("none", "Unknown study 'none'")]
)
def test_the_command_refuses_a_study_that_has_no_plan(slug: str, fault: str) -> None:
    make_study("even")
    with pytest.raises(CommandError, match=fault):
        call_command("plan_pairs", slug)
