"""Background work of voting. Without a broker it runs in the process that sends it."""

from __future__ import annotations

from celery import shared_task

from arena.voting.models import Study
from arena.voting.pairing.plans import make_plan


@shared_task
def plan_pairs(study: int) -> None:
    """Make a plan of a study's pairs from its votes so far."""
    make_plan(Study.objects.get(pk=study))
