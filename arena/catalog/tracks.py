"""Tracks as choices of a database column."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from generators.base import Track

TRACK_CHOICES = [(track.value, track.label) for track in Track]

LABELS = (
    gettext_noop("text to video"),
    gettext_noop("image to video"),
    gettext_noop("text to video with sound"),
    gettext_noop("image to video with sound"),
)
"""Labels of all tracks, named here for translators: `generators` knows no Django."""
