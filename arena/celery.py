"""Celery application. Without a broker, tasks run in the process that sends them."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")

app = Celery("paddock")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["arena.runs", "arena.voting"])
app.set_default()  # for every thread, not only the one that imports this first
