"""Form in which a clip is shown: the same for all clips of equal terms, its own under native terms."""

from __future__ import annotations

from dataclasses import replace

from arena.media.probe import Probe
from arena.media.profile import Profile
from arena.runs.clip_settings import LONGEST_S, ClipSettings


def profile_of(asked: ClipSettings, facts: Probe) -> Profile:
    """Return the profile in which a clip of these settings is shown.

    Args:
        asked: settings of its job.
        facts: result of `probe` for the clip.
    """
    if asked.is_native:
        return replace(Profile.following(facts, "native"), loudness_lufs=None)
    return Profile("ballot", width=asked.width, height=asked.height, fps=asked.fps)


def length_of(asked: ClipSettings, facts: Probe) -> float:
    """Return how long a clip is shown, in seconds: a native one up to its end, or to the longest allowed."""
    return min(facts.duration_s, LONGEST_S) if asked.is_native else asked.duration_s
