"""When raters may learn who made the clips that they voted on, and when a study's numbers are public."""

from __future__ import annotations

from arena.voting.ballots import has_finished
from arena.voting.models import Rater, Study
from arena.voting.terms import Terms


def names_are_told(study: Study, rater: Rater) -> bool:
    """Return whether a rater may learn the names on the ballots that they voted on."""
    reveal = Terms.of(study.terms).reveal
    if reveal == "vote" or not study.is_open:
        return True
    return reveal == "last" and has_finished(study, rater)


def numbers_are_public(study: Study) -> bool:
    """Return whether a study's boards and votes may be shown now."""
    return Terms.of(study.terms).public_board or not study.is_open
