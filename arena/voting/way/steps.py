"""Steps before a study's first pair: which its terms ask for, and which a rater has taken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from django.db import IntegrityError, transaction

from arena.voting.models import Ballot, Rater, Study
from arena.voting.terms import Terms
from arena.voting.way.models import Step
from generators.base import Track


class Wanted(NamedTuple):
    """Step that a study asks for, with the hash of the text that is agreed to."""

    name: str
    text_hash: str = ""


WORK = Wanted(Step.Name.WORK)


def wanted_steps(study: Study) -> list[Wanted]:
    """Return the steps that the study's terms ask for, in their order; none without terms."""
    if not study.terms:
        return []
    terms = Terms.of(study.terms)
    steps = []
    if terms.consent:
        steps.append(Wanted(Step.Name.CONSENT, hash_of(terms.consent)))
    elif terms.instructions:
        steps.append(Wanted(Step.Name.INSTRUCTIONS))
    if terms.work_bits:
        steps.append(WORK)
    if terms.sound_check != "off" and any(Track(track).with_sound for track in study.tracks):
        steps.append(Wanted(Step.Name.CHECK))
    return steps


def next_step(study: Study, rater: Rater | None) -> Wanted | None:
    """Return the first step that the rater has still to take; None if there is none.

    A consent counts for the text that was agreed to: another text is asked for again. Work guards the making
    of raters, so it is not asked of those who voted before the study's terms had it.
    """
    steps = wanted_steps(study)
    if not steps or rater is None or rater._state.adding:
        return steps[0] if steps else None
    done = Step.objects.filter(study=study, rater=rater, is_done=True)
    taken = {Wanted(name, text_hash) for name, text_hash in done.values_list("name", "text_hash")}
    left = [step for step in steps if step not in taken]
    if WORK in left and Ballot.objects.filter(study=study, rater=rater, state=Ballot.State.VOTED).exists():
        left.remove(WORK)
    return left[0] if left else None


def take_step(
    *,
    study: Study,
    rater: Rater,
    step: Wanted,
    is_done: bool = True,
    details: Mapping[str, object] | None = None,
) -> None:
    """Record a step; one that is done already stays as it is."""
    row = Step(study=study, rater=rater, is_done=is_done, details=dict(details or {}), **step._asdict())
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # sent twice
        if not is_done or not Step.objects.filter(study=study, rater=rater, is_done=True, name=step.name):
            raise


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
