"""Queues of a broker, and the one that each job belongs to."""

from __future__ import annotations

from typing import Any

from celery import current_app

from arena.runs.hosting import is_hosted
from arena.runs.models import Job, Submission
from arena.runs.submissions import live_submission
from generators import registry

API = "api"
"""Jobs that are submitted to a provider and waited for: many at once, and almost no work."""
GPU = "gpu"
"""Clips that a model on this machine makes: as many at once as there are accelerators."""
MEDIA = "media"
"""Clips that only have to be fetched, drawn, encoded and stored: as many at once as there are cores."""
QUEUES = (API, GPU, MEDIA)


def choose_queue(job: Job) -> str:
    """Return the queue of a job's next step."""
    if not is_hosted(job.contender):
        return MEDIA if _is_light(job.contender.generator) else GPU
    live = live_submission(job)
    return API if live is None or live.outcome == Submission.Outcome.OPEN else MEDIA


def is_empty(queue: str) -> bool:
    """Whether a queue has no message that waits for a worker.

    Raises:
        kombu.exceptions.OperationalError: the broker does not answer.
    """
    with current_app.connection_for_read() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
        channel: Any = broker.default_channel  # its stubs lack the method
        try:
            return not channel.queue_declare(queue, passive=True).message_count
        except broker.channel_errors:  # it was never used, or Redis removed it with its last message
            return True


def _is_light(generator: str) -> bool:
    """Whether a generator runs no model; one that can't be loaded fails in any queue."""
    try:
        return registry.is_light(generator)
    except (ImportError, LookupError, ValueError):
        return True
