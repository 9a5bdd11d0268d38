"""Reserve money before each submission, under the caps of a run, its contenders and the day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from arena.runs.claims import move_job
from arena.runs.models import Job, Run, Submission
from arena.runs.turns import short_transaction
from generators.priced import Estimate
from generators.records import Entry

_LOCK = 7_205_901
"""Number of the advisory lock under which PostgreSQL reserves; any that nothing else uses will do."""


class CapReached(RuntimeError):
    """Cap that the next clip would exceed, or can't be held against a doubtful price."""


class NoSlot(RuntimeError):
    """Account that has as many jobs at its provider as it may."""


@dataclass(frozen=True)
class Cap:
    """Most US dollars that some submissions may cost, and what they cost so far."""

    usd: Decimal
    spent_usd: Decimal
    """Costs, and estimates of what is not known yet."""
    scope: str
    """What the cap is for, such as "the run"."""
    remedy: str

    def refuse(self, usd: Decimal, contender: str) -> None:
        """Raise CapReached if a clip's estimate is above what is left."""
        left = self.usd - self.spent_usd
        if usd > left:
            raise CapReached(
                f"{contender}: the next clip is estimated at ${usd:.2f}, and the cap of ${self.usd:.2f} for "
                f"{self.scope} leaves ${max(left, Decimal(0)):.2f}. {self.remedy}"
            )


@short_transaction()
def reserve(*, job: Job, entry: Entry, estimate: Estimate, slots: int) -> Submission:
    """Store a submission that is about to be sent, with its estimate, and return it.

    One transaction looks at all caps and adds the row, one process at a time: of any number side by side,
    none exceeds a cap.

    Args:
        job: the job, claimed by this process.
        entry: the submission.
        estimate: expected cost.
        slots: most jobs that the account may have at the provider.

    Raises:
        NoSlot: the account has so many jobs; try again later.
        CapReached: the clip would exceed a cap.
        ClaimLost: another process has the job now.
    """
    _lock()
    if count_at_provider(entry.provider) >= slots:
        raise NoSlot
    usd = to_usd(estimate.usd or 0.0)
    caps = list(find_caps(job.paid_by, job.contender_id, entry.submitted_at))
    if caps:
        refuse_doubtful(estimate, job.contender.slug, accepted=_accepts_doubtful(job.paid_by))
    for cap in caps:
        cap.refuse(usd, job.contender.slug)
    submission = Submission.objects.create(
        job=job,
        run=job.paid_by,
        provider=entry.provider,
        model=entry.model,
        handle=entry.handle,
        submitted_at=_time(entry.submitted_at),
        reserved_usd=usd,
    )
    move_job(job=job, state=Job.State.SUBMITTING, submission=submission)
    return submission


def find_caps(run: Run | None, contender_id: int, now: float | None = None) -> Iterator[Cap]:
    """Return the caps that hold for a contender's next submission in a run.

    Args:
        run: the run that pays; None for a job of none.
        contender_id: the contender.
        now: time of the submission, seconds since 1970; None for the present.
    """
    if run is not None and run.max_usd is not None:
        yield Cap(run.max_usd, spent(run.submissions.all()), "the run", "Raise --max-usd.")
    if run is not None and run.max_usd_per_contender is not None:
        own = run.submissions.filter(job__contender=contender_id)
        scope, remedy = "each contender of the run", "Raise --max-usd-per-contender."
        yield Cap(run.max_usd_per_contender, spent(own), scope, remedy)
    yield from find_day_cap(now)


def find_day_cap(now: float | None = None) -> Iterator[Cap]:
    """Return the cap of a day, by UTC, over all runs, if `MAX_USD_PER_DAY` sets one."""
    most: Decimal | None = settings.MAX_USD_PER_DAY
    if most is None:
        return
    midnight = (timezone.now() if now is None else _time(now)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    today = Submission.objects.filter(submitted_at__gte=midnight)
    yield Cap(most, spent(today), "today (UTC)", "Raise MAX_USD_PER_DAY, or wait.")


def spent(submissions: QuerySet[Submission]) -> Decimal:
    """Return what submissions cost in US dollars: the known costs, and the estimates of the others."""
    cost = Coalesce("cost_usd", "reserved_usd")
    return submissions.aggregate(usd=Sum(cost))["usd"] or Decimal(0)


def count_at_provider(provider: str) -> int:
    """Return the number of jobs that an account has at its provider and that a process waits for.

    Nobody ends the others, which a stopped run left: they must not hold up a new run for ever.
    """
    open_ones = Submission.objects.filter(provider=provider, outcome=Submission.Outcome.OPEN)
    waited_for = open_ones.filter(job__state__in=Job.OPEN).exclude(job__claimed_by="")
    return waited_for.exclude(job__state=Job.State.UNKNOWN).count()


def refuse_doubtful(estimate: Estimate, contender: str, *, accepted: bool) -> None:
    """Raise CapReached if a price is missing or old and that was not accepted."""
    if estimate.warning and not accepted:
        raise CapReached(
            f"{contender}: {estimate.warning} A cap can't be kept by it; --accept-stale-prices runs "
            "nevertheless."
        )


def to_usd(usd: float) -> Decimal:
    """Return an amount as it is stored, in millionths of a US dollar."""
    return Decimal(f"{usd:.6f}")


def _accepts_doubtful(run: Run | None) -> bool:
    return run is not None and run.accept_stale_prices


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.get_default_timezone())


def _lock() -> None:
    """Let one transaction at a time reserve. SQLite does so by itself: transactions take its lock at once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
