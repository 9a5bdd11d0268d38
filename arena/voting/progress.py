"""Progress of a rater in a study, and the time that the study takes."""

from __future__ import annotations

import math
from typing import NamedTuple

from django.db.models import Avg, Count, Q
from django.utils import timezone

from arena.voting.models import Ballot, Rater, Study
from arena.voting.pairing import study_jobs, votes_left
from generators.base import Track

DECIDING_S = 8
"""Assumed seconds for reading a prompt and deciding, for the front page's estimate."""


class Progress(NamedTuple):
    """Number of votes that a rater gave in a study, and that number with the votes still to give."""

    votes: int
    total: int

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
    left = votes_left(study=study, rater=rater)
    if rater is None:
        return Progress(0, left)
    now = timezone.now()
    counts = Ballot.objects.filter(study=study, rater=rater).aggregate(
        voted=Count("pk", filter=Q(state=Ballot.State.VOTED)),
        opened=Count("pk", filter=Q(state=Ballot.State.OPEN, expires_at__gt=now)),
    )
    return Progress(counts["voted"], counts["voted"] + counts["opened"] + left)


def study_effort(study: Study) -> Effort:
    """Estimate a pair's time from the mean length of the clips, twice that where they are heard in turn."""
    with_sound = any(Track(track).with_sound for track in study.tracks)
    found = study_jobs(study).aggregate(length_s=Avg("clip__rendition__duration_s"))
    length_s = found["length_s"] or 0.0
    watching_s = 2 * length_s if with_sound else length_s
    return Effort(with_sound, math.ceil(watching_s + DECIDING_S))
