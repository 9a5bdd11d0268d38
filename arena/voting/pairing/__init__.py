"""Which pairs raters see: a study's pool of units, plans for its goal, and the draw with its probability."""

from __future__ import annotations

from arena.voting.pairing.units import Unit, has_pair, study_jobs

__all__ = ["Unit", "has_pair", "study_jobs"]
