"""Background work of webhooks; beat asks for it every few seconds."""

from __future__ import annotations

from celery import shared_task

from arena.webhooks.sending import send_due

LIMIT_S = 300
"""Seconds after which a round is ended: a receiver that sends its answer byte by byte can't hold a worker."""


@shared_task(name="webhooks.send_due", ignore_result=True, soft_time_limit=LIMIT_S, time_limit=LIMIT_S + 30)
def send_due_webhooks() -> None:
    """Send the messages that are due."""
    send_due()
