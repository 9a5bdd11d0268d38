"""Tell the contenders whose clips are made by a provider, job by job, on our record."""

from __future__ import annotations

import json
from functools import cache

from arena.catalog.models import Contender
from arena.runs.models import Run
from generators import registry
from generators.base import Generator
from generators.priced import Priced, Recorded

_known: dict[tuple[str, str], Generator] = {}


def find_priced(contender: Contender) -> Priced | None:
    """Return a contender's generator if its clips are paid for, or None; its jobs report a broken one."""
    generator = _kept(contender) if is_hosted(contender) else _create(contender)
    return generator if isinstance(generator, Priced) else None


def find_hosted(contender: Contender) -> Recorded | None:
    """Return a contender's generator if its jobs at a provider go by our record, or None."""
    generator = find_priced(contender) if is_hosted(contender) else None
    return generator if isinstance(generator, Recorded) else None


def is_hosted(contender: Contender) -> bool:
    """Whether a contender's jobs at a provider go by our record."""
    return _is_recorded(contender.generator)


def accounts_concurrency(run: Run) -> int:
    """Return the number of jobs at providers side by side that a run's accounts may have."""
    hosted = [find_hosted(contender) for contender in run.contenders.all()]
    accounts = {each.provider_name: each.concurrency for each in hosted if each is not None}
    return max(1, sum(accounts.values()))


def _create(contender: Contender) -> Generator | None:
    try:
        return registry.create(contender.generator, contender.settings)
    except (ImportError, LookupError, ValueError):
        return None


def _kept(contender: Contender) -> Generator | None:
    """Return the generator that an earlier job of the contender had: thousands of jobs share it."""
    key = (contender.generator, json.dumps(contender.settings, sort_keys=True))
    if key not in _known:
        created = _create(contender)
        if created is None:
            return None
        _known[key] = created
    return _known[key]


@cache
def _is_recorded(generator: str) -> bool:
    try:
        return registry.has_method(generator, "generate_on_record")
    except (ImportError, LookupError, ValueError):
        return False
