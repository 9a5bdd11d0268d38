"""Outlast a database server that restarts: repeat a step until the server answers again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from itertools import chain, repeat
from time import monotonic
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from arena.runs.pausing import pause
from generators.full_disk import is_disk_full

LONGEST_S = 300.0
"""Time after which a server that does not answer counts as gone."""
WAITS_S = (0.2, 0.5, 1.0, 2.0)
"""Waits before each repetition; the last one again and again."""

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger(__name__)


def outlast(step: Callable[P, R]) -> Callable[P, R]:
    """Repeat a step while the database's server is away, for `LONGEST_S` at most.

    A server that ends while it commits may have stored the step nevertheless. So a step must do no harm when
    it is repeated.
    """

    @wraps(step)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        deadline = monotonic() + LONGEST_S
        waits = chain(WAITS_S, repeat(WAITS_S[-1]))
        while True:
            try:
                return step(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if not is_away(error) or monotonic() >= deadline:
                    raise
                log.warning("the database does not answer: %s", str(error).strip())
            connection.close()
            pause(next(waits))

    return call


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database's server does not answer; SQLite has no server."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return False
    return isinstance(error, OperationalError | InterfaceError) and not is_disk_full(error)
