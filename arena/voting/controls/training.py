"""Training pairs: a clip beside its degraded twin, before all other pairs, with the answer told after it."""

from __future__ import annotations

from collections import Counter
from random import Random

from arena.voting.controls.drawing import beside_twin
from arena.voting.controls.twins import ShownTwin, shown_twins
from arena.voting.models import Ballot, Control
from arena.voting.pairing.drawing import Pairing
from arena.voting.pairing.seen import Outlook
from arena.voting.terms import Terms
from arena.voting.voids import MOST_TRIES


def draw_training(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw the rater's next training pair; None if their training is over, or they have begun to judge.

    A pair that was voided, skipped or left comes back after the others, on sides drawn anew. One that failed
    `MOST_TRIES` times is replaced by another; where there is none, the rater goes on without it.
    """
    asked, history = Terms.of(outlook.study.terms).training, outlook.history
    if not asked or history.ordinary or history.controls or history.trained >= asked:
        return None
    shown = {twin.key: twin for twin in shown_twins(outlook.study)}
    waiting = [shown[key] for key in _to_show_again(outlook) if key in shown]
    met = {row.twin for row in history.training}
    new = [twin for key, twin in shown.items() if key not in met]
    if new and history.trained + len(waiting) < asked:
        known = [shown[key] for key in met if key in shown]
        waiting = _of_rarest_kind(new, known)
    elif waiting:
        waiting = waiting[:1]
    if not waiting:
        return None
    return beside_twin(random.choice(waiting), 1 / len(waiting), Control.TRAINING, random)


def _to_show_again(outlook: Outlook) -> list[int | None]:
    """Return the twins that were shown without an answer and may be shown again, the longest ago first."""
    rows = sorted(outlook.history.training, key=lambda row: row.issued_at, reverse=True)
    tries = Counter(row.twin for row in rows)
    answered = {row.twin for row in rows if row.state == Ballot.State.VOTED}
    latest_first = dict.fromkeys(row.twin for row in rows)
    return [key for key in reversed(latest_first) if key not in answered and tries[key] < MOST_TRIES]


def _of_rarest_kind(new: list[ShownTwin], known: list[ShownTwin]) -> list[ShownTwin]:
    """Return the new twins whose kind the rater has met least often, so that kinds take turns."""
    met = Counter(twin.degradation for twin in known)
    least = min(met[twin.degradation] for twin in new)
    return [twin for twin in new if met[twin.degradation] == least]
