"""Ask a contender's generator for a clip, in a process of its own or, by setting, in this one."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection

from arena.runs.hosting import find_hosted
from arena.runs.models import Job
from arena.runs.pausing import pause
from arena.runs.record import JobRecord
from generators import registry
from generators.answers import Order, make
from generators.base import Request
from generators.isolated import Workshop
from generators.priced import Recorded
from generators.results import CheckedClip, check_result

workshop = Workshop()


def generate(job: Job, request: Request, out_dir: Path) -> CheckedClip:
    """Make the job's clip. A provider's generator, which only sends and waits, works in this process.

    Raises:
        GenerationError: the generator made no clip, ended its process, or took longer than `JOB_TIMEOUT_S`.
        SettingsError: the contender's settings no longer fit its generator.
        DiskFull: there is no space for the clip.
        Stopped: `workshop.stop` or `pausing.halt` was called meanwhile.
        CapReached: the clip would exceed a cap on the run's cost.
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
    estimate, slots = hosted.estimate(request), hosted.concurrency
    record = JobRecord(job, estimate, provider=hosted.provider_name, slots=slots)
    return check_result(hosted.generate_on_record(request, out_dir, record, pause))
