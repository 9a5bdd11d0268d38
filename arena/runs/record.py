"""Record of one job at a provider in the database: states, submissions and money, each stored at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial, wraps
from math import inf
from time import monotonic, time
from typing import Concatenate, ParamSpec, TypeVar

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from arena.runs.budget import NoSlot, reserve, to_usd
from arena.runs.claims import move_job
from arena.runs.models import Job, Submission
from arena.runs.outlasting import outlast
from arena.runs.pausing import announce_slot, count_freed, passing, pause, wait_for_slot
from arena.runs.submissions import live_submission
from arena.runs.turns import short_transaction
from generators.adapters.errors import UnknownOutcome
from generators.priced import Estimate
from generators.records import Entry, Step

SLOT_POLL_S = 2.0
"""Seconds between looks for a slot that another process may have freed."""
LISTED = timedelta(days=2)
"""Age of submissions whose ids may be in a provider's list of the last day."""
STATES: dict[Step, Job.State] = {
    "unknown": Job.State.UNKNOWN,
    "queued": Job.State.QUEUED,
    "running": Job.State.RUNNING,
    "succeeded": Job.State.RUNNING,  # there is something left to do here
}

P = ParamSpec("P")
R = TypeVar("R")


def _briefly(
    method: Callable[Concatenate[JobRecord, P], R],
) -> Callable[Concatenate[JobRecord, P], R]:
    """Outlast the database's server, and give the connection back to its pool after a step.

    A job waits for minutes, and others need the connection.
    """

    @wraps(method)
    @outlast
    def step(self: JobRecord, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        finally:
            _let_go()

    return step


def _let_go() -> None:
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()


class ClipReady(Exception):
    """The provider has made the clip, and another worker fetches it."""


@dataclass(frozen=True)
class Turns:
    """How the jobs of one account take turns at its provider."""

    slots: int
    """Most jobs that the account may have there."""
    patience_s: float | None = None
    """Longest wait for a slot; None waits as long as it takes."""
    hands_over: bool = False
    """Whether the clip is fetched by another worker, so that this one can wait for the next job."""


class JobRecord:
    """Record of a job that this process claimed, as `generators.records.Record` has it."""

    def __init__(self, job: Job, estimate: Estimate, *, provider: str, turns: Turns) -> None:
        """Store the job, what its clip is expected to cost, and how it takes its turn."""
        self._job = job
        self._estimate = estimate
        self._provider = provider
        self._turns = turns
        self._live: Submission | None = None
        self._begun = ""

    @_briefly
    def read(self) -> Entry | None:
        """Return the submission that may still bring the clip, or None."""
        found = self._live = live_submission(self._job)
        if found is None:
            return None
        return Entry(
            found.provider, found.model, found.handle, found.submitted_at.timestamp(), found.request_id
        )

    @_briefly
    def begin(self, entry: Entry) -> Entry:
        """Wait for a slot, then store the submission and its estimate.

        Raises:
            CapReached: the clip would exceed a cap.
            NoSlot: no slot was free for as long as this may wait.
            Stopped: the run was stopped while this waited.
        """
        patience_s = self._turns.patience_s
        deadline = inf if patience_s is None else monotonic() + patience_s
        with passing(self._provider, patience_s) as may_look:
            while may_look:
                pause(0)  # a stopped run submits nothing more
                seen = count_freed(self._provider)
                entry = replace(entry, submitted_at=time())
                try:
                    self._live = self._reserve(entry)
                except NoSlot:
                    _let_go()
                    wait_for_slot(self._provider, seen, SLOT_POLL_S)
                    may_look = monotonic() < deadline
                else:
                    return entry
        raise NoSlot

    @_briefly
    def accept(self, entry: Entry) -> None:
        """Store the id of the provider's job.

        Raises:
            UnknownOutcome: another job has this id.
        """
        if entry.is_delivered or self._live is None:
            return  # the job's own state says so once its clip is stored
        self._live.request_id = entry.request_id
        try:
            with short_transaction():
                self._live.save(update_fields=["request_id"])
                move_job(job=self._job, state=Job.State.QUEUED, submission=self._live)
        except IntegrityError as error:
            raise UnknownOutcome(
                f"{entry.request_id} must be the id of one job; another job has it. Look for this one at "
                f"{entry.provider}: {self.advice()}"
            ) from error

    def note(self, step: Step, cost_usd: float | None = None) -> None:
        """Store how far the job is; the cost is settled when the provider has finished.

        Raises:
            ClipReady: the clip is made, and another worker fetches it.
        """
        live = self._live
        was_made = live is None or live.outcome == Submission.Outcome.MADE
        if step == "succeeded" or self._job.state != STATES[step]:  # polls find the same state many times
            self._store(step, cost_usd)
        if step == "succeeded" and self._turns.hands_over and not was_made:
            raise ClipReady

    @_briefly
    def remove(self) -> None:
        """Close the submission: one that created no job costs nothing, any other what was reserved."""
        live = self._live
        if live is None:
            return
        with short_transaction():
            if live.request_id is None:
                _settle(live, Submission.Outcome.VOID, 0.0)
                move_job(job=self._job, state=Job.State.PLANNED, submission=live)
            else:
                _settle(live, Submission.Outcome.ENDED, None)
        self._live = None

    @_briefly
    def known_ids(self) -> set[str]:
        """Return the ids of the provider's recent jobs on record."""
        recent = Submission.objects.filter(
            provider=self._provider, submitted_at__gte=timezone.now() - LISTED, request_id__isnull=False
        )
        return {str(each) for each in recent.values_list("request_id", flat=True)}

    def advice(self) -> str:
        """Name the command that settles a job of unknown outcome."""
        return (
            f"manage.py resolve_job {self._job.pk} --request-id ID takes it up, and "
            f"manage.py resolve_job {self._job.pk} --failed says that there is none."
        )

    @_briefly
    def _store(self, step: Step, cost_usd: float | None) -> None:
        live = self._live
        if live is None:
            return
        with short_transaction():
            if step == "succeeded":
                _settle(live, Submission.Outcome.MADE, cost_usd)
            move_job(job=self._job, state=STATES[step], submission=live)
        if step == "succeeded":
            live.outcome = Submission.Outcome.MADE

    def _reserve(self, entry: Entry) -> Submission:
        if self._begun == entry.handle and (stored := live_submission(self._job)) is not None:
            return stored  # the database's server ended while it committed this
        self._begun = entry.handle
        slots = self._turns.slots
        return reserve(job=self._job, entry=entry, estimate=self._estimate, slots=slots)


def _settle(live: Submission, outcome: Submission.Outcome, cost_usd: float | None) -> None:
    """Close a submission with its cost: the stated one, else the one known already, else the estimate.

    Its outcome changes in memory only after the commit, as the step is repeated if that fails.
    """
    if live.outcome == outcome:
        return
    if cost_usd is not None:
        live.cost_usd = to_usd(cost_usd)
    elif live.cost_usd is None:
        live.cost_usd = live.reserved_usd
    Submission.objects.filter(pk=live.pk).update(outcome=outcome, cost_usd=live.cost_usd)
    transaction.on_commit(partial(announce_slot, live.provider))
