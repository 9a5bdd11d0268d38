"""Progress of a rater in a study, and the time that the study takes."""

from __future__ import annotations

import math
from typing import NamedTuple

from django.utils.translation import gettext

from arena.voting.models import Ballot, Control, Rater, Study
from arena.voting.pairing.drawing import outlook_of
from arena.voting.pairing.seen import Outlook
from arena.voting.terms import Terms
from generators.base import Track

DECIDING_S = 8
"""Assumed seconds for reading a prompt and deciding, for the front page's estimate."""


class Progress(NamedTuple):
    """Number of votes that a rater gave in a study, and that number with the votes still to give.

    Training pairs have numbers of their own.
    """

    votes: int
    total: int
    trained: int = 0
    """Number of training pairs that the rater has answered."""
    training: int = 0
    """Number of training pairs that the study asks for."""

    def place(self, shown: Ballot) -> str:
        """Return the place of an open pair among the pairs of its kind, in the visitor's language.

        A training pair keeps it until the next one is open.
        """
        if shown.control != Control.TRAINING:
            return gettext("%(number)s of %(total)s") % {"number": self.number, "total": self.total}
        number = self.trained + (shown.state != Ballot.State.VOTED)
        return gettext("Training %(number)s of %(total)s") % {"number": number, "total": self.training}

    @property
    def number(self) -> int:
        """Number of the open pair, from 1 on."""
        return self.votes + 1

    @property
    def left(self) -> int:
        """Number of votes still to give."""
        return self.total - self.votes


class Effort(NamedTuple):
    """Sound and seconds that one pair needs."""

    with_sound: bool
    pair_s: int

    def minutes(self, pairs: int) -> int:
        """Return the minutes that this many pairs take, at least one."""
        return max(1, math.ceil(pairs * self.pair_s / 60))


def rater_progress(*, study: Study, rater: Rater | None) -> Progress:
    """Return the progress of a rater; None stands for a new one."""
    return progress_of(outlook_of(study, rater or Rater()))


def progress_of(outlook: Outlook) -> Progress:
    """Return a rater's progress as of their outlook.

    The total holds as many control pairs as the study's terms let expect, so that it does not change with
    one of them and give it away.
    """
    terms, history = Terms.of(outlook.study.terms), outlook.history
    opened = history.opened is not None and history.opened not in {row.key for row in history.training}
    controls = {
        row.key for row in history.controls if row.state == Ballot.State.VOTED or row.key == history.opened
    }
    ordinary = history.votes + opened - len(controls) + outlook.votes_left
    total = max(history.votes + opened, round(ordinary / (1 - terms.controls)))
    if terms.quota:
        total = max(history.votes, min(total, terms.quota))
    return Progress(history.votes, total, history.trained, terms.training)


def effort_of(outlook: Outlook) -> Effort:
    """Estimate a pair's time from the mean length of the clips, twice that where they are heard in turn."""
    with_sound = any(Track(track).with_sound for track in outlook.study.tracks)
    length_s = outlook.pool.duration_s
    watching_s = 2 * length_s if with_sound else length_s
    return Effort(with_sound, math.ceil(watching_s + DECIDING_S))
