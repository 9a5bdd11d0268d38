"""Models of `arena.runs` under the address that scripts from before the rename import."""

from __future__ import annotations

from arena.runs.models import Clip, Job, Rendition, Run

__all__ = ["Clip", "Job", "Rendition", "Run"]
