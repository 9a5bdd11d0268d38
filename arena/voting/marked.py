"""Clips with a provider's mark in a corner, which would tell raters who made them."""

from __future__ import annotations

from arena.runs.remarks import RemarkKind
from arena.voting.models import Study
from arena.voting.pairing import study_jobs

MOST_CLIPS = 10


class MarkedClips(ValueError):
    """Clips of a study with a mark; the message names them."""


def find_marked(study: Study) -> list[str]:
    """Return the study's clips that have a mark, such as "fal, prompt p0, seed 0, in the …"."""
    fields = ("contender__slug", "prompt__key", "seed", "clip__remarks")
    jobs = study_jobs(study).exclude(clip__remarks=[]).order_by("contender__slug", "prompt__position", "seed")
    return [
        f"{slug}, prompt {key}, seed {seed}, {text}"
        for slug, key, seed, remarks in jobs.values_list(*fields)
        for kind, text in remarks
        if kind == RemarkKind.MARK
    ]


def refuse_marked(study: Study) -> None:
    """Raise MarkedClips if a clip of the study has a mark in a corner."""
    marked = find_marked(study)
    if marked:
        more = f"; and {len(marked) - MOST_CLIPS} more" if len(marked) > MOST_CLIPS else ""
        raise MarkedClips(
            "Clips must have no mark in a corner, since it tells raters who made them; got "
            f"{len(marked)} with one ({'; '.join(marked[:MOST_CLIPS])}{more}). Leave them out, "
            "or show them all the same: --allow-marked"
        )
