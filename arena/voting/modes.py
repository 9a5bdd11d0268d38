"""Modes of judging: with picture and sound, muted, or by sound alone, each on ballots of its own.

A rater votes once on a clip at most, so in one mode; the mode of each ballot is drawn. Votes of the modes are
counted apart: the board of a track has those with picture and sound, and a slice each of the others.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_noop

from generators.base import Track


class Mode(models.TextChoices):
    """What of a pair is judged."""

    BOTH = "both", "Picture and sound"
    MUTED = "muted", "Muted"
    SOUND = "sound", "Sound only"


INSTRUCTIONS = {
    Mode.BOTH: "",
    Mode.MUTED: gettext_noop("Judge the picture only: this pair plays without sound."),
    Mode.SOUND: gettext_noop("Judge the sound only: this pair shows no picture."),
}
"""Line of the page that says what to judge."""


def modes_on(track: str, modes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modes in which clips of a track are judged; silent ones have one alone."""
    return modes if Track(track).with_sound else (Mode.BOTH,)


def sheet_name(track: str, mode: str) -> str:
    """Return the name of the tally sheets of a track and mode: the track's own for picture and sound."""
    return track if mode in ("", Mode.BOTH) else f"{track}/{mode}"
