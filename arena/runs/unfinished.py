"""Say which jobs of a run brought no clip, and why: refusals, failures, and what waits for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from arena.runs.kinds import CAP
from arena.runs.models import Job, Run

MOST_PROMPTS = 10


def describe_refusals(run: Run) -> Iterator[str]:
    """Return a line for each contender that moderation refused clips of, with how many and whose prompts."""
    totals: dict[str, int] = defaultdict(int)
    refused: dict[str, list[str]] = defaultdict(list)
    jobs = run.jobs.exclude(state=Job.State.RETIRED).order_by("pk")
    for slug, state, key in jobs.values_list("contender__slug", "state", "prompt__key"):
        totals[slug] += 1
        if state == Job.State.BLOCKED:
            refused[slug].append(key)
    for slug, keys in sorted(refused.items()):
        shown = ", ".join(dict.fromkeys(keys[:MOST_PROMPTS]))
        more = f" and {len(keys) - MOST_PROMPTS} more" if len(keys) > MOST_PROMPTS else ""
        yield (
            f"{slug}: moderation refused {len(keys)} of {totals[slug]} clips (prompts {shown}{more}); "
            "other contenders keep theirs"
        )


def describe_failures(run: Run) -> str:
    """Return a line for each job that ended without a clip, under a heading that says how to try again."""
    lines = _lines(run, [*Job.WITHOUT_CLIP])
    heading = "These clips could not be made (--retry-failed tries again):"
    return "\n".join([heading, *lines]) if lines else ""


def describe_held(run: Run) -> str:
    """Return what waits for a person: submissions of unknown outcome, and clips that a cap left out."""
    lost = _lines(run, [Job.State.UNKNOWN])
    capped = run.jobs.filter(state=Job.State.PLANNED, error_kind=CAP).order_by("pk")
    reasons = list(capped.values_list("error_message", flat=True))
    parts = []
    if lost:
        parts += ["The outcome of these submissions is unknown:", *lost]
    if reasons:
        parts.append(f"{len(reasons)} clips were not submitted, as a cap does not allow them. {reasons[0]}")
    return "\n".join(parts)


def _lines(run: Run, states: list[Job.State]) -> list[str]:
    found = run.jobs.filter(state__in=states).select_related("contender", "prompt")
    return [
        f"{job.contender}, prompt {job.prompt.key}, seed {job.seed}: {job.error_kind}: {job.error_message}"
        for job in found
    ]
