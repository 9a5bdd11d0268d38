"""Models of `arena.runs`, under their earlier address for scripts that still import it."""

from __future__ import annotations

from arena.runs.models import Clip, Job, Rendition, Run

__all__ = ["Clip", "Job", "Rendition", "Run"]
