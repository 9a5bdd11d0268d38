"""When plans are made anew: after so many votes, in the background."""

from __future__ import annotations

import logging
from functools import partial
from threading import Thread

from django.conf import settings
from django.db import connections, transaction

from arena.voting.models import Study
from arena.voting.pairing.goals import UNIFORM
from arena.voting.pairing.plans import make_plan
from arena.voting.tasks import plan_pairs

logger = logging.getLogger(__name__)
LEAST_STEP = 50
"""Votes between two plans, while a study has few."""
SHARE = 5
"""Votes between two plans are 1 / SHARE of the power of ten below the study's number of votes."""


def plan_when_due(*, study: Study, entries: int) -> None:
    """Have a new plan made once the transaction of a vote is committed, if the study is due for one.

    Args:
        study: the study that was voted in.
        entries: the number of entries of its ledger.
    """
    if study.pairing != UNIFORM and is_due(entries):
        transaction.on_commit(partial(_request, study.pk))


def is_due(entries: int) -> bool:
    """Return whether a study whose ledger has this many entries gets a new plan."""
    step = max(LEAST_STEP, int(10 ** (len(str(entries)) - 1)) // SHARE)
    return entries % step == 0


def _request(study: int) -> None:
    """Have a worker make the plan; without a broker, a thread of this process does."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        Thread(target=_in_thread, args=[study], daemon=True).start()
    else:
        plan_pairs.delay(study)


def _in_thread(study: int) -> None:
    try:
        make_plan(Study.objects.get(pk=study))
    except Exception:
        logger.exception("No new plan for study %s; the last one stays in use.", study)
    finally:
        connections.close_all()
