"""Pairs that are shown again, since their ballots were voided.

Such a pair was drawn once. It comes back on the same sides, with the same side heard first and in the same
mode, and keeps the propensity of that draw: each draw leads to at most one vote, and a void only delays it.
"""

from __future__ import annotations

from arena.voting.models import Ballot
from arena.voting.pairing.drawing import Pairing, find_shown
from arena.voting.pairing.kept import PoolChanged
from arena.voting.pairing.models import PoolUnit
from arena.voting.pairing.seen import Outlook, Waiting

LATER = 3
"""Number of other ballots after which a voided pair comes back."""


def pair_again(outlook: Outlook, *, at_once: bool = False) -> Pairing | None:
    """Return the pair that has waited longest, if it is its turn.

    Args:
        outlook: the study's pairs as the rater sees them.
        at_once: whether to return it however short it has waited, as when no other pair is left.
    """
    for waiting in outlook.history.waiting:
        if not at_once and waiting.since < LATER:
            return None
        if pairing := _repeated(outlook, waiting):
            return pairing
    return None


def _repeated(outlook: Outlook, waiting: Waiting) -> Pairing | None:
    """Return a voided ballot's pair; None if a clip of it is no longer shown, or its twin has retired."""
    units = PoolUnit.objects.select_related("prompt").filter(pool=outlook.pool, **waiting.unit._asdict())
    unit = units.first()
    if unit is None:
        return None
    first = Ballot.objects.select_related("twin").get(pk=waiting.key)
    if first.twin is not None and first.twin.retired_at is not None:
        return None
    try:
        a, b = find_shown(outlook.study, (first.rendition_a_id, first.rendition_b_id))
    except PoolChanged:
        return None
    control = (first.control, first.twin_id, first.twin_side)
    return Pairing(unit, a, b, first.propensity, first.order, first.mode, *control)
