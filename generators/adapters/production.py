"""Make one clip at a provider: submit at most once, wait, download; resume where an earlier process ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from generators.adapters.download import Downloaded
from generators.adapters.environment import Patience
from generators.adapters.errors import (
    BrokenDownload,
    JobGone,
    JobOverdue,
    KeyRefused,
    LinkExpired,
    RateLimited,
    ServerFault,
    UnknownOutcome,
)
from generators.adapters.fitting import Ask
from generators.adapters.jobs import HostedJobs
from generators.adapters.measuring import Measured
from generators.adapters.provider import Report
from generators.base import GenerationError, InvalidInput, QuotaExceeded, TransientError
from generators.records import Entry, Record

SUBMISSIONS = 4
"""Most create calls for one clip, each after the one before certainly created nothing."""
FETCHES = 3
LISTED_S = 20 * 3600.0
"""Age up to which a lost submission can be looked up; providers list the last day."""
SETTLING_S = (2.0, 5.0, 15.0)
"""Waits before each look for a lost submission: lists lag behind."""


@dataclass(frozen=True)
class Clock:
    """Time, as it passes or as a test lets it pass."""

    now: Callable[[], float] = time.time
    """Seconds since 1970."""
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Outcome:
    """A clip that was made, and what is recorded of its job."""

    request_id: str
    report: Report
    downloaded: Downloaded
    measured: Measured
    response: dict[str, object]
    times_s: dict[str, float] = field(default_factory=dict)


class Production:
    """The way of one clip through a provider."""

    def __init__(self, jobs: HostedJobs, ask: Ask, record: Record, patience: Patience, clock: Clock) -> None:
        """Store what is to be made, and where its job is recorded."""
        self._jobs = jobs
        self._ask = ask
        self._record = record
        self._patience = patience
        self._clock = clock
        self._times: dict[str, float] = {}

    def make(self, path: Path) -> Outcome:
        """Write the clip to `path`, by the job that an earlier attempt submitted if there is one.

        Raises:
            UnknownOutcome: A submission was lost and cannot be looked up.
            JobOverdue: The job was not finished before the deadline.
            GenerationError: The provider refused or failed, or its clip cannot be fetched.
        """
        entry = self._record.read()
        if entry is not None and entry.is_delivered:
            with suppress(JobGone, LinkExpired):
                return self._finish(entry, path)
            entry = None
        if entry is not None and entry.request_id is None:
            entry = self._reconcile(entry)
        return self._finish(entry or self._submit(), path)

    def _finish(self, entry: Entry, path: Path) -> Outcome:
        """Wait for a job and download its clip."""
        report = self._wait(entry)
        began = self._clock.now()
        downloaded, measured = self._fetch(entry, report, path)
        self._times["download"] = round(self._clock.now() - began, 3)
        self._record.accept(entry.delivered())
        return Outcome(
            request_id=str(entry.request_id),
            report=report,
            downloaded=downloaded,
            measured=measured,
            response=dict(self._jobs.last_body),
            times_s=self._times,
        )

    def _submit(self) -> Entry:
        """Create the job; repeat the call only after it certainly created none."""
        for attempt in range(SUBMISSIONS):
            try:
                return self._submit_once()
            except (RateLimited, ServerFault) as error:
                pause_s = getattr(error, "retry_after_s", None) or self._patience.poll_s * 2**attempt
                if attempt == SUBMISSIONS - 1 or pause_s > self._patience.deadline_s:
                    raise
                self._clock.sleep(pause_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _submit_once(self) -> Entry:
        """Send the create call, recorded before and after; raise only if it certainly created no job."""
        began = self._clock.now()
        entry = self._record.begin(Entry(self._jobs.provider.name, self._ask.model.id, uuid4().hex, began))
        began = entry.submitted_at
        try:
            accepted = entry.accepted(self._jobs.submit(self._ask, entry.handle))
        except GenerationError as error:
            if getattr(error, "may_be_accepted", False) and (found := self._reconcile(entry, error)):
                return found
            self._record.remove()
            raise
        self._record.accept(accepted)
        self._times["submit"] = round(self._clock.now() - began, 3)
        return accepted

    def _reconcile(self, entry: Entry, cause: GenerationError | None = None) -> Entry | None:
        """Return the entry with the id of its job, or None if there certainly is no job.

        Raises:
            UnknownOutcome: The provider cannot be asked, or several jobs may be it.
        """
        self._record.note("unknown")
        for wait_s in SETTLING_S:
            found = self._look_up(entry, cause)
            if len(found) > 1:
                raise self._unknown(f"{len(found)} jobs there may be it: {', '.join(sorted(found))}", cause)
            if found:
                accepted = entry.accepted(found.pop())
                self._record.accept(accepted)
                return accepted
            self._clock.sleep(wait_s)
        self._record.remove()
        return None

    def _look_up(self, entry: Entry, cause: GenerationError | None) -> set[str]:
        if self._clock.now() - entry.submitted_at > LISTED_S:
            raise self._unknown("the submission is too old to be listed", cause)
        try:
            found = self._jobs.find(self._ask, entry.handle, entry.submitted_at)
        except GenerationError as error:
            raise self._unknown(f"its jobs cannot be listed ({error})", cause) from error
        if found is None:
            raise self._unknown("it has no list of jobs", cause)
        return set(found).difference(self._record.known_ids())

    def _unknown(self, reason: str, cause: GenerationError | None) -> UnknownOutcome:
        title = self._jobs.provider.title
        lost = f" ({cause})" if cause else ""
        return UnknownOutcome(
            f"{title} may have accepted this job{lost}, and {reason}. Look for it at {title}: "
            f"{self._record.advice()}"
        )

    def _wait(self, entry: Entry) -> Report:
        """Poll until the job has succeeded; forget a job that ended without a clip."""
        deadline = entry.submitted_at + self._patience.deadline_s
        last = "it was not polled"
        while True:
            pause_s = self._patience.poll_s
            try:
                report = self._poll(entry)
                last = f"its last state was {report.status!r}"
            except TransientError as error:
                report, last = None, str(error)
                pause_s = max(pause_s, getattr(error, "retry_after_s", None) or 0.0)
            if report is not None and self._is_done(entry, report):
                return report
            if self._clock.now() >= deadline:
                raise self._overdue(entry, last)
            self._clock.sleep(pause_s)

    def _poll(self, entry: Entry) -> Report:
        try:
            return self._jobs.poll(self._ask, str(entry.request_id))
        except (TransientError, KeyRefused, QuotaExceeded, InvalidInput):
            raise  # none of these says that the job is over
        except GenerationError:
            self._record.remove()
            raise

    def _is_done(self, entry: Entry, report: Report) -> bool:
        """Note how long the job waited and ran; raise if it ended without a clip."""
        waited_s = round(self._clock.now() - entry.submitted_at, 3)
        if report.state != "ended":
            self._record.note(report.state, report.cost_usd)
        else:
            self._record.remove()
            raise report.error or JobGone(f"{self._jobs.provider.title} ended the job: {report.status}.")
        if report.state == "running":
            self._times.setdefault("queue", waited_s)
        if report.state == "succeeded":
            self._times.setdefault("run", round(waited_s - self._times.get("queue", 0.0), 3))
        return report.state == "succeeded"

    def _overdue(self, entry: Entry, last: str) -> JobOverdue:
        """Cancel the job, and forget it only if that worked: one that goes on may still bring a paid clip."""
        is_cancelled = self._cancel(str(entry.request_id))
        if is_cancelled:
            self._record.remove()
        done = "It was cancelled." if is_cancelled else "It goes on there; another attempt resumes it."
        return JobOverdue(
            f"{self._jobs.provider.title} must finish a job within {self._patience.deadline_s:g} s; "
            f"{entry.request_id} did not, and {last}. {done}",
            is_cancelled=is_cancelled,
        )

    def _cancel(self, request_id: str) -> bool:
        """Ask the provider to cancel the job; return whether the job has ended by that."""
        try:
            return (
                self._jobs.cancel(self._ask, request_id)
                and self._jobs.poll(self._ask, request_id).state == "ended"
            )
        except JobGone:
            return True
        except GenerationError:
            return False

    def _fetch(self, entry: Entry, report: Report, path: Path) -> tuple[Downloaded, Measured]:
        """Download the clip; an expired link and a broken file are asked for again, without a new job."""
        for attempt in range(FETCHES):
            try:
                return self._jobs.fetch(report, path)
            except (LinkExpired, BrokenDownload, ServerFault) as error:
                is_expired = isinstance(error, LinkExpired)
                if is_expired and self._has_outlived_links(entry):
                    self._record.remove()
                    raise LinkExpired(self._describe_links(entry)) from error
                if attempt == FETCHES - 1:
                    if is_expired:
                        self._record.remove()
                    raise
                self._clock.sleep(self._patience.poll_s)
                report = self._wait(entry) if is_expired else report
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _has_outlived_links(self, entry: Entry) -> bool:
        """Whether no link to the job's clip can be alive, by the model's row; False where that is unknown."""
        lifetime_h = self._ask.model.link_lifetime_h
        if lifetime_h is None:
            return False
        oldest_s = self._patience.deadline_s + 3600 * lifetime_h
        return self._clock.now() - entry.submitted_at > oldest_s

    def _describe_links(self, entry: Entry) -> str:
        title, lifetime_h = self._jobs.provider.title, self._ask.model.link_lifetime_h
        age_h = (self._clock.now() - entry.submitted_at) / 3600
        return (
            f"{title} keeps the link to a clip for {lifetime_h:g} h; "
            f"{entry.request_id} was submitted {age_h:.0f} h ago. Only a new job can bring the clip."
        )


def as_stored(outcome: Outcome) -> dict[str, object]:
    """Return what is recorded of an outcome, JSON-ready."""
    return {
        "response": outcome.response,
        "times_s": outcome.times_s,
        "measured": asdict(outcome.measured),
        "content_type": outcome.downloaded.content_type,
    }
