"""Closed sets of values on ballots and votes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_noop


class Outcome(models.TextChoices):
    """Answer to a ballot."""

    A = "a", gettext_noop("A is better")
    TIE = "tie", gettext_noop("Tie")
    BOTH_BAD = "both_bad", gettext_noop("Both bad")
    B = "b", gettext_noop("B is better")


class VoidReason(models.TextChoices):
    """What spoiled a pair's playback, with the sentence that the page says."""

    STALL = (
        "stall",
        gettext_noop("Playback stopped for some seconds before you had seen both clips to the end."),
    )
    HIDDEN = "hidden", gettext_noop("The tab was in the background while the clips were playing.")
    RATE = "rate", gettext_noop("The clips did not play at their normal speed.")
    FILE = "file", gettext_noop("One of the clips is damaged on our side.")


class Control(models.TextChoices):
    """What a control pair shows. Ordinary pairs are none."""

    GOLD = "gold"
    """Clip beside its degraded twin: the clip is better."""
    IDENTICAL = "identical"
    """Clip beside itself: neither is better."""
    REPEAT = "repeat"
    """Pair that the rater has judged, on swapped sides: the answer should be the same."""
    TRAINING = "training"
    """As gold, before the rater's other pairs; the answer is told and counts nowhere."""
