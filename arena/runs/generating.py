"""Ask a contender's generator for a clip, in a process of its own or, by setting, in this one."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection

from arena.runs.hosting import find_hosted
from arena.runs.models import Job
from arena.runs.pausing import pause
from arena.runs.record import JobRecord, Turns
from generators import registry
from generators.answers import Order, make
from generators.base import Request
from generators.isolated import Workshop
from generators.priced import Recorded
from generators.results import CheckedClip, check_result

SLOT_PATIENCE_S = 10.0
"""Wait of a worker for a slot; then the job goes to the end of its queue, and another begins."""

workshop = Workshop()


def generate(job: Job, request: Request, out_dir: Path) -> CheckedClip:
    """Make the job's clip. A provider's generator, which only sends and waits, works in this process.

    Raises:
        GenerationError: the generator made no clip, ended its process, or took longer than `JOB_TIMEOUT_S`.
        SettingsError: the contender's settings no longer fit its generator.
        DiskFull: there is no space for the clip.
        Stopped: `workshop.stop` or `pausing.halt` was called meanwhile.
        CapReached: the clip would exceed a cap on the run's cost.
        NoSlot: with a broker, no slot was free at the provider for some seconds.
        ClipReady: with a broker, the provider has made the clip; a worker for media fetches it.
    """
    if (hosted := find_hosted(job.contender)) is not None:
        return _generate_on_record(hosted, job, request, out_dir)
    if not connection.in_atomic_block:
        connection.close()  # other processes need it while this one waits for a model
    return fulfil(Order(job.contender.generator, job.contender.settings, request, out_dir))


def fulfil(order: Order) -> CheckedClip:
    """Make the clip of an order. Raise the errors of `generate` other than those of a provider."""
    if settings.GENERATORS_IN_PROCESS:
        return make(order, registry.create)
    return workshop.make(order, limit_s=settings.JOB_TIMEOUT_S)


def _generate_on_record(hosted: Recorded, job: Job, request: Request, out_dir: Path) -> CheckedClip:
    hosted.require_ready()
    with_broker = not settings.CELERY_TASK_ALWAYS_EAGER
    turns = Turns(
        slots=hosted.concurrency,
        patience_s=SLOT_PATIENCE_S if with_broker else None,
        hands_over=with_broker,
    )
    record = JobRecord(job, hosted.estimate(request), provider=hosted.provider_name, turns=turns)
    return check_result(hosted.generate_on_record(request, out_dir, record, pause))
