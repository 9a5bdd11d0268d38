"""Numbers of a run, contender by contender: what is made, what it cost and how long the rest will take."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from arena.runs.models import Job, JobEvent, Run

LATEST = 20
"""Jobs from whose pace the time left is estimated."""


@dataclass(frozen=True)
class ContenderNumbers:
    """How far a contender's jobs are in one run."""

    contender: str
    """Slug of the contender."""
    total: int
    done: int
    failed: int
    """Number of jobs that failed, expired or were cancelled."""
    blocked: int
    """Number of jobs that moderation refused."""
    unknown: int
    """Number of submissions of unknown outcome."""
    spent_usd: Decimal
    """Cost of the contender's submissions in the run; estimates where the cost is not known yet."""
    left_s: float | None
    """Seconds until its other jobs have ended, by the pace of the latest; None before there is one."""

    @property
    def left(self) -> int:
        """Number of jobs that have not ended."""
        return self.total - self.done - self.failed - self.blocked


def number_run(run: Run) -> list[ContenderNumbers]:
    """Return the numbers of a run for each of its contenders, in alphabetical order."""
    states: dict[str, Counter[str]] = defaultdict(Counter)
    by_state = run.jobs.order_by().values_list("contender__slug", "state").annotate(n=Count("id"))
    for slug, state, count in by_state:
        states[slug][state] = count
    cost = Sum(Coalesce("cost_usd", "reserved_usd"))
    spent = dict(run.submissions.order_by().values_list("job__contender__slug").annotate(usd=cost))
    return [_number(run, slug, states[slug], spent.get(slug, Decimal(0))) for slug in sorted(states)]


def describe_numbers(numbers: Sequence[ContenderNumbers]) -> Iterator[str]:
    """Return a table of the numbers, as the terminal prints it."""
    width = max([len("contender"), *(len(row.contender) for row in numbers)])
    yield f"{'contender':<{width}}   done  failed  blocked  open      USD  time left"
    for row in numbers:
        yield (
            f"{row.contender:<{width}}  {row.done:>5}  {row.failed:>6}  {row.blocked:>7}  {row.left:>4}  "
            f"{row.spent_usd:>7.2f}  {describe_left(row):>9}"
        )


def describe_left(row: ContenderNumbers) -> str:
    """Return the time left as hours, minutes and seconds, "-" if there is nothing left, "?" if unknown."""
    if row.left == 0:
        return "-"
    if row.left_s is None:
        return "?"
    minutes, seconds = divmod(round(row.left_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def _number(run: Run, slug: str, states: Counter[str], spent: Decimal) -> ContenderNumbers:
    failed = states[Job.State.FAILED] + states[Job.State.EXPIRED] + states[Job.State.CANCELLED]
    open_jobs = sum(states[state] for state in Job.OPEN)
    return ContenderNumbers(
        contender=slug,
        total=states.total() - states[Job.State.RETIRED],
        done=states[Job.State.SUCCEEDED],
        failed=failed,
        blocked=states[Job.State.BLOCKED],
        unknown=states[Job.State.UNKNOWN],
        spent_usd=spent,
        left_s=_time_left(run, slug, open_jobs) if open_jobs else 0.0,
    )


def _time_left(run: Run, slug: str, open_jobs: int) -> float | None:
    """Return the seconds that jobs will take if they end at the pace of the latest, n - 1 gaps of n ends."""
    ended = JobEvent.objects.filter(
        job__runs=run, job__contender__slug=slug, state__in=[Job.State.SUCCEEDED, *Job.WITHOUT_CLIP]
    )
    ends: list[datetime] = list(ended.order_by("-pk").values_list("at", flat=True)[:LATEST])
    if len(ends) < 2:
        return None
    return (ends[0] - ends[-1]).total_seconds() / (len(ends) - 1) * open_jobs
