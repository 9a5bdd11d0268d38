"""Caps in US dollars: refused before a run, reserved before each submission, exceeded by none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError
from django.db import connections
from pytest_django.fixtures import Settings

from arena.runs.budget import CapReached, NoSlot, count_at_provider, find_caps, reserve, spent
from arena.runs.claims import give_up_job
from arena.runs.models import Job, Run, Submission
from generators.adapters import hosted, prices
from generators.priced import Estimate
from tests.factories import make_run, make_suite
from tests.factories_hosted import claim_hosted, make_entry, make_hosted, run_hosted
from tests.providers.face import Job as ProviderJob
from tests.providers.face import State
from tests.providers.faults import Fault
from tests.providers.server import Server

PRICE = Estimate(0.7, None)


def _reserve(job: Job, estimate: Estimate = PRICE, slots: int = 99) -> Submission:
    return reserve(job=job, entry=make_entry(), estimate=estimate, slots=slots)


def _claim_in(run: Run) -> Job:
    job = claim_hosted()
    Job.objects.filter(pk=job.pk).update(paid_by=run)
    job.refresh_from_db()
    return job


def _run(**caps: object) -> Run:
    run = make_run(make_suite(), [])
    Run.objects.filter(pk=run.pk).update(**caps)
    run.refresh_from_db()
    return run


@pytest.mark.django_db
def test_a_cap_holds_to_the_cent() -> None:
    run = _run(max_usd="2.10")
    for _ in range(3):
        _reserve(_claim_in(run))
    with pytest.raises(CapReached) as caught:
        _reserve(_claim_in(run))
    assert "the next clip is estimated at $0.70, and the cap of $2.10 for the run leaves $0.00." in str(
        caught.value
    )
    assert Submission.objects.count() == 3


@pytest.mark.django_db
def test_a_job_that_the_cap_leaves_out_keeps_its_state() -> None:
    job = _claim_in(_run(max_usd="0.5"))
    with pytest.raises(CapReached):
        _reserve(job)
    assert (Job.objects.get(pk=job.pk).state, job.state, job.events.count()) == ("planned", "planned", 0)


@pytest.mark.django_db
def test_each_contender_has_a_cap_of_its_own() -> None:
    run = _run(max_usd_per_contender="1")
    first, second = _claim_in(run), _claim_in(run)
    _reserve(first)
    _reserve(second)
    assert [cap.spent_usd for cap in find_caps(run, first.contender_id)] == [Decimal("0.7")]


@pytest.mark.django_db
def test_the_day_has_a_cap_over_all_runs(settings: Settings) -> None:
    settings.MAX_USD_PER_DAY = Decimal(1)
    yesterday = _reserve(_claim_in(_run()))
    Submission.objects.update(submitted_at=yesterday.submitted_at - timedelta(days=1))
    _reserve(_claim_in(_run()))
    with pytest.raises(CapReached, match=r"the cap of \$1\.00 for today \(UTC\) leaves \$0\.30"):
        _reserve(_claim_in(_run()))


@pytest.mark.django_db
def test_known_costs_count_instead_of_their_estimates() -> None:
    run = _run(max_usd="1")
    submission = _reserve(_claim_in(run))
    Submission.objects.filter(pk=submission.pk).update(cost_usd="0.30")
    _reserve(_claim_in(run))
    assert spent(run.submissions.all()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("estimate", [Estimate(None, "No price."), Estimate(0.1, "Old price.")])
def test_a_doubtful_price_is_refused_under_a_cap_unless_accepted(estimate: Estimate) -> None:
    with pytest.raises(CapReached, match=r"price\. A cap can't be kept by it; --accept-stale-prices"):
        _reserve(_claim_in(_run(max_usd="5")), estimate)
    _reserve(_claim_in(_run(max_usd="5", accept_stale_prices=True)), estimate)
    _reserve(_claim_in(_run()), estimate)


@pytest.mark.django_db
def test_an_account_has_so_many_slots() -> None:
    job = claim_hosted()
    _reserve(job, slots=1)
    with pytest.raises(NoSlot):
        _reserve(claim_hosted(), slots=1)
    give_up_job(job=job, state=Job.State.PLANNED)  # nobody waits for it any more
    assert count_at_provider("fal") == 0
    _reserve(claim_hosted(), slots=1)


def _try_to_reserve(job: Job) -> bool:
    try:
        _reserve(job)
    except CapReached:
        return False
    finally:
        connections.close_all()
    return True


@pytest.mark.django_db(transaction=True)
def test_of_many_threads_at_once_none_exceeds_the_cap() -> None:
    run = _run(max_usd="3.50")
    jobs = [_claim_in(run) for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        reserved = list(pool.map(_try_to_reserve, jobs))
    assert (reserved.count(True), spent(run.submissions.all())) == (5, Decimal("3.5"))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_eight_jobs_side_by_side_keep_a_runs_cap(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_CONCURRENCY", "8")
    make_hosted("fal")
    make_suite("suite", prompts=10)
    with pytest.raises(CommandError) as caught:
        run_hosted("fal", max_usd="2.9", concurrency=8, workers=2)
    assert str(caught.value).startswith("6 clips were not submitted, as a cap does not allow them. fal: the")
    assert (server.faces["fal"].paid_jobs, Submission.objects.count()) == (4, 4)
    assert "10 done, 0 failed." in run_hosted("fal", max_usd="7", concurrency=8, workers=2)
    assert server.faces["fal"].paid_jobs == 10


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_more_jobs_are_at_a_provider_than_its_account_may_have(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAL_CONCURRENCY", "2")
    make_hosted("fal")
    make_suite("suite", prompts=6)
    face = server.faces["fal"]
    most: list[int] = []
    state = face._state

    def count(job: ProviderJob) -> State:
        most.append(_unfinished(server))
        return state(job)

    monkeypatch.setattr(face, "_state", count)
    assert "6 done" in run_hosted("fal", concurrency=6)
    assert max(most) == 2


def _unfinished(server: Server) -> int:
    return sum(job.polls < 3 for job in server.faces["fal"].jobs.values())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"max_usd": "0.5"},
            r"^fal: .+ is estimated at \$0\.70, and the cap of \$0\.50 for the run",
        ),
        (
            {"max_usd_per_contender": "0.69"},
            r"at \$0\.70, and the cap of \$0\.69 for each contender",
        ),
        ({"max_usd": "much"}, r"^--max-usd must be an amount of US dollars from 0; got much\."),
        ({"max_usd": "-1"}, r"^--max-usd must be an amount of US dollars from 0; got -1\."),
        ({"max_usd": "nan"}, r"^--max-usd must be an amount of US dollars from 0; got nan\."),
    ],
)
def test_a_cap_that_allows_no_clip_is_refused_before_anything_is_planned(
    options: dict[str, str], message: str, server: Server
) -> None:
    make_hosted("fal")
    make_suite("suite")
    with pytest.raises(CommandError, match=message):
        run_hosted("fal", **options)
    assert (Run.objects.count(), server.faces["fal"].received) == (0, [])


@pytest.mark.django_db
def test_a_cap_below_the_whole_run_is_told_before_anything_is_paid(server: Server) -> None:
    make_hosted("fal")
    make_suite("suite", prompts=2)
    said = run_hosted("fal", max_usd="1", max_usd_per_contender="0.9", dry_run=True).splitlines()
    assert said[-2:] == [
        "The run is estimated at $1.40; clips beyond its cap of $1.00 are left out.",
        "fal is estimated at $1.40; clips beyond its cap of $0.90 are left out.",
    ]


@pytest.mark.django_db
def test_a_setting_caps_runs_as_the_option_does(server: Server, settings: Settings) -> None:
    settings.MAX_USD_PER_RUN, settings.MAX_USD_PER_DAY = Decimal("0.2"), Decimal("0.6")
    make_hosted("fal")
    make_suite("suite")
    with pytest.raises(CommandError, match=r"the cap of \$0\.20 for the run"):
        run_hosted("fal")
    with pytest.raises(CommandError, match=r"the cap of \$0\.60 for today"):
        run_hosted("fal", max_usd="9")


@pytest.mark.slow
@pytest.mark.django_db
def test_an_old_price_is_told_with_its_date_and_refused_under_a_cap(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = prices.estimate
    monkeypatch.setattr(
        hosted, "estimate", lambda *a, today, **k: real(*a, today=today + timedelta(days=365), **k)
    )
    make_hosted("fal")
    make_suite("suite")
    told = "fal: The price of happyhorse-1.0 was last checked on 2026-11-22,"
    assert told in run_hosted("fal", dry_run=True)
    with pytest.raises(CommandError, match=r"last checked on 2026-11-22, .+ --accept-stale-prices"):
        run_hosted("fal", max_usd="5")
    assert "1 done" in run_hosted("fal", max_usd="5", accept_stale_prices=True)


@pytest.mark.slow
@pytest.mark.django_db
def test_a_missing_price_is_refused_under_a_cap(server: Server) -> None:
    make_hosted("kling")
    make_suite("suite")
    with pytest.raises(CommandError, match=r"The price of kling-3\.0 at std is unknown"):
        run_hosted("kling", max_usd="5")
    assert "1 done" in run_hosted("kling")


@pytest.mark.django_db
def test_a_refused_submission_gives_its_money_back(server: Server) -> None:
    make_hosted("fal")
    make_suite("suite", prompts=2)
    server.faces["fal"].fault = Fault.REFUSED_AT_SUBMISSION
    with pytest.raises(CommandError, match="could not be made"):
        run_hosted("fal", max_usd="0.8")
    assert Job.objects.filter(state="blocked").count() == 2
    assert spent(Submission.objects.all()) == 0


@pytest.mark.slow
@pytest.mark.django_db
def test_the_price_that_a_provider_states_is_what_was_spent(server: Server) -> None:
    make_hosted("runway")
    make_suite("suite")
    run_hosted("runway")
    submission = Submission.objects.get()
    assert submission.cost_usd is not None
    assert float(submission.cost_usd) == Job.objects.get().clip.provenance["cost_usd"]
