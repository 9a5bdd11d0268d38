"""Tracks as choices of a database column."""

from __future__ import annotations

from generators.base import Track

TRACK_CHOICES = [(track.value, track.label) for track in Track]
