"""Find the submissions of a job."""

from __future__ import annotations

from arena.runs.models import Job, Submission


def live_submission(job: Job) -> Submission | None:
    """Return the submission of a job that may still bring a clip, or None."""
    return job.submissions.filter(outcome__in=Submission.LIVE).first()
