"""Celery's beat: which tasks it sends, and how often."""

from __future__ import annotations

BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "requeue-abandoned": {
        "task": "production.requeue_abandoned",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "reconcile": {"task": "production.reconcile", "schedule": 300.0, "options": {"expires": 300.0}},
    "send-webhooks": {
        "task": "webhooks.send_due",
        "schedule": 5.0,
        "options": {"expires": 5.0, "queue": "api"},
    },
}
"""Tasks by name. A message that no worker took by the next one expires, so that none pile up."""
