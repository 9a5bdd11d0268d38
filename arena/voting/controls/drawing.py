"""Draws of control pairs, among the ordinary ones and as blind as they are.

Whether a ballot is a control is drawn before any pair is, and depends on no pair. So the propensity of an
ordinary pair is its probability among the ordinary pairs, whatever the shares of controls.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from arena.voting.controls.models import Twin
from arena.voting.controls.twins import ShownTwin, shown_twins
from arena.voting.models import Ballot, Control
from arena.voting.pairing.drawing import Pairing, draw_from, find_shown
from arena.voting.pairing.kept import PoolChanged
from arena.voting.pairing.models import PoolUnit
from arena.voting.pairing.seen import Outlook, Row
from arena.voting.terms import Terms

REPEAT_AFTER = 5
"""Number of other ballots after which a pair may be repeated."""


def draw_control(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw whether the next pair is a control, and which; None for an ordinary pair.

    It costs four queries at most. There is no control once the rater's ordinary pairs are over, and none of a
    kind of which nothing is left for the rater.
    """
    terms = Terms.of(outlook.study.terms)
    if not terms.controls:
        return None
    place = random.random()
    if place >= terms.controls or outlook.votes_left <= 0:
        return None
    if place < terms.gold:
        return _gold(outlook, random)
    if place < terms.gold + terms.identical:
        return _identical(outlook, random)
    return _repeated(outlook, random)


def _gold(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw one of the twins that the rater has not met."""
    history = outlook.history
    met = {row.twin for row in (*history.controls, *history.training)}
    drawable = [twin for twin in shown_twins(outlook.study) if twin.key not in met]
    return beside_twin(random.choice(drawable), 1 / len(drawable), Control.GOLD, random) if drawable else None


def beside_twin(drawn: ShownTwin, probability: float, control: Control, random: Random) -> Pairing:
    """Pair a drawn twin with its clip; draw its side, and one of the modes in which it is noticed."""
    twin = Twin.objects.select_related("rendition__clip__job__prompt").get(pk=drawn.key)
    job = twin.rendition.clip.job
    unit = PoolUnit(prompt=job.prompt, seed=job.seed, settings_hash=job.settings_hash, track=job.track)
    chance = probability / len(drawn.modes) / 2
    pairing = Pairing(unit, twin.rendition, twin.rendition, chance, mode=random.choice(drawn.modes))
    return replace(pairing, control=control, twin=twin.pk, twin_side=random.choice(Ballot.Order.values))


def _identical(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw a pair as usual, and show one of its clips on both sides."""
    drawn = draw_from(outlook, random)
    if drawn is None:
        return None
    clip = random.choice([drawn.rendition_a, drawn.rendition_b])
    return replace(drawn, rendition_a=clip, rendition_b=clip, control=Control.IDENTICAL)


def _repeated(outlook: Outlook, random: Random) -> Pairing | None:
    """Draw one of the pairs that the rater has judged some time ago and only once, and swap its sides."""
    repeatable = _repeatable(outlook)
    if not repeatable:
        return None
    row = random.choice(repeatable)
    first = Ballot.objects.select_related("prompt").get(pk=row.key)
    try:
        a, b = find_shown(outlook.study, (first.rendition_b_id, first.rendition_a_id))
    except PoolChanged:
        return None
    unit = PoolUnit(prompt=first.prompt, track=first.track)
    pairing = Pairing(unit, a, b, 1 / len(repeatable), mode=first.mode)
    return replace(pairing, control=Control.REPEAT)


def _repeatable(outlook: Outlook) -> list[Row]:
    history = outlook.history
    repeated = {row.pair for row in history.controls if row.control == Control.REPEAT}
    latest = sorted(row.issued_at for row in (*history.ordinary, *history.controls))
    if len(latest) <= REPEAT_AFTER:
        return []
    before = latest[-REPEAT_AFTER]
    voted = (row for row in history.ordinary if row.state == Ballot.State.VOTED and row.pair not in repeated)
    return sorted((row for row in voted if row.issued_at < before), key=lambda row: row.issued_at)
