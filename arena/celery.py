"""Celery application. Without a broker, tasks run in the process that sends them."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")

app = Celery("paddock")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["arena.runs", "arena.voting", "arena.webhooks"])
app.set_default()  # for every thread, not only the one that imports this first


@celeryd_init.connect
@beat_init.connect
def report_errors(**_: object) -> None:
    """Report errors of a worker or of beat to Sentry, where the settings say so."""
    from arena.operations.reporting import start_reporting

    start_reporting()
