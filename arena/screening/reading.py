"""Evidence of a study, read from its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from arena.screening.controls import judge_controls
from arena.screening.evidence import Evidence, Place
from arena.voting.consistent import consistent_read
from arena.voting.ledger import control_votes, counting_votes, ordinary_votes
from arena.voting.models import Study
from arena.voting.origins import RaterOrigin


@consistent_read()
def read_evidence(study: Study) -> Evidence:
    """Read the votes of a study that count."""
    records = list(counting_votes(study))
    raters = _numbered([record["rater"] for record in records])
    sides = {side: [Place(each["track"], each[f"contender_{side}"]) for each in records] for side in "ab"}
    contenders = _numbered(sorted({*sides["a"], *sides["b"]}))
    return Evidence(
        ballots=[record["ballot"] for record in records],
        outcomes=[record["outcome"] for record in records],
        seconds=np.array([_seconds(record) for record in records]),
        raters=list(raters),
        rater=_codes([record["rater"] for record in records], raters),
        contenders=list(contenders),
        a=_codes(sides["a"], contenders),
        b=_codes(sides["b"], contenders),
        controls=judge_controls(control_votes(study), ordinary_votes(study)),
        origins=_origins(study),
    )


def _numbered(values: Sequence[Any]) -> dict[Any, int]:
    """Return the number of each distinct value, in the order in which they come."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def _codes(values: Sequence[Any], numbers: dict[Any, int]) -> np.ndarray:
    return np.array([numbers[value] for value in values], dtype=np.intp)


def _seconds(record: dict[str, Any]) -> float:
    issued_at, at = (datetime.fromisoformat(record[name]) for name in ("issued_at", "at"))
    return (at - issued_at).total_seconds()


def _origins(study: Study) -> dict[str, tuple[str, str]]:
    """Return the network and device of each rater of a study, as far as they are still kept."""
    rows = RaterOrigin.objects.filter(rater__ballots__study=study).distinct()
    return {
        str(rater): (network, device)
        for rater, network, device in rows.values_list("pk", "network", "device")
    }
