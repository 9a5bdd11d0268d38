"""Refusals of odd values in a study's fields."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError

from generators.base import Track


def refuse_odd_line(text: str) -> None:
    """Raise ValidationError unless the text is one line of printable characters, not all blank."""
    if not text.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise ValidationError("must be one line of printable characters")


def refuse_odd_tracks(tracks: object) -> None:
    """Raise ValidationError unless the value is a list of one known track or more."""
    if not isinstance(tracks, list) or not tracks or not all(track in tuple(Track) for track in tracks):
        raise ValidationError("must be a list of tracks")
