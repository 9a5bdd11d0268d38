"""Answers that a ballot takes: the main one, and those to optional questions about aspects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.translation import gettext_noop

from arena.voting.models import Ballot
from arena.voting.modes import Mode
from arena.voting.refusals import UnknownAspect, UnknownOutcome
from arena.voting.rule_changes import terms_at
from generators.base import Track

ASPECT_ANSWERS = ("a", "same", "b")
ASPECT_WORDS = {
    "picture": gettext_noop("Picture"),
    "motion": gettext_noop("Motion"),
    "prompt": gettext_noop("Fits the prompt"),
    "sound": gettext_noop("Sound"),
    "sync": gettext_noop("Sound fits picture"),
}
NOT_JUDGED = {Mode.BOTH: (), Mode.MUTED: ("sound", "sync"), Mode.SOUND: ("picture", "motion", "sync")}
"""Aspects that a mode doesn't show."""


class Asked(NamedTuple):
    """Answers and aspects that a ballot's page offers."""

    answers: tuple[str, ...]
    aspects: tuple[str, ...]

    @property
    def aspect_words(self) -> dict[str, str]:
        """Words of each aspect for the page."""
        return {name: ASPECT_WORDS[name] for name in self.aspects}


def asked_by(ballot: Ballot) -> Asked:
    """Return what a ballot's page asks, under the rules that the ballot was issued under."""
    terms = terms_at(ballot.study, ballot.rules_version)
    left_out = NOT_JUDGED[Mode(ballot.mode) if Track(ballot.track).with_sound else Mode.MUTED]
    return Asked(terms.answers, tuple(name for name in terms.aspects if name not in left_out))


def refuse_other_answers(ballot: Ballot, outcome: str, aspects: Mapping[str, str]) -> None:
    """Raise UnknownOutcome or UnknownAspect for an answer that the ballot's page doesn't offer."""
    asked = asked_by(ballot)
    if outcome not in asked.answers:
        raise UnknownOutcome(asked.answers)
    for name, value in aspects.items():
        if name not in asked.aspects or value not in ASPECT_ANSWERS:
            raise UnknownAspect(asked.aspects)


def read_aspects(form: Mapping[str, str]) -> dict[str, str]:
    """Return the answers about aspects in a form, by name; those left out are not there."""
    prefix = "aspect_"
    return {name.removeprefix(prefix): form[name] for name in form if name.startswith(prefix) and form[name]}
