"""Ask a contender's generator for a clip, in a process of its own or, by setting, in this one."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection

from arena.runs.models import Job
from generators import registry
from generators.answers import Order, make
from generators.base import Request
from generators.isolated import Workshop
from generators.results import CheckedClip

workshop = Workshop()


def generate(job: Job, request: Request, out_dir: Path) -> CheckedClip:
    """Make the job's clip.

    Raises:
        GenerationError: the generator made no clip, ended its process, or took longer than `JOB_TIMEOUT_S`.
        SettingsError: the contender's settings no longer fit its generator.
        DiskFull: there is no space for the clip.
        Stopped: `workshop.stop` was called meanwhile.
    """
    if not connection.in_atomic_block:
        connection.close()  # other processes need it while this one waits for a model
    order = Order(job.contender.generator, job.contender.settings, request, out_dir)
    if settings.GENERATORS_IN_PROCESS:
        return make(order, registry.create)
    return workshop.make(order, limit_s=settings.JOB_TIMEOUT_S)
