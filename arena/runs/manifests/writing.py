"""Write a run's manifest: one line of JSON about the run, then one for each job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from arena.catalog.hashing import canonical_json, content_hash, prompt_hash
from arena.catalog.models import Contender
from arena.runs.models import Clip, Job, Run, Submission
from arena.version import code_version
from generators.replacing import replacing

FORMAT = 1
"""Version of the manifest's fields."""
ELSEWHERE = frozenset(
    {"request", "settings", "sha256", "contender", "suite", "suite_version", "prompt_hash", "generator"}
)
"""Fields of a provenance that other fields of the manifest hold."""
CHUNK = 200


def write_manifest(run: Run, path: Path) -> int:
    """Write a run's manifest and return the number of its jobs. The file appears once it is whole."""
    lines = 0
    with replacing(path) as draft, draft.open("w", encoding="utf-8") as file:
        for line in manifest_lines(run):
            file.write(f"{line}\n")
            lines += 1
    return lines - 1


def manifest_lines(run: Run) -> Iterator[str]:
    """Yield the lines of a run's manifest; the same run and code give the same text."""
    keys = list(run.jobs.exclude(state=Job.State.RETIRED).order_by("pk").values_list("pk", flat=True))
    yield canonical_json(_describe_run(run, len(keys)))
    hashes = {each.pk: hash_contender(each.generator, each.settings) for each in run.contenders.all()}
    for start in range(0, len(keys), CHUNK):
        for job in _read_jobs(keys[start : start + CHUNK]):
            yield canonical_json(_describe_job(job, hashes[job.contender_id]))


def hash_contender(generator: str, settings: Mapping[str, Any]) -> str:
    """Return the hash of what decides a contender's clips: its generator and settings."""
    return content_hash([generator, settings])


def _read_jobs(keys: list[int]) -> list[Job]:
    found = Job.objects.filter(pk__in=keys).select_related("contender", "prompt", "clip__rendition")
    return list(found.prefetch_related("submissions", "events").order_by("pk"))


def _describe_run(run: Run, jobs: int) -> dict[str, object]:
    return {
        "paddock_manifest": FORMAT,
        "code": code_version(),
        "run": run.pk,
        "created_at": run.created_at.isoformat(),
        "suite": run.suite.name,
        "suite_version": run.suite.version,
        "suite_hash": run.suite.content_hash,
        "track": run.track,
        "settings": run.settings,
        "seeds": run.seeds,
        "tags": run.tags,
        "exclude_tags": run.exclude_tags,
        "contenders": {each.slug: _describe_contender(each) for each in run.contenders.all()},
        "jobs": jobs,
    }


def _describe_contender(contender: Contender) -> dict[str, object]:
    return {
        "name": contender.name,
        "maker": contender.maker,
        "generator": contender.generator,
        "settings": contender.settings,
        "settings_hash": hash_contender(contender.generator, contender.settings),
    }


def _describe_job(job: Job, contender_hash: str) -> dict[str, object]:
    clip = getattr(job, "clip", None)
    prompt = job.prompt
    return {
        "job": job.pk,
        "contender": job.contender.slug,
        "contender_hash": contender_hash,
        "prompt": prompt.key,
        "text": prompt.text,
        "reference_sha256": prompt.reference_sha256,
        "prompt_hash": prompt_hash(prompt.text, prompt.reference_sha256),
        "seed": job.seed,
        "state": job.state,
        "attempts": job.attempts,
        "error": {"kind": job.error_kind, "message": job.error_message} if job.error_kind else None,
        "clip": None if clip is None else _describe_clip(clip),
        "submissions": [_describe_submission(each) for each in job.submissions.all()],
        "log": [[each.at.isoformat(), each.state] for each in job.events.all()],
    }


def _describe_clip(clip: Clip) -> dict[str, object]:
    rendition = getattr(clip, "rendition", None)
    shown = rendition and {"sha256": rendition.sha256, "recipe": rendition.recipe}
    own = {name: value for name, value in clip.provenance.items() if name not in ELSEWHERE}
    return {
        "sha256": clip.sha256,
        "size_bytes": clip.size_bytes,
        "made_at": clip.created_at.isoformat(),
        "provenance": own,
        "remarks": clip.remarks,
        "rendition": shown,
    }


def _describe_submission(submission: Submission) -> dict[str, object]:
    cost = submission.cost_usd
    return {
        "request_id": submission.request_id,
        "submitted_at": submission.submitted_at.isoformat(),
        "outcome": submission.outcome,
        "reserved_usd": float(submission.reserved_usd),
        "cost_usd": None if cost is None else float(cost),
    }
