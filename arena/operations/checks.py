"""Checks of the parts that a site stands on: database, storage and broker, and the age of the queue."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from celery import current_app
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from arena.runs.models import Job
from arena.runs.tasks import LEAST_FREE_BYTES

BROKER_TIMEOUT_S = 2

log = logging.getLogger(__name__)


class PartDown(RuntimeError):
    """Part that answers and can't do its work."""


class Health(NamedTuple):
    """State of a site."""

    parts: dict[str, bool]
    """Whether each part works, by name."""
    queue_age_s: float | None
    """Age of the oldest job that waits for a worker; None without such a job, or without a database."""

    @property
    def is_well(self) -> bool:
        """Whether every part works, and no job has waited too long."""
        limit_s = settings.HEALTH_QUEUE_AGE_S
        is_late = bool(limit_s) and (self.queue_age_s or 0) > limit_s
        return all(self.parts.values()) and not is_late


def check_health() -> Health:
    """Check every part; the log says why one is down."""
    parts = {name: _works(name, check) for name, check in CHECKS.items()}
    return Health(parts, queue_age_s() if parts["database"] else None)


def queue_age_s() -> float | None:
    """Return the time in seconds since the oldest job without a worker was due; None without one.

    Jobs of paused runs wait for a person, and count as little as those that failed.
    """
    due: datetime | None = (
        Job.objects.filter(state=Job.State.PLANNED, claimed_by="", error_kind="", due_at__lte=timezone.now())
        .exclude(paid_by__is_paused=True)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    return None if due is None else (timezone.now() - due).total_seconds()


def _works(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # drivers of databases, stores and brokers have no common error
        log.error("health: the %s is down: %s: %s", name, type(error).__name__, error)
        return False
    return True


def _check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_storage() -> None:
    if settings.S3_BUCKET:
        storages["originals"].exists("health")
        return
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < LEAST_FREE_BYTES:
        raise PartDown(f"{free} bytes are free in {settings.DATA_DIR}")


def _check_broker() -> None:
    if settings.CELERY_TASK_ALWAYS_EAGER:
        return
    with current_app.connection_for_read(connect_timeout=BROKER_TIMEOUT_S) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_S)


CHECKS: dict[str, Callable[[], None]] = {
    "database": _check_database,
    "storage": _check_storage,
    "broker": _check_broker,
}
